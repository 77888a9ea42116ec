import DedupCore
import Fingerprint

/// The result of reading configuration files.
package struct ParsedConfiguration: Hashable, Sendable {
  /// The values of the files, with the defaults for keys that are not set or have a wrong value. Must not be run with
  /// while there are `errors`.
  package var configuration = Configuration()
  /// The errors, in the order of the file.
  package var errors: [Diagnostic] = []
  /// The settings that work but are probably not intended, in the order of the file.
  package var warnings: [Diagnostic] = []
  /// The position of the value of each key that is set, by id (`window.length`), and of each `site NAME`, `route NAME`
  /// and `rule NAME`. A key that is missing here has its default.
  package var origins: [String: SourcePosition] = [:]

  package init() {}
}

/// One file of the configuration.
package struct ConfigurationText: Hashable, Sendable {
  /// The name for the diagnostics; no file is opened.
  package var file: String
  package var bytes: [UInt8]

  package init(file: String, bytes: [UInt8]) {
    self.file = file
    self.bytes = bytes
  }
}

/// Reads `dedup.conf`.
package enum ConfigurationParser {
  package static func parse(_ bytes: [UInt8], file: String) -> ParsedConfiguration {
    parse([ConfigurationText(file: file, bytes: bytes)])
  }

  /// Reads the files in their order. Never fails and never stops early: all problems are in the result.
  ///
  /// A later file overrides an earlier one for the same key, site, route or rule; within one file a repetition is an
  /// error. The environment overrides all files.
  /// - Parameter environment: the variables by name; see `EnvironmentReader`.
  package static func parse(
    _ texts: [ConfigurationText], environment: [String: String] = [:]
  ) -> ParsedConfiguration {
    var builder = ConfigurationBuilder()
    var problems: [Diagnostic] = []
    for text in texts {
      let read = INIReader.read(text.bytes, file: text.file)
      problems += read.problems
      builder.beginFile()
      builder.add(orphans: read.orphans)
      for section in read.document.sections { builder.add(section) }
    }
    builder.add(EnvironmentReader(environment))
    var parsed = builder.finish()
    parsed.errors = (parsed.errors + problems).sorted()
    parsed.warnings.sort()
    return parsed
  }
}

extension ConfigurationParser {
  /// Returns true if a variable sets a key, or is a misspelled key.
  package static func hasKeys(in environment: [String: String]) -> Bool {
    let reader = EnvironmentReader(environment)
    return !reader.entries.isEmpty || !reader.problems.isEmpty
  }

  /// Returns the variables that have our prefix but name no key: those of another program, or a mistake.
  package static func strangers(in environment: [String: String]) -> [String] {
    EnvironmentReader(environment).strangers
  }
}

/// The builder of a configuration, which adds one section at a time.
private struct ConfigurationBuilder {
  private var parsed = ParsedConfiguration()
  /// The position of the first occurrence of each key, with a right value or a wrong one.
  private var seen: [String: SourcePosition] = [:]
  /// The number of suggestions left, the one costly step. A file with more unknown names than this is the wrong file.
  private var suggestionsLeft = 100
  /// The position of the first occurrence of each rule in the current file, by name; the same for sites and routes.
  private var rulePositions: [String: SourcePosition] = [:]
  private var sitePositions: [String: SourcePosition] = [:]
  private var routePositions: [String: SourcePosition] = [:]

  /// Prepares for the next file, in which keys and names may occur again.
  mutating func beginFile() {
    (seen, rulePositions, sitePositions, routePositions) = ([:], [:], [:], [:])
  }

  mutating func add(_ environment: EnvironmentReader) {
    parsed.errors += environment.problems
    for (key, entry) in environment.entries { set(key, to: entry) }
  }

  mutating func add(orphans: [INIEntry]) {
    for entry in orphans {
      let homes = sections(with: entry.key.text)
      let remedy = homes.isEmpty ? "begin with a line like [window]" : "put it below \(homes)"
      report(entry.key, "\"\(excerpt(entry.key.text))\" stands before the first section; \(remedy)")
    }
  }

  mutating func add(_ section: INISection) {
    if section.name.text == ConfigurationSchema.ruleSection { return addRule(section) }
    if section.name.text == ConfigurationSchema.siteSection { return addSite(section) }
    if section.name.text == ConfigurationSchema.routeSection { return addRoute(section) }
    guard let known = lookUp(section.name) else { return }
    if let argument = section.argument {
      report(argument, "[\(known.name)] takes no name; write [\(known.name)]")
    }
    for entry in section.entries { add(entry, in: known) }
  }

  mutating func finish() -> ParsedConfiguration {
    checkConsistency(of: &parsed)
    return parsed
  }
}

extension ConfigurationBuilder {
  /// Returns the section to check the keys against; for an unknown name, the section that was probably meant, or nil.
  private mutating func lookUp(_ name: Located) -> ConfigurationSection? {
    // Already reported as a section without a name.
    if name.text.isEmpty { return nil }
    if let section = ConfigurationSchema.section(name.text) { return section }
    let names =
      ConfigurationSchema.sections.map(\.name)
      + [ConfigurationSchema.routeSection, ConfigurationSchema.siteSection, ConfigurationSchema.ruleSection]
    let guess = suggestion(for: name.text, among: names)
    let remedy =
      guess.map { "did you mean \(heading(of: $0))?" } ?? "there are " + names.map(heading).joined(separator: ", ")
    report(name, "unknown section [\(excerpt(name.text))]; \(remedy)")
    return guess.flatMap(ConfigurationSchema.section)
  }

  private func heading(of section: String) -> String {
    switch section {
    case ConfigurationSchema.ruleSection: RuleSchema.heading
    case ConfigurationSchema.siteSection: SiteReader.heading
    case ConfigurationSchema.routeSection: RouteReader.heading
    default: "[\(section)]"
    }
  }

  private mutating func addSite(_ section: INISection) {
    let reader = SiteReader(section)
    parsed.errors += reader.problems
    if let name = section.argument {
      if sitePositions[name.text] != nil {
        return report(name, "[site \(excerpt(name.text))] stands twice; join the two sections")
      }
      sitePositions[name.text] = name.position
    }
    guard reader.problems.isEmpty else { return }
    parsed.origins["site \(reader.name)"] = section.name.position
    parsed.configuration.window.sites[reader.name] = reader.overrides == WindowOverrides() ? nil : reader.overrides
    parsed.configuration.sites.patterns[reader.name] = reader.patterns.isEmpty ? nil : reader.patterns
  }

  private mutating func addRoute(_ section: INISection) {
    if let name = section.argument {
      if routePositions[name.text] != nil {
        return report(name, "[route \(excerpt(name.text))] stands twice; join the two sections")
      }
      routePositions[name.text] = name.position
    }
    let reader = RouteReader(section)
    parsed.errors += reader.problems
    guard reader.problems.isEmpty else { return }
    let name = reader.route.name
    parsed.origins["route \(name)"] = section.name.position
    // A route of an earlier file keeps its place in the order.
    if let index = parsed.configuration.routes.firstIndex(where: { $0.name == name }) {
      parsed.configuration.routes[index] = reader.route
    } else if parsed.configuration.routes.count < RouteReader.mostRoutes {
      parsed.configuration.routes.append(reader.route)
    } else {
      report(section.name, "there are more than \(RouteReader.mostRoutes) routes; is it the right file?")
    }
  }

  private mutating func addRule(_ section: INISection) {
    if let name = section.argument, let first = rulePositions[name.text] {
      return report(
        name, "[rule \(excerpt(name.text))] stands twice, first in line \(first.line); give one another name")
    }
    if let name = section.argument { rulePositions[name.text] = name.position }
    if rulePositions.count == RuleSchema.mostRules + 1 {
      report(section.name, "there are more than \(RuleSchema.mostRules) rules; is it the right file?")
    }
    guard rulePositions.count <= RuleSchema.mostRules else { return }
    let reader = RuleReader(section, suggestionsLeft: suggestionsLeft)
    suggestionsLeft = reader.suggestionsLeft
    parsed.errors += reader.problems
    guard let rule = reader.rule else { return }
    parsed.origins["rule \(rule.name)"] = section.name.position
    parsed.configuration.window.rules[rule.name] = reader.overrides == WindowOverrides() ? nil : reader.overrides
    if rule.matchers.contains(where: { $0.field == .settingsModule }) {
      parsed.configuration.window.siteRules.insert(rule.name)
    } else {
      parsed.configuration.window.siteRules.remove(rule.name)
    }
    // A rule of an earlier file keeps its place in the order.
    if let index = parsed.configuration.rules.rules.firstIndex(where: { $0.name == rule.name }) {
      parsed.configuration.rules.rules[index] = rule
      return
    }
    warnIfUnreachable(rule, section)
    parsed.configuration.rules.rules.append(rule)
  }

  private mutating func warnIfUnreachable(_ rule: Rule, _ section: INISection) {
    let matchers = Set(rule.matchers)
    guard let name = section.argument,
      let earlier = parsed.configuration.rules.rules.first(where: { Set($0.matchers).isSubset(of: matchers) })
    else { return }
    parsed.warnings.append(
      Diagnostic(
        name.position,
        "[rule \(rule.name)] never applies: [rule \(earlier.name)] comes first and matches all it matches"))
  }

  private mutating func add(_ entry: INIEntry, in section: ConfigurationSection) {
    guard let key = section.key(entry.key.text) else { return reportUnknown(entry.key, in: section) }
    if let first = seen[key.id] {
      report(entry.key, "\(key.id) is set twice, first in line \(first.line); remove one of the two")
      return
    }
    seen[key.id] = entry.key.position
    set(key, to: entry)
  }

  private mutating func set(_ key: ConfigurationKey, to entry: INIEntry) {
    do throws(ValueProblem) {
      try key.assign(entry.value.text, to: &parsed.configuration)
      parsed.origins[key.id] = entry.value.position
    } catch {
      var position = entry.value.position
      position.column += error.offset
      let message = error.message(exampleOfKey: key.example)
      parsed.errors.append(Diagnostic(position, "\(key.id): \(message)"))
    }
    if !entry.isQuoted, hidesComment(entry.value.text) {
      parsed.warnings.append(
        Diagnostic(
          entry.value.position,
          "\(key.id): what looks like a comment is part of the value; "
            + "put the comment on a line of its own, or the value in double quotes"))
    }
  }

  private mutating func reportUnknown(_ key: Located, in section: ConfigurationSection) {
    let homes = sections(with: key.text)
    let remedy =
      if !homes.isEmpty {
        "put it below \(homes)"
      } else if let guess = suggestion(for: key.text, among: section.keys.map(\.name)) {
        "did you mean \(guess)?"
      } else if let (guess, home) = nearestElsewhere(to: key.text) {
        "did you mean \(guess) below [\(home)]?"
      } else {
        "there are " + section.keys.map(\.name).joined(separator: ", ")
      }
    report(key, "unknown key \"\(excerpt(key.text))\" in [\(section.name)]; \(remedy)")
  }

  /// Returns the sections that have a key of this name, e.g. `[store] or [control]`.
  private func sections(with key: String) -> String {
    ConfigurationSchema.sections.filter { $0.key(key) != nil }.map { "[\($0.name)]" }.joined(separator: " or ")
  }

  private mutating func suggestion(for word: String, among candidates: [String]) -> String? {
    guard suggestionsLeft > 0 else { return nil }
    suggestionsLeft -= 1
    return nearest(to: word, among: candidates)
  }

  private mutating func nearestElsewhere(to key: String) -> (key: String, section: String)? {
    let all = ConfigurationSchema.sections.flatMap(\.keys)
    guard let name = suggestion(for: key, among: all.map(\.name)), let home = all.first(where: { $0.name == name })
    else { return nil }
    return (name, home.section)
  }

  private mutating func report(_ what: Located, _ message: String) {
    parsed.errors.append(Diagnostic(what.position, message))
  }
}

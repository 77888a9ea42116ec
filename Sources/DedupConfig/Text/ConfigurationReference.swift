import DedupCore
import Fingerprint
import MailMessage

/// The configuration as text, generated from the schema.
package enum ConfigurationReference {
  /// Returns the commented `dedup.conf`. Essential keys are set to their default; the others are commented out as
  /// `#key =`, without a blank after the `#`, which distinguishes them from prose.
  package static func render() -> String {
    let standard = Configuration()
    var lines = opening.flatMap { comment($0) }
    for section in ConfigurationSchema.sections {
      lines += ["", ""] + comment(section.explanation) + ["[\(section.name)]"]
      for key in section.keys { lines += [""] + entry(key, standard) }
    }
    lines += routes + sites + rules
    return lines.joined(separator: "\n") + "\n"
  }

  /// Returns all keys with their values and nothing else: a file that reads back as `configuration`.
  package static func values(of configuration: Configuration) -> String {
    let sections = ConfigurationSchema.sections.map { section in
      let entries = section.keys.map { assignment($0, configuration) }
      return (["[\(section.name)]"] + entries).joined(separator: "\n") + "\n"
    }
    let named = routes(of: configuration) + sites(of: configuration) + rules(of: configuration)
    return (sections + named.map(\.text)).joined(separator: "\n")
  }

  /// Returns each `route NAME`, `site NAME` and `rule NAME` with its lines, joined by `; `.
  static func named(_ configuration: Configuration) -> [(name: String, text: String)] {
    (routes(of: configuration) + sites(of: configuration) + rules(of: configuration)).map { section in
      (section.name, section.text.split(separator: "\n").dropFirst().joined(separator: "; "))
    }
  }

  private static func routes(of configuration: Configuration) -> [(name: String, text: String)] {
    configuration.routes.map { ("route \($0.name)", RouteReader.text(of: $0)) }
  }

  private static func sites(of configuration: Configuration) -> [(name: String, text: String)] {
    Set(configuration.window.sites.keys).union(configuration.sites.patterns.keys).sorted().map {
      ("site \($0)", SiteReader.text(of: $0, in: configuration))
    }
  }

  private static func rules(of configuration: Configuration) -> [(name: String, text: String)] {
    configuration.rules.rules.map { rule in
      let overrides = configuration.window.rules[rule.name] ?? WindowOverrides()
      let lines = OverrideKey.ofRules.compactMap { $0.line(of: overrides) }
      return ("rule \(rule.name)", rule.configurationText + lines.map { $0 + "\n" }.joined())
    }
  }
}

extension ConfigurationReference {
  /// Returns the same text as `values(of:)`, with a comment above each key, route, site and rule that names its origin.
  package static func effective(_ parsed: ParsedConfiguration) -> String {
    values(of: parsed.configuration).split(separator: "\n", omittingEmptySubsequences: false)
      .reduce(into: (section: "", lines: [String]())) { state, line in
        if line.hasPrefix("[") {
          state.section = String(line.dropFirst().dropLast())
          let isNamed = state.section.contains(" ")
          if isNamed { state.lines.append("# \(origin(state.section, parsed))") }
        } else if let name = line.split(separator: " ").first,
          ConfigurationSchema.key("\(state.section).\(name)") != nil
        {
          state.lines.append("# \(origin("\(state.section).\(name)", parsed))")
        }
        state.lines.append(String(line))
      }.lines.joined(separator: "\n")
  }

  private static func origin(_ id: String, _ parsed: ParsedConfiguration) -> String {
    parsed.origins[id].map { $0.line > 0 ? "\($0.file):\($0.line)" : $0.file } ?? "default"
  }

  private static let opening = [
    """
    MailDedup stands between Django and the mail server. It forwards the first mail of each error, counts the others \
    and leaves all other mail as it is. These are its settings; maildedup --check-config tests them after a change, \
    dedupctl reload puts them in force.
    """,
    "",
    """
    Lines are [section], key = value, or a comment that starts with # or ;. A line #key = value shows a default. Paths \
    are relative to the folder of this file. Files conf.d/*.conf beside it are read after it, by name, then environment \
    variables such as MAILDEDUP_WINDOW_LENGTH; the last one wins. maildedup --print-config shows the result.
    """,
  ]

  private static var sites: [String] {
    ["", ""] + comment(SiteReader.explanation) + ["#"] + SiteReader.example.map { "#     " + $0 }
  }

  /// The section about routes, which have no defaults: an example and the keys, all of it commented.
  private static var routes: [String] {
    var lines = ["", ""] + comment(RouteReader.explanation) + ["#"] + RouteReader.example.map { "#     " + $0 }
    for (heading, keys) in [(RouteReader.matching, RouteKey.matchers), (RouteReader.acting, RouteKey.settings)] {
      lines += ["#"] + comment(heading)
      lines += keys.flatMap { comment("\($0.name): \($0.explanation) Example: \($0.example)", indent: "  ") }
    }
    return lines
  }

  /// The section about rules, which have no defaults: an example and the keys, all of it commented.
  private static var rules: [String] {
    var lines = ["", ""] + comment(RuleSchema.explanation) + ["#"]
    lines += RuleSchema.example.map { $0.isEmpty ? "#" : "#     " + $0 }
    lines += ["#"] + comment(RuleSchema.matching) + RuleSchema.matchers.flatMap(describe)
    return lines + ["#"] + comment(RuleSchema.acting) + RuleSchema.actions.flatMap(describe)
  }

  private static func describe(_ key: RuleKeyDescription) -> [String] {
    comment("\(key.name): \(key.explanation) Example: \(key.example)", indent: "  ")
  }

  private static func entry(_ key: ConfigurationKey, _ standard: Configuration) -> [String] {
    let line = assignment(key, standard)
    return comment(key.explanation) + facts(key, standard) + [key.isEssential ? line : "#" + line]
  }

  /// Returns `Duration in s, min, h or d; 0 to 30d. Default: 1h. Example: 15min`, on one line if it fits.
  private static func facts(_ key: ConfigurationKey, _ standard: Configuration) -> [String] {
    let value = key.text(of: standard)
    let facts = [
      key.syntax.prefix(1).uppercased() + key.syntax.dropFirst() + (key.range.map { "; \($0)" } ?? ""),
      "Default: \(value.isEmpty ? "empty" : value)",
      "Example: \(key.example)",
    ]
    let together = comment(facts.joined(separator: ". "), indent: "  ")
    return together.count == 1 ? together : facts.flatMap { comment($0, indent: "  ") }
  }

  static func assignment(_ key: ConfigurationKey, _ configuration: Configuration) -> String {
    let value = key.text(of: configuration)
    return value.isEmpty ? "\(key.name) =" : "\(key.name) = \(value)"
  }

  /// Returns comment lines of at most 80 characters.
  static func comment(_ text: String, indent: String = "") -> [String] {
    let start = "# " + indent
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      if !line.isEmpty, start.count + line.count + 1 + word.count > 80 {
        lines.append(start + line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return lines + [line.isEmpty ? "#" : start + line]
  }
}

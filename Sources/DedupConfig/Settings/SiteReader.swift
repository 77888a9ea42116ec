import DedupCore

/// Reads one `[site NAME]` section. Each problem is reported at its position.
struct SiteReader {
  /// The heading of the section in messages and in the reference.
  static let heading = "[site NAME]"
  static let explanation = """
    What holds for the errors of one site only: any key of [window] but doubts. While a site is new and others with the \
    same sender and recipients are known, [window] applies to it for an hour. NAME is the site as dedupctl list shows it, \
    without quotes. match makes one site of several machines, whose prefix of the Subject or, with an @, whose sender \
    differs: the errors of NAME, or of a prefix or sender that matches, share their windows then. In it * is any text, ? \
    one character. Sections look like this:
    """
  static let example = [
    "[site shop.settings.staging]", "length = 1d", "milestones =", "[site shop.settings]",
    "match = [web*], root@web*.example.org",
  ]

  let name: String
  private(set) var overrides = WindowOverrides()
  private(set) var patterns: [SitePattern] = []
  private(set) var problems: [Diagnostic] = []
  private var seen: [String: SourcePosition] = [:]

  init(_ section: INISection) {
    name = section.argument?.text ?? ""
    if let problem = Self.problem(ofName: name) {
      problems.append(Diagnostic(section.argument?.position ?? section.name.position, problem))
    }
    for entry in section.entries { read(entry) }
    if section.entries.isEmpty, !name.isEmpty {
      problems.append(
        Diagnostic(section.name.position, "[site \(excerpt(name))] says nothing; add a key of [window], or remove it"))
    }
  }

  /// Returns what is wrong with a name, or nil. A quote would be part of the name, and no site has such a name.
  private static func problem(ofName name: String) -> String? {
    if name.isEmpty { return "a site needs its name; write \(heading)" }
    guard name.hasPrefix("\"") || name.hasSuffix("\"") else { return nil }
    let bare = String(name.trimmingPrefix { $0 == "\"" }.reversed().trimmingPrefix { $0 == "\"" }.reversed())
    return "the name of a site stands without quotes; write "
      + (bare.isEmpty ? "\(heading), with a name" : "[site \(excerpt(bare))]")
  }

  private static let match = "match"

  private mutating func read(_ entry: INIEntry) {
    let key = OverrideKey.ofSites.first { $0.name == entry.key.text }
    guard key != nil || entry.key.text == Self.match else {
      let names = OverrideKey.ofSites.map(\.name) + [Self.match]
      let guess = nearest(to: entry.key.text, among: names).map { "did you mean \($0)?" }
      let remedy = guess ?? "there are " + names.joined(separator: ", ")
      problems.append(
        Diagnostic(
          entry.key.position, "unknown key \"\(excerpt(entry.key.text))\" in [site \(excerpt(name))]; \(remedy)"))
      return
    }
    let name = entry.key.text
    if let first = seen[name] {
      problems.append(
        Diagnostic(
          entry.key.position,
          "[site \(excerpt(self.name))] sets \(name) twice, first in line \(first.line); remove one of the two"))
      return
    }
    seen[name] = entry.key.position
    assign(key, entry)
  }

  /// - Parameter key: the key to assign; nil for `match`.
  private mutating func assign(_ key: OverrideKey?, _ entry: INIEntry) {
    do throws(ValueProblem) {
      if let key {
        try key.assign(entry.value.text, to: &overrides)
      } else {
        patterns = try SitePattern.list.read(entry.value.text)
      }
    } catch {
      var position = entry.value.position
      position.column += error.offset
      let message = error.message(exampleOfKey: key?.example ?? "[web*]")
      problems.append(Diagnostic(position, "[site \(excerpt(name))] \(entry.key.text): \(message)"))
    }
  }

  /// Returns the section as it is written in a file.
  static func text(of name: String, in configuration: Configuration) -> String {
    let overrides = configuration.window.sites[name] ?? WindowOverrides()
    let match = configuration.sites.patterns[name].map { "\(Self.match) = \(SitePattern.list.write($0))" }
    let lines = OverrideKey.ofSites.map { $0.line(of: overrides) } + [match]
    return (["[site \(name)]"] + lines.compactMap(\.self)).joined(separator: "\n") + "\n"
  }
}

import DedupCore

/// Reads one `[site NAME]` section. Each problem is reported at its position.
struct SiteReader {
  /// The heading of the section in messages and in the reference.
  static let heading = "[site NAME]"
  static let explanation = """
    What holds for the errors of one site only: any key of [window] but doubts. While a site is new and others with the \
    same sender and recipients are known, [window] applies to it for an hour. NAME is the site as dedupctl list shows it, \
    without quotes. A section looks like this:
    """
  static let example = ["[site shop.settings.staging]", "length = 1d", "milestones ="]

  let name: String
  private(set) var overrides = WindowOverrides()
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

  private mutating func read(_ entry: INIEntry) {
    guard let key = OverrideKey.ofSites.first(where: { $0.name == entry.key.text }) else {
      let names = OverrideKey.ofSites.map(\.name)
      let guess = nearest(to: entry.key.text, among: names).map { "did you mean \($0)?" }
      let remedy = guess ?? "there are " + names.joined(separator: ", ")
      problems.append(
        Diagnostic(
          entry.key.position, "unknown key \"\(excerpt(entry.key.text))\" in [site \(excerpt(name))]; \(remedy)"))
      return
    }
    if let first = seen[key.name] {
      problems.append(
        Diagnostic(
          entry.key.position,
          "[site \(excerpt(name))] sets \(key.name) twice, first in line \(first.line); remove one of the two"))
      return
    }
    seen[key.name] = entry.key.position
    assign(key, entry)
  }

  private mutating func assign(_ key: OverrideKey, _ entry: INIEntry) {
    do throws(ValueProblem) {
      try key.assign(entry.value.text, to: &overrides)
    } catch {
      var position = entry.value.position
      position.column += error.offset
      let message = error.message(exampleOfKey: key.example)
      problems.append(Diagnostic(position, "[site \(excerpt(name))] \(key.name): \(message)"))
    }
  }

  /// Returns the section as it is written in a file.
  static func text(of name: String, _ overrides: WindowOverrides) -> String {
    (["[site \(name)]"] + OverrideKey.ofSites.compactMap { $0.line(of: overrides) }).joined(separator: "\n") + "\n"
  }
}

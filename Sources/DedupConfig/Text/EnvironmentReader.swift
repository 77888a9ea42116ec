/// Reads keys from environment variables, for containers: `MAILDEDUP_WINDOW_LENGTH=4h` is `length = 4h` in `[window]`.
///
/// The name is the section and the key in capitals, with `-` written as `_`. A variable that begins with `MAILDEDUP_`
/// and neither names a section nor looks like a misspelled one belongs to another program (`MAILDEDUP_CONFIG` is ours,
/// but no key). Sites, routes and rules have names of their own and can only be set in files.
struct EnvironmentReader {
  static let prefix = "MAILDEDUP_"

  /// The keys that are set, in the order of `dedup.conf`.
  private(set) var entries: [(key: ConfigurationKey, entry: INIEntry)] = []
  private(set) var problems: [Diagnostic] = []
  /// The names that are neither a key nor a misspelled one.
  private(set) var strangers: [String] = []

  init(_ environment: [String: String]) {
    let ours = environment.filter { $0.key.hasPrefix(Self.prefix) && $0.key != "MAILDEDUP_CONFIG" }
    var left = ours
    for key in ConfigurationSchema.sections.flatMap(\.keys) {
      let name = Self.name(of: key)
      guard let value = left.removeValue(forKey: name) else { continue }
      let position = SourcePosition(file: "environment \(name)", line: 0, column: 0)
      entries.append(
        (
          key,
          INIEntry(
            key: Located(text: key.name, position: position), value: Located(text: value, position: position),
            isQuoted: true)
        ))
    }
    for name in left.keys.sorted() { check(name) }
  }

  /// Returns the name of the variable for a key, e.g. `MAILDEDUP_WINDOW_LENGTH`.
  static func name(of key: ConfigurationKey) -> String {
    prefix + key.id.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
  }

  /// Checks a name that is no key: it is a misspelled key, which is a problem, or a stranger.
  private mutating func check(_ name: String) {
    let first = name.dropFirst(Self.prefix.count).prefix { $0 != "_" }.lowercased()
    let sections = ConfigurationSchema.sections.map(\.name)
    guard first.utf8.count > 2 || sections.contains(first), let section = nearest(to: first, among: sections) else {
      strangers.append(name)
      return
    }
    let names = ConfigurationSchema.sections.flatMap(\.keys).map(Self.name)
    let guess = nearest(to: name, among: names)
    let remedy =
      guess.map { "did you mean \($0)?" }
      ?? "a key of [\(section)] is written like \(names.first { $0.hasPrefix(Self.prefix + section.uppercased()) } ?? "")"
    problems.append(
      Diagnostic(
        SourcePosition(file: "environment \(excerpt(name))", line: 0, column: 0), "there is no such key; \(remedy)"))
  }
}

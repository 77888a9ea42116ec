/// Takes keys from variables, for containers: `MAILDEDUP_WINDOW_LENGTH=4h` is `length = 4h` below `[window]`.
///
/// The name is the section and the key in capitals, `-` written as `_`. What begins with `MAILDEDUP_` and neither names a
/// section nor looks like a slip of one is somebody else's (`MAILDEDUP_CONFIG` is ours, and no key). Sites and rules have
/// names of their own and stand in files.
struct EnvironmentReader {
  static let prefix = "MAILDEDUP_"

  /// In the order of `dedup.conf`.
  private(set) var entries: [(key: ConfigurationKey, entry: INIEntry)] = []
  private(set) var problems: [Diagnostic] = []
  /// Names that are no key and no slip of one.
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

  /// `MAILDEDUP_WINDOW_LENGTH`.
  static func name(of key: ConfigurationKey) -> String {
    prefix + key.id.uppercased().map { $0 == "." || $0 == "-" ? "_" : String($0) }.joined()
  }

  /// One that is no key: is it meant to be one?
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

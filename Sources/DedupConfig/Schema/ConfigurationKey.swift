/// One key of the configuration: its syntax, its meaning, and the field of `Configuration` that it fills.
///
/// The parser, `dedup.conf` and the man page are all made from these values, so none of them can lag behind.
package struct ConfigurationKey: Sendable {
  /// The name of the section, set by the section that lists the key.
  package fileprivate(set) var section = ""
  package let name: String
  /// The effect of the key, in plain sentences.
  package let explanation: String
  /// The kind of value to write, with its units, e.g. `a duration in s, min, h or d`.
  package let syntax: String
  /// The allowed values, e.g. `1s to 30d`; nil if there is no range.
  package let range: String?
  /// A value that differs from the default.
  package let example: String
  /// True if most admins look at the key; it is then uncommented in `dedup.conf`.
  let isEssential: Bool

  private let read: @Sendable (String, inout Configuration) throws(ValueProblem) -> Void
  private let write: @Sendable (Configuration) -> String

  /// The name of the key in messages, overrides and listings, e.g. `window.length`.
  package var id: String { "\(section).\(name)" }

  /// Returns the value of the key as it is written in a file, quoted where necessary.
  package func text(of configuration: Configuration) -> String { quoted(write(configuration)) }

  /// Reads `text` (without quotes) into its field; if there is a problem, the field stays as it is.
  func assign(_ text: String, to configuration: inout Configuration) throws(ValueProblem) {
    do throws(ValueProblem) {
      try read(text, &configuration)
    } catch {
      guard text.isEmpty else { throw error }
      // One sentence for all kinds: "\"\" is not a duration" would only puzzle admins.
      throw ValueProblem(item: "", what: "is empty", remedy: "write \(syntax)", example: .ofTheKey)
    }
  }
}

extension ConfigurationKey {
  init<Value: Sendable>(
    _ name: String, _ field: any WritableKeyPath<Configuration, Value> & Sendable, _ format: ValueFormat<Value>,
    example: String, essential: Bool = false, _ explanation: String
  ) {
    self.name = name
    self.explanation = explanation
    self.example = example
    isEssential = essential
    syntax = format.syntax
    range = format.range
    read = { (text, configuration) throws(ValueProblem) in configuration[keyPath: field] = try format.read(text) }
    write = { format.write($0[keyPath: field]) }
  }
}

/// One `[section]` of the configuration.
package struct ConfigurationSection: Sendable {
  package let name: String
  /// The subject of the keys, in plain sentences.
  package let explanation: String
  package let keys: [ConfigurationKey]

  init(_ name: String, _ explanation: String, keys: [ConfigurationKey]) {
    self.name = name
    self.explanation = explanation
    self.keys = keys.map { key in
      var key = key
      key.section = name
      return key
    }
  }

  /// Returns the key with this name, or nil if there is none.
  package func key(_ name: String) -> ConfigurationKey? { keys.first { $0.name == name } }
}

/// Returns `text`, in quotes if the reader would otherwise remove some of it.
private func quoted(_ text: String) -> String {
  guard let first = text.unicodeScalars.first, let last = text.unicodeScalars.last else { return text }
  return first.isBlank || last.isBlank || first == "\"" || hidesComment(text) ? "\"\(text)\"" : text
}

/// Returns true if a reader may take the end of `text` for a comment.
func hidesComment(_ text: String) -> Bool {
  zip(text.unicodeScalars, text.unicodeScalars.dropFirst()).contains { $0.isBlank && ($1 == "#" || $1 == ";") }
}

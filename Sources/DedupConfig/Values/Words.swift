/// Formats for values that are one of a few words.

extension ValueFormat<Bool> {
  /// The format of `yes` and `no`; `true`, `on`, `false` and `off` are read too.
  static let boolean = ValueFormat(
    syntax: "yes or no", range: nil,
    read: { (text) throws(ValueProblem) in
      switch text.lowercased() {
      case "yes", "true", "on": true
      case "no", "false", "off": false
      default: throw ValueProblem(item: text, what: "is neither yes nor no", remedy: "write yes or no")
      }
    },
    write: { $0 ? "yes" : "no" })
}

extension ValueFormat where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
  /// The format of an enum: one of its raw values.
  static var choice: Self {
    let words = Value.allCases.map(\.rawValue)
    return ValueFormat(
      syntax: "one of " + words.joined(separator: ", "), range: nil,
      read: { (text) throws(ValueProblem) in
        if let value = Value(rawValue: text) { return value }
        let guess = nearest(to: text, among: words).map { "did you mean \($0)? " } ?? ""
        throw ValueProblem(
          item: text, what: "is none of the choices",
          remedy: guess + "write one of " + words.joined(separator: ", "))
      },
      write: { $0.rawValue })
  }
}

import Fingerprint
import MailMessage

extension RuleMatcher {
  /// The fields whose values are compared as a whole. Path, host and subject are not among them: visitors choose those.
  private static let exactFields: [RuleField] = [
    .type, .module, .function, .innermost, .caller, .view, .settingsModule,
  ]
  /// A rule without any of these would match most mail of a site.
  private static let anchors: Set<RuleField> = [.type, .text, .module, .function, .innermost]
  /// A shorter beginning of a text says nothing.
  private static let shortestBeginning = 12

  /// A line for each field on which all mails agree.
  static func common(_ mails: [MailFacts]) throws(NoRule) -> [RuleMatcher] {
    var matchers: [RuleMatcher] = []
    for field in RuleField.allCases {
      let pattern = field == .text ? beginning(of: mails) : exactFields.contains(field) ? value(field, mails) : nil
      if let pattern, let glob = try? Glob(pattern) { matchers.append(RuleMatcher(field, [glob])) }
    }
    guard matchers.contains(where: { anchors.contains($0.field) }) else { throw .nothingInCommon }
    return matchers
  }

  /// The first value of the first mail that all others have as well.
  private static func value(_ field: RuleField, _ mails: [MailFacts]) -> String? {
    let values = mails.map { $0.values[field] ?? [] }
    let common = values.first?.first { value in values.allSatisfy { $0.contains(value) } }
    guard let common, common.unicodeScalars.allSatisfy(\.isPlain) else { return nil }
    return pattern(Array(common.unicodeScalars), suffix: "")
  }

  /// The words with which the texts of all mails begin; one that may go on in a longer word or number is left out.
  private static func beginning(of mails: [MailFacts]) -> String? {
    let texts = mails.map { Array(($0.values[.text]?.first ?? "").unicodeScalars) }
    guard let first = texts.first else { return nil }
    var common = texts.reduce(first.prefix(while: \.isPlain)) { common, text in
      common.prefix(zip(common, text).prefix { $0 == $1 }.count)
    }
    if texts.contains(where: { $0.count > common.count && $0[common.count].isPlain }) {
      while common.last?.isOfWord == true { common.removeLast() }
    }
    guard common.count >= shortestBeginning else { return nil }
    return pattern(Array(common), suffix: "*")
  }

  /// The pattern for a text, or for as much of it as a pattern may hold when anything may follow.
  private static func pattern(_ scalars: [Unicode.Scalar], suffix: String) -> String? {
    // Quotes around an item end at the next quote.
    let needsQuotes = scalars.contains(",") || scalars.first == "\""
    var output = ""
    for scalar in scalars {
      let next = needsQuotes && scalar == "\"" ? "?" : scalar.escaped
      guard output.unicodeScalars.count + next.unicodeScalars.count < Glob.longest else {
        return suffix.isEmpty ? nil : output + suffix
      }
      output += next
    }
    return output + suffix
  }
}

extension Unicode.Scalar {
  /// Whether it can stand in a line of a configuration file and be seen there.
  fileprivate var isPlain: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }

  fileprivate var isOfWord: Bool { properties.isAlphabetic || properties.numericType != nil || self == "_" }

  /// Itself in a pattern.
  fileprivate var escaped: String { ["*", "?", "["].contains(self) ? "[\(self)]" : String(self) }
}

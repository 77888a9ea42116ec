import Fingerprint
import MailMessage

extension RuleMatcher {
  /// The fields whose values are compared as a whole. Path, host and subject are not among them: visitors choose those.
  private static let exactFields: [RuleField] = [
    .type, .module, .function, .innermost, .caller, .view, .settingsModule,
  ]
  /// The fields of which a rule needs at least one: a rule without any would match most mail of a site.
  private static let anchors: Set<RuleField> = [.type, .text, .module, .function, .innermost]
  /// The fields of which a rule that joins errors lists all values where the mails do not agree: without them it would
  /// match every error of a module.
  private static let listedFields: Set<RuleField> = [.type, .module, .function]
  /// The maximum number of values in such a list.
  private static let mostListed = 20
  /// The minimum length of a common beginning of texts, in Unicode scalars; a shorter one says nothing.
  private static let shortestBeginning = 12

  /// Returns a matcher for each field on which all mails agree.
  ///
  /// - Parameter listsOthers: True to also list the types, modules and functions on which they do not agree.
  static func common(_ mails: [MailFacts], listsOthers: Bool = false) throws(NoRule) -> [RuleMatcher] {
    var matchers: [RuleMatcher] = []
    var isAnchored = false
    for field in RuleField.allCases {
      let pattern = field == .text ? beginning(of: mails) : exactFields.contains(field) ? value(field, mails) : nil
      if let pattern, let glob = try? Glob(pattern) {
        matchers.append(RuleMatcher(field, [glob]))
        isAnchored = isAnchored || anchors.contains(field)
      } else if listsOthers, listedFields.contains(field), let globs = list(field, mails) {
        matchers.append(RuleMatcher(field, globs))
      }
    }
    guard isAnchored else { throw .nothingInCommon }
    return matchers
  }

  /// Returns a pattern for each value that decides a mail, or nil if a mail has none or there are too many.
  private static func list(_ field: RuleField, _ mails: [MailFacts]) -> [Glob]? {
    let values = mails.map { $0.values[field]?.first ?? "" }
    let names = Set(values).sorted()
    guard !names.contains(""), names.count <= mostListed else { return nil }
    let globs = names.compactMap { name -> Glob? in
      guard name.unicodeScalars.allSatisfy(\.isPlain) else { return nil }
      return pattern(Array(name.unicodeScalars), suffix: "").flatMap { try? Glob($0) }
    }
    return globs.count == names.count ? globs : nil
  }

  /// Returns the first value of the first mail that all others have as well, or nil if there is none.
  private static func value(_ field: RuleField, _ mails: [MailFacts]) -> String? {
    let values = mails.map { $0.values[field] ?? [] }
    let common = values.first?.first { value in values.allSatisfy { $0.contains(value) } }
    guard let common, common.unicodeScalars.allSatisfy(\.isPlain) else { return nil }
    return pattern(Array(common.unicodeScalars), suffix: "")
  }

  /// Returns the words with which the texts of all mails begin; a word or number that may be cut is left out.
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

  /// Returns the pattern for a text; if more text may follow, for as much of it as a pattern can hold.
  private static func pattern(_ scalars: [Unicode.Scalar], suffix: String) -> String? {
    // The quotes around an item end at the next quote.
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
  /// True if the character can appear, visibly, in a line of a configuration file.
  fileprivate var isPlain: Bool {
    switch properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    default: true
    }
  }

  fileprivate var isOfWord: Bool { properties.isAlphabetic || properties.numericType != nil || self == "_" }

  /// The pattern that matches this character only.
  fileprivate var escaped: String { ["*", "?", "["].contains(self) ? "[\(self)]" : String(self) }
}

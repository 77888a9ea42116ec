import DedupConfig
package import Fingerprint

/// Finds the narrowest rule that says what an admin said about errors with `dedupctl merge` or `dedupctl split`.
///
/// A merge applies to one store and to the errors that it names; a rule applies wherever its file is installed, and to
/// errors that have not occurred yet.
package struct RuleSuggestion: Sendable {
  /// The rule, with a line for each field on which the mails agree, so that it matches as little else as possible. If it
  /// joins errors, it also lists the types, modules and functions on which they do not.
  package let rule: Rule
  /// The fingerprints that the mails have without any rule.
  package let fingerprints: Set<String>

  /// Creates the rule that joins errors.
  ///
  /// - Parameters:
  ///   - mails: kept mails of all the errors, as they arrived.
  ///   - id: the id after which the rule is named; digits and letters.
  ///   - reader: the reader that judges as the present configuration does.
  package init(merging mails: [[UInt8]], id: String, reader: ReportReader) throws(NoRule) {
    let samples = try Self.samples(mails, reader)
    fingerprints = Set(samples.map(\.fingerprint))
    guard fingerprints.count > 1 else { throw .oneError }
    if Set(samples.compactMap { reader.fingerprint($0.mail) }).count == 1 { throw .isSaidAlready }
    rule = Rule(
      name: reader.rules.freeName("merged-\(id)"),
      matchers: try RuleMatcher.common(samples.map(\.facts), listsOthers: true),
      key: .fingerprint([.literal("merged \(id)")]))
    try check(samples, reader) { Set($0).count == 1 }
  }

  /// Creates the rule that distinguishes the variants of one error.
  ///
  /// - Parameters:
  ///   - mails: kept mails of all the variants, as they arrived.
  ///   - id: the id after which the rule is named; digits and letters.
  ///   - reader: the reader that judges as the present configuration does.
  package init(splitting mails: [[UInt8]], id: String, reader: ReportReader) throws(NoRule) {
    let samples = try Self.samples(mails, reader)
    fingerprints = Set(samples.map(\.fingerprint))
    let variants = samples.map(\.variant)
    guard Set(variants).count > 1 else { throw .oneVariant }
    if Self.tells(variants, by: samples.map { reader.fingerprint($0.mail) }) { throw .isSaidAlready }
    let field = Self.splitFields.first { field in
      Self.tells(variants, by: samples.map { $0.facts.keyValues[field] })
    }
    guard let field else { throw .nothingTellsApart }
    rule = Rule(
      name: reader.rules.freeName("split-\(id)"), matchers: try RuleMatcher.common(samples.map(\.facts)),
      key: .splitBy([field]))
    try check(samples, reader) { Self.tells(variants, by: $0) }
  }

  /// The fields that may distinguish variants; the first that does is taken. Visitors can choose at most the text.
  private static let splitFields: [RuleField] = [.caller, .innermost, .text, .view, .function]

  /// Returns true if no two variants share a value.
  private static func tells(_ variants: [String], by values: [String?]) -> Bool {
    var owners: [String?: String] = [:]
    for (variant, value) in zip(variants, values) {
      if let owner = owners.updateValue(variant, forKey: value), owner != variant { return false }
    }
    return true
  }
}

extension RuleSuggestion {
  /// A kept mail with its judgement without any rules.
  private struct Sample {
    var mail: [UInt8]
    var facts: MailFacts
    var fingerprint: String
    var variant: String
  }

  private static func samples(_ mails: [[UInt8]], _ reader: ReportReader) throws(NoRule) -> [Sample] {
    let plain = reader.with(RuleSet())
    let samples = mails.compactMap { mail -> Sample? in
      guard case .report(let report) = plain.judge(mail), let facts = plain.facts(of: mail) else { return nil }
      return Sample(mail: mail, facts: facts, fingerprint: report.fingerprint.text, variant: report.variant)
    }
    guard !samples.isEmpty else { throw .noMail }
    return samples
  }

  /// Checks the rule against the mails that it was made from, and its text against the parser.
  private func check(
    _ samples: [Sample], _ present: ReportReader, _ isRight: ([String]) -> Bool
  ) throws(NoRule) {
    let parsed = ConfigurationParser.parse(Array(rule.configurationText.utf8), file: rule.name)
    guard parsed.errors.isEmpty, parsed.configuration.rules.rules == [rule] else { throw .cannotBeWritten }
    let reader = present.with(RuleSet([rule]))
    let fingerprints = samples.compactMap { sample -> String? in
      guard case .report(let report) = reader.judge(sample.mail), report.ruling?.rule == rule.name else { return nil }
      return report.fingerprint.text
    }
    guard fingerprints.count == samples.count, isRight(fingerprints) else { throw .nothingInCommon }
  }
}

extension ReportReader {
  /// Returns this reader with other rules.
  func with(_ rules: RuleSet) -> ReportReader {
    ReportReader(limits: limits, rules: rules, notices: notices, senders: senders)
  }

  fileprivate func fingerprint(_ mail: [UInt8]) -> String? {
    if case .report(let report) = judge(mail) { report.fingerprint.text } else { nil }
  }
}

extension RuleSet {
  /// Returns `name`, followed by a number if another rule has this name already.
  fileprivate func freeName(_ name: String) -> String {
    let names = Set(rules.map(\.name))
    let numbered = (2...(rules.count + 2)).lazy.map { "\(name)-\($0)" }
    return names.contains(name) ? numbered.first { !names.contains($0) } ?? name : name
  }
}

/// The reason why no rule can say what the admin said.
package enum NoRule: Error, Hashable, Sendable, CaseIterable, CustomStringConvertible {
  case noMail
  case oneError
  case oneVariant
  case isSaidAlready
  case nothingInCommon
  case nothingTellsApart
  case cannotBeWritten

  package var description: String {
    switch self {
    case .noMail: "no error report of them is kept"
    case .oneError: "the mails that are kept of them are of one error"
    case .oneVariant: "the mails that are kept of it are of one variant"
    case .isSaidAlready: "the configuration says so already"
    case .nothingInCommon: "they agree in nothing that visitors do not choose"
    case .nothingTellsApart: "no single field tells the variants apart"
    case .cannotBeWritten: "what they agree in cannot be written into a configuration file"
    }
  }
}

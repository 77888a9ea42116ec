import MailMessage

/// The rule that applies to one analysis, and what it did.
struct RuleDecision: Sendable {
  var rule: Rule
  /// The fields that the rule's fingerprint needs and the mail does not have. If there are any, the usual fingerprint
  /// stays: leaving them out would join every error that lacks them.
  var missing: [RuleField] = []

  var ruling: Ruling { Ruling(rule: rule.name, action: rule.action, window: rule.window) }
}

extension RuleSet {
  /// Lets the first matching rule change the keys of a report; anything else stays as it is.
  func apply(to analysis: inout Analysis) {
    guard !rules.isEmpty, case .report(let key) = analysis.outcome else { return }
    let facts = ReportFacts(analysis)
    guard let rule = rules.first(where: facts.match) else { return }
    var decision = RuleDecision(rule: rule)
    switch rule.key {
    case .fingerprint(let parts):
      decision.missing = parts.compactMap(\.field).filter { facts.keyValue($0) == nil }
      guard decision.missing.isEmpty else { break }
      let bytes = Self.fingerprint(of: parts, facts)
      analysis.earlier = EarlierKeys(all: bytes)
      // An admin who says that these are the same does not want to see them as variants.
      var own = key
      (own.rule, own.bytes, own.variant) = (.admin, bytes, [])
      analysis.outcome = .report(own)
    case .splitBy(let fields):
      let suffix = Self.suffix(of: fields, facts)
      analysis.earlier = analysis.earlier.changed { $0.bytes + suffix }
      var own = key
      own.bytes += suffix
      analysis.outcome = .report(own)
    case nil: break
    }
    analysis.decision = decision
  }

  /// Returns the fingerprint, one part on each line. The rule's name is not in it: rules with the same parts make one
  /// group.
  private static func fingerprint(of parts: [RuleKey.Part], _ facts: ReportFacts) -> [UInt8] {
    var writer = KeyWriter(.admin)
    for part in parts {
      switch part {
      case .literal(let text): writer.add("\"\(text)\"")
      case .field(let field): writer.add(Array("\(field.rawValue): ".utf8) + (facts.keyValue(field) ?? []))
      }
    }
    return writer.bytes
  }

  private static func suffix(of fields: [RuleField], _ facts: ReportFacts) -> [UInt8] {
    fields.flatMap { Array("\n& \($0.rawValue): ".utf8) + (facts.keyValue($0) ?? []) }
  }
}

extension RuleKey.Part {
  fileprivate var field: RuleField? {
    if case .field(let field) = self { field } else { nil }
  }
}

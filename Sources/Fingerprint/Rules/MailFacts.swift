/// What one error report says, field by field, as the rules of the admin see it.
package struct MailFacts: Hashable, Sendable {
  /// The texts that the patterns of a field are compared with; a pattern has to match one of them. A field that the
  /// report does not have is missing, and so are texts that are not UTF-8.
  package var values: [RuleField: [String]] = [:]
  /// What goes into a fingerprint for a field, without what differs from mail to mail.
  package var keyValues: [RuleField: String] = [:]

  init(_ facts: ReportFacts) {
    for field in RuleField.allCases {
      let values = facts.values(field).compactMap(Self.text)
      if !values.isEmpty { self.values[field] = values }
      if field.isKeyPart, let value = facts.keyValue(field).flatMap(Self.text) { keyValues[field] = value }
    }
  }

  private static func text(_ bytes: [UInt8]) -> String? {
    bytes.isEmpty ? nil : String(validating: bytes, as: UTF8.self)
  }
}

extension ReportReader {
  /// What rules see of a mail, whatever the rules of this reader are; nil when the mail is no error report.
  package func facts(of message: [UInt8]) -> MailFacts? {
    let analysis = analyse(message, records: false).recognising(notices)
    guard case .report = analysis.outcome else { return nil }
    return MailFacts(ReportFacts(analysis))
  }
}

extension ReportFacts {
  /// What a pattern of `field` may match: of several tracebacks only what each of them says, for a rule takes all or none.
  fileprivate func values(_ field: RuleField) -> [[UInt8]] {
    guard let first = analysis.findings.first else { return candidates(field, nil) }
    let others = analysis.findings.dropFirst().map { candidates(field, $0) }
    return candidates(field, first).filter { value in others.allSatisfy { $0.contains(value) } }
  }
}

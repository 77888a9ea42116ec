/// The fields of one error report, as the admin's rules see them.
package struct MailFacts: Hashable, Sendable {
  /// The texts that the patterns of a field are compared with; a pattern has to match one of them. A field that the
  /// report does not have is missing, and so are texts that are not UTF-8.
  package var values: [RuleField: [String]] = [:]
  /// The text that goes into a fingerprint for each field, without the parts that differ from mail to mail.
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
  /// Returns what rules see of a mail, whatever rules this reader has, or nil if the mail is no error report.
  package func facts(of message: [UInt8]) -> MailFacts? {
    let analysis = analyse(message, records: false).recognising(notices)
    guard case .report = analysis.outcome else { return nil }
    return MailFacts(ReportFacts(analysis))
  }
}

extension ReportFacts {
  /// The texts that a pattern of `field` may match. A rule takes all tracebacks of a mail or none, so of several only
  /// the texts that all have count.
  fileprivate func values(_ field: RuleField) -> [[UInt8]] {
    guard let first = analysis.findings.first else { return candidates(field, nil) }
    let others = analysis.findings.dropFirst().map { candidates(field, $0) }
    return candidates(field, first).filter { value in others.allSatisfy { $0.contains(value) } }
  }
}

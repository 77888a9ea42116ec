/// How a verdict came about, for `dedupctl fingerprint --explain` and for the stored fingerprint.
package struct FingerprintExplanation: Sendable, Codable, Equatable {
  /// `report`, `not-a-report` or `unclear`.
  package var verdict: String
  package var reason: String?
  package var key: [String] = []

  init(_ analysis: Analysis) {
    switch analysis.outcome {
    case .pass(let reason): (verdict, self.reason) = ("not-a-report", reason.rawValue)
    case .doubt(let reason): (verdict, self.reason) = ("unclear", reason.rawValue)
    case .report(let key):
      verdict = "report"
      self.key = String(decoding: key.bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
        .map(String.init)
    }
  }

  /// Readable at 3 a.m.
  package var text: String { ([verdict + " " + (reason ?? "")] + key).joined(separator: "\n") + "\n" }
}

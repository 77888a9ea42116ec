/// How a verdict came about, for `dedupctl fingerprint --explain` and for the stored fingerprint.
package struct FingerprintExplanation: Sendable, Codable, Equatable {
  /// `report`, `not-a-report` or `unclear`.
  package let verdict: String

  /// Readable at 3 a.m.
  package var text: String { verdict + "\n" }
}

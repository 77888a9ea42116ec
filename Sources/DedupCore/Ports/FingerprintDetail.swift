/// A fingerprint with everything that is kept about it.
package struct FingerprintDetail: Hashable, Sendable, Codable {
  package var row: FingerprintRow
  /// The readable explanation of how the fingerprint was derived.
  package var explanation: String
  package var firstSample: SampleMail
  package var latestSample: SampleMail
  /// The variants of the error, the first seen first.
  package var variants: [VariantDetail]
  /// The arrivals of the last 30 days by the hour, oldest first. The last element is the current hour.
  package var history: [HourCount]
  /// The silences that cover the error.
  package var silences: [Silence]

  package init(
    row: FingerprintRow, explanation: String, firstSample: SampleMail, latestSample: SampleMail,
    variants: [VariantDetail] = [], history: [HourCount] = [], silences: [Silence] = []
  ) {
    self.history = history
    self.silences = silences
    self.row = row
    self.explanation = explanation
    self.firstSample = firstSample
    self.latestSample = latestSample
    self.variants = variants
  }
}

/// A mail that is kept for people to look at.
package enum SampleMail: Hashable, Sendable, Codable {
  /// The mail as it arrived.
  case kept([UInt8])
  /// The mail was too large, or retention removed it.
  case notKept
  /// The stored data is not what was written.
  case damaged

  package var octets: [UInt8]? { if case .kept(let octets) = self { octets } else { nil } }
}

/// One variant of an error: another path to the same place, or another text.
package struct VariantDetail: Hashable, Sendable, Codable {
  package var name: String
  /// The number of mails ever seen.
  package var total: Int
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// True if the first mail of the error is the first mail of this variant.
  package var isOfFirstMail: Bool
  /// The traits of the latest mail of the variant. Empty if that mail arrived before traits were recorded.
  package var traits: VariantTraits
  /// The first mail of the variant. Also `.notKept` if there are more mails than one answer can hold.
  package var sample: SampleMail

  package init(
    name: String, total: Int, firstSeen: Timestamp, lastSeen: Timestamp, isOfFirstMail: Bool,
    traits: VariantTraits = VariantTraits(), sample: SampleMail = .notKept
  ) {
    self.name = name
    self.total = total
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.isOfFirstMail = isOfFirstMail
    self.traits = traits
    self.sample = sample
  }
}

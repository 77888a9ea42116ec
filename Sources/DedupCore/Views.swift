/// One fingerprint of one site as `dedupctl`, the control API and the summary show it.
package struct FingerprintRow: Hashable, Sendable, Codable {
  /// `version:digest`.
  package var fingerprint: String
  /// `Site.name`.
  package var site: String
  /// What tells it from other sites of that name.
  package var siteTraits: SiteTraits
  package var title: String
  package var place: String
  package var record: WindowRecord
  /// When the current window ends; nil when none is open at the time of asking.
  package var windowEnd: Timestamp?
  /// Arrivals of the last hours, oldest first; the last element is the running hour.
  package var hours: [HourCount]
  /// Its row, and whether a silence covers it.
  package var row: Int64
  package var isSilenced: Bool
  /// How its variants differ.
  package var variants: VariantSpread

  package init(
    fingerprint: String, site: String, title: String, place: String, record: WindowRecord, windowEnd: Timestamp?,
    hours: [HourCount], row: Int64 = 0, isSilenced: Bool = false, variants: VariantSpread = VariantSpread(),
    siteTraits: SiteTraits = SiteTraits()
  ) {
    self.siteTraits = siteTraits
    self.row = row
    self.variants = variants
    self.isSilenced = isSilenced
    self.fingerprint = fingerprint
    self.site = site
    self.title = title
    self.place = place
    self.record = record
    self.windowEnd = windowEnd
    self.hours = hours
  }

  /// What an admin types to name it: the first 8 digits of the digest.
  package var id: String { Self.id(of: fingerprint) }

  package static func id(of fingerprint: String) -> String {
    String(fingerprint.drop { $0 != ":" }.dropFirst().prefix(8))
  }
}

/// Arrivals of one error within one hour.
package struct HourCount: Hashable, Sendable, Codable {
  package var forwarded: Int
  package var suppressed: Int

  package init(forwarded: Int = 0, suppressed: Int = 0) {
    self.forwarded = forwarded
    self.suppressed = suppressed
  }

  package var total: Int { forwarded + suppressed }
}

/// A fingerprint with what is kept of it.
package struct FingerprintDetail: Hashable, Sendable, Codable {
  package var row: FingerprintRow
  /// The readable explanation of how the fingerprint came about.
  package var explanation: String
  package var firstSample: SampleMail
  package var latestSample: SampleMail
  /// Its variants, the first seen first.
  package var variants: [VariantDetail]
  /// Arrivals of the last 30 days by the hour, oldest first; the last one is the running hour.
  package var history: [HourCount]
  /// The silences that cover it.
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
  /// As it arrived.
  case kept([UInt8])
  /// It was too large, or retention removed it.
  case notKept
  /// It is not what was stored.
  case damaged

  package var octets: [UInt8]? { if case .kept(let octets) = self { octets } else { nil } }
}

/// One variant of an error: another path to the same place, or another text.
package struct VariantDetail: Hashable, Sendable, Codable {
  package var name: String
  /// Mails seen in all.
  package var total: Int
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// Whether the first mail of the error is the first of this variant.
  package var isOfFirstMail: Bool
  /// What its latest mail says; empty where it came before that was kept.
  package var traits: VariantTraits
  /// Its first mail; also not kept when one answer cannot hold the mails of so many.
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

/// Everything that was ever acknowledged, by what became of it. `accepted` is the sum of the others.
package struct Totals: Hashable, Sendable, Codable {
  /// Ordinary mail, queued as it came.
  package var passed: Int
  /// Mail forwarded because of a doubt.
  package var doubtful: Int
  /// Error reports forwarded.
  package var forwarded: Int
  /// Error reports held back and counted.
  package var suppressed: Int

  package init(passed: Int = 0, doubtful: Int = 0, forwarded: Int = 0, suppressed: Int = 0) {
    self.passed = passed
    self.doubtful = doubtful
    self.forwarded = forwarded
    self.suppressed = suppressed
  }

  package var accepted: Int { passed + doubtful + forwarded + suppressed }
}

/// The state of the queue.
package struct QueueStatus: Hashable, Sendable, Codable {
  package var waiting: Int
  package var oldest: Timestamp?
  package var octets: Int
  /// Of those that wait, the ones that the admin holds.
  package var held: Int
  /// Beside those that wait: mails that may be error reports and were held back (`SuppressionReason.doubtFlood`).
  package var doubts: Int

  package init(waiting: Int = 0, oldest: Timestamp? = nil, octets: Int = 0, held: Int = 0, doubts: Int = 0) {
    self.doubts = doubts
    self.waiting = waiting
    self.oldest = oldest
    self.octets = octets
    self.held = held
  }
}

/// One error as the store knows it.
package struct NamedError: Hashable, Sendable {
  /// Its row.
  package var row: Int64
  package var fingerprint: String
  package var site: String
  package var title: String
  /// The row that it was merged into.
  package var mergedInto: Int64?

  package init(row: Int64, fingerprint: String, site: String, title: String, mergedInto: Int64? = nil) {
    self.row = row
    self.fingerprint = fingerprint
    self.site = site
    self.title = title
    self.mergedInto = mergedInto
  }

  package var id: String { FingerprintRow.id(of: fingerprint) }
}

/// A silence with the error that it is about.
package struct SilenceRow: Hashable, Sendable {
  package var silence: Silence
  /// Nil when it is about a rule or a pattern, or when the error is gone.
  package var error: NamedError?

  package init(silence: Silence, error: NamedError?) {
    self.silence = silence
    self.error = error
  }

  /// What it is about, for people.
  package var scope: String {
    switch silence.scope {
    case .error: error.map { "\($0.id) \($0.title)" } ?? "an error that is gone"
    case .rule(let name): "rule \(name), all sites"
    case .matching(let pattern): pattern.description + (pattern.site == nil ? ", all sites" : "")
    }
  }
}

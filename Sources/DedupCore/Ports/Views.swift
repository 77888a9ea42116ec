/// One fingerprint of one site as shown by `dedupctl`, the control API and the summary.
package struct FingerprintRow: Hashable, Sendable, Codable {
  /// The fingerprint, `version:digest`.
  package var fingerprint: String
  /// The name of the site, as `Site.name`.
  package var site: String
  /// The properties that tell the site apart from other sites of that name.
  package var siteTraits: SiteTraits
  package var title: String
  package var place: String
  package var record: WindowRecord
  /// The end of the current window, or nil if none is open at the time of the query.
  package var windowEnd: Timestamp?
  /// The arrivals of the last hours, oldest first. The last element is the current hour.
  package var hours: [HourCount]
  /// The row of the error in the store. `isSilenced` is true if a silence covers the error.
  package var row: Int64
  package var isSilenced: Bool
  /// The number of different texts and places among its variants.
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

  /// The id that an admin types to name the error: the first 8 digits of the digest.
  package var id: String { Self.id(of: fingerprint) }

  package static func id(of fingerprint: String) -> String {
    String(fingerprint.drop { $0 != ":" }.dropFirst().prefix(8))
  }
}

/// The arrivals of one error within one hour.
package struct HourCount: Hashable, Sendable, Codable {
  package var forwarded: Int
  package var suppressed: Int

  package init(forwarded: Int = 0, suppressed: Int = 0) {
    self.forwarded = forwarded
    self.suppressed = suppressed
  }

  package var total: Int { forwarded + suppressed }
}

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

/// The numbers of all mails ever acknowledged, by outcome. `accepted` is the sum of the others.
package struct Totals: Hashable, Sendable, Codable {
  /// The number of ordinary mails, queued as they arrived.
  package var passed: Int
  /// The number of mails forwarded because of a doubt.
  package var doubtful: Int
  /// The number of error reports forwarded.
  package var forwarded: Int
  /// The number of error reports held back and counted.
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
  /// The number of waiting mails that the admin holds.
  package var held: Int
  /// The number of held-back mails that may be error reports (`SuppressionReason.doubtFlood`). They are not counted in
  /// `waiting`.
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
  /// The row of the error in the store.
  package var row: Int64
  package var fingerprint: String
  package var site: String
  package var title: String
  /// The row that the error was merged into, or nil if it is not merged.
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
  /// The error, or nil if the silence is about a rule or a pattern or if the error is gone.
  package var error: NamedError?

  package init(silence: Silence, error: NamedError?) {
    self.silence = silence
    self.error = error
  }

  /// A description of what the silence covers, for display.
  package var scope: String {
    switch silence.scope {
    case .error: error.map { "\($0.id) \($0.title)" } ?? "an error that is gone"
    case .rule(let name): "rule \(name), all sites"
    case .matching(let pattern): pattern.description + (pattern.site == nil ? ", all sites" : "")
    }
  }
}

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

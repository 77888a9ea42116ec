/// Which errors to list.
package struct FingerprintQuery: Hashable, Sendable {
  /// Also those of which nothing was held back.
  package var includesUnsuppressed: Bool
  /// Only sites that are called so, or match: `*` stands for any text, `?` for a character.
  package var site: String?
  /// Only those seen at or after this time.
  package var since: Timestamp?
  /// Only those seen for the first time at or after this time.
  package var firstSince: Timestamp?
  /// Only those for whose latest mail this rule decided.
  package var rule: String?
  /// Only those that a silence covers.
  package var onlySilenced: Bool
  package var sort: Sort
  package var isReversed: Bool
  /// Only rows behind this one, in the order of `.row`.
  package var after: Int64
  /// Most rows.
  package var limit: Int

  /// What comes first.
  package enum Sort: String, Hashable, Sendable, CaseIterable {
    /// The latest seen.
    case last
    /// The latest that is new.
    case first
    /// The most held back in all.
    case held
    /// The most held back since the last mail that was forwarded.
    case sinceLastMail = "since-last-mail"
    /// The most seen in all.
    case total
    /// The most within the last hour.
    case rate
    /// The name, from A on.
    case name
    /// The order in which they became known; every error once, whatever happens meanwhile.
    case row
  }

  package init(
    includesUnsuppressed: Bool = false, site: String? = nil, since: Timestamp? = nil, firstSince: Timestamp? = nil,
    rule: String? = nil, onlySilenced: Bool = false, sort: Sort = .last, isReversed: Bool = false, after: Int64 = 0,
    limit: Int = 100
  ) {
    self.includesUnsuppressed = includesUnsuppressed
    self.site = site
    self.since = since
    self.firstSince = firstSince
    self.rule = rule
    self.onlySilenced = onlySilenced
    self.sort = sort
    self.isReversed = isReversed
    self.after = after
    self.limit = limit
  }
}

/// A query for a list of errors.
package struct FingerprintQuery: Hashable, Sendable {
  /// True to include errors of which no mail was held back.
  package var includesUnsuppressed: Bool
  /// The name of the sites to include, or a pattern in which `*` stands for any text and `?` for one character. Nil
  /// includes all sites.
  package var site: String?
  /// The time at or after which an error must have been seen last, or nil for any.
  package var since: Timestamp?
  /// The time at or after which an error must have been seen first, or nil for any.
  package var firstSince: Timestamp?
  /// The rule that must have decided about the latest mail of an error, or nil for any.
  package var rule: String?
  /// True to include only errors that a silence covers.
  package var onlySilenced: Bool
  package var sort: Sort
  package var isReversed: Bool
  /// The row after which the list begins, in the order of `.row`.
  package var after: Int64
  /// The largest number of rows.
  package var limit: Int

  /// The order of a list, by what comes first.
  package enum Sort: String, Hashable, Sendable, CaseIterable {
    /// The error seen most recently.
    case last
    /// The error that became known most recently.
    case first
    /// The error with the most mails held back in all.
    case held
    /// The error with the most mails held back since its last forwarded mail.
    case sinceLastMail = "since-last-mail"
    /// The error with the most mails in all.
    case total
    /// The error with the most mails within the last hour.
    case rate
    /// The name, in alphabetical order.
    case name
    /// The order in which the errors became known. Each error is listed once, whatever happens meanwhile.
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

/// The limits on the sites of one envelope (sender and recipients) and on their errors.
///
/// A site is named by text in a mail. If a visitor of a site ever manages to write that text, the invented sites must
/// not each have a storm cap, must not get settings that are meant for other sites, and must not fill the store:
///
/// - The first site of an envelope stands on its own at once. Each later one is *on probation* for its first hour. All
///   sites of one envelope on probation share one storm cap, and settings for single sites do not apply to them unless
///   the first site of the envelope is less than an hour older.
/// - While that cap is reached, or when there are too many sites, a further new site *joins*: its errors are filed
///   under one site that stands for all sites that joined (`Site.joined`).
package enum SiteBounds {
  /// The time for which a new site has no storm cap and no settings of its own.
  package static let probation = StormCap.period
  /// The largest number of sites of an envelope that may be on probation at once.
  package static let mostOnProbation = 20
  /// The largest number of sites of an envelope. The largest known relay has 40.
  package static let mostSites = 200
  /// The largest number of errors of an envelope in all its sites. A report of a further error counts as a doubt. Two
  /// mails of some 15 kB are kept of each error, so these can take as much room as all samples may (`sample-size`).
  package static let mostErrors = 20_000
  /// The reason for the doubt about a report whose error has no room.
  package static let doubtOfExcess = "too-many-errors"

  /// Returns true if a new site joins.
  ///
  /// - Parameters:
  ///   - sites: the number of sites of its envelope so far.
  ///   - onProbation: the number of those sites that are on probation.
  ///   - isCapped: true if the storm cap that those sites share is reached.
  package static func joins(sites: Int, onProbation: Int, isCapped: Bool) -> Bool {
    sites > 0 && (isCapped || onProbation >= mostOnProbation || sites >= mostSites)
  }

  /// Returns true if a site that is not the first of its envelope is on probation.
  ///
  /// - Parameter since: the time when the site was first seen.
  package static func isOnProbation(since: Timestamp, now: Timestamp) -> Bool { now.since(since) < probation }

  /// Returns true if settings for single sites apply to a site on probation. They do while all sites of the envelope
  /// are new, as on the first day of a relay: then there is no older site whose settings a visitor could borrow.
  ///
  /// - Parameter first: the time when the first site of the envelope was first seen, or nil if that was long ago.
  package static func hasOwnSettings(since: Timestamp, first: Timestamp?) -> Bool {
    first.map { since.since($0) < probation } ?? false
  }
}

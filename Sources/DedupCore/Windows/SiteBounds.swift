/// What bounds the sites of one envelope (sender and recipients), and their errors.
///
/// A site is named by what stands in a mail. Should a visitor of a site ever manage to write that, the sites that he
/// invents must neither have a storm cap each nor settings that are meant for others, and must not fill the store:
///
/// - The first site of an envelope stands on its own at once. Each later one is *on probation* for its first hour: all of
///   these of one envelope share one storm cap, and what the configuration says of single sites does not hold for them unless the first one is
///   not an hour older.
/// - While that cap is reached, or when there are too many of them, a further new site *joins*: its errors are filed under
///   one site that stands for all such (`Site.joined`).
package enum SiteBounds {
  /// How long a new site has no cap and no settings of its own.
  package static let probation = StormCap.period
  /// Sites of an envelope that may be on probation at once.
  package static let mostOnProbation = 20
  /// Sites of an envelope. The largest that we know of has 40.
  package static let mostSites = 200
  /// Errors of an envelope, all its sites together; a report of yet another one counts as a doubt. Of each two mails of
  /// some 15 kB are kept, so these may take as much as is kept of all (`sample-size`).
  package static let mostErrors = 20_000
  /// The doubt that a report is of which the error has no room.
  package static let doubtOfExcess = "too-many-errors"

  /// Whether a new site joins.
  ///
  /// - Parameters:
  ///   - sites: of its envelope, so far.
  ///   - onProbation: of these, the ones that are on probation.
  ///   - isCapped: the cap that these share is reached.
  package static func joins(sites: Int, onProbation: Int, isCapped: Bool) -> Bool {
    sites > 0 && (isCapped || onProbation >= mostOnProbation || sites >= mostSites)
  }

  /// - Parameter since: when a site came that is not the first of its envelope.
  package static func isOnProbation(since: Timestamp, now: Timestamp) -> Bool { now.since(since) < probation }

  /// Whether what is said of single sites holds for one on probation: where all of them are new, as on the first day of
  /// a relay, none is known whose settings somebody could want.
  ///
  /// - Parameter first: when the first site of the envelope came; nil: long ago.
  package static func hasOwnSettings(since: Timestamp, first: Timestamp?) -> Bool {
    first.map { since.since($0) < probation } ?? false
  }
}

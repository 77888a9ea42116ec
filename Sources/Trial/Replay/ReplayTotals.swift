import DedupCore

/// The outcomes of the mails of a replay. `forwarded + heldBack + ordinary + doubtful` always equals `mails`.
package struct ReplayTotals: Hashable, Sendable {
  /// The number of all mails that arrived.
  package internal(set) var mails = 0
  /// The number of mails that are not reports. They pass.
  package internal(set) var ordinary = 0
  package private(set) var doubtful = 0
  /// The number of forwarded reports, by the words of `ForwardReason`.
  package private(set) var forwarded: [String: Int] = [:]
  /// The number of mails held back, by the words of `SuppressionReason`.
  package internal(set) var heldBack: [String: Int] = [:]
  /// The numbers of our own mails.
  package private(set) var digests = 0
  package private(set) var milestones = 0
  package private(set) var allClears = 0
  /// The number of reports that arrived, by quarters of an hour since 1970, which are the same in every time zone.
  package private(set) var arrivedByQuarter: [Int64: Int] = [:]
  /// The number of mails in `inbox`, by quarters of an hour since 1970.
  package private(set) var inboxByQuarter: [Int64: Int] = [:]

  package init() {}

  package var allForwarded: Int { forwarded.values.sumOfCounts() }
  package var allHeldBack: Int { heldBack.values.sumOfCounts() }
  package var ownMails: Int { digests + milestones + allClears }
  /// The number of mails about errors that reach the inbox. Ordinary mail is left out, since it arrives either way.
  package var inbox: Int { allForwarded + doubtful + ownMails }

  mutating func arrived(at now: Timestamp) { arrivedByQuarter[now.quarter, default: 0] += 1 }

  mutating func note(_ event: ReplayEvent) {
    inboxByQuarter[event.at.quarter, default: 0] += 1
    switch event.what {
    case .forwarded: forwarded[event.reason, default: 0] += 1
    case .doubtful: doubtful += 1
    case .digest: digests += 1
    case .milestone: milestones += 1
    case .allClear: allClears += 1
    }
  }
}

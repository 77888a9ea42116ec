/// What came of the mails of a replay. `forwarded + heldBack + ordinary + doubtful` is `mails`, always.
package struct ReplayTotals: Hashable, Sendable {
  /// All that came.
  package internal(set) var mails = 0
  /// No reports; they pass.
  package internal(set) var ordinary = 0
  package private(set) var doubtful = 0
  /// Reports that go out, by the words of `ForwardReason`.
  package private(set) var forwarded: [String: Int] = [:]
  /// Reports that do not, by the words of `SuppressionReason`.
  package internal(set) var heldBack: [String: Int] = [:]
  /// Mails of our own.
  package private(set) var digests = 0
  package private(set) var milestones = 0
  package private(set) var allClears = 0
  /// Reports that came, by quarters of an hour since 1970: those are the same in every time zone.
  package private(set) var arrivedByQuarter: [Int64: Int] = [:]
  /// The same of `inbox`.
  package private(set) var inboxByQuarter: [Int64: Int] = [:]

  package init() {}

  package var allForwarded: Int { forwarded.values.sumOfCounts() }
  package var allHeldBack: Int { heldBack.values.sumOfCounts() }
  package var ownMails: Int { digests + milestones + allClears }
  /// Mails about errors that reach the inbox. Ordinary mail is left aside: it is somebody else's, and comes either way.
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

/// Which next hops reject mail about errors for good, since when and why.
///
/// It also bounds what a rejection gives back to the storm cap: the cap counts what is queued and what a next hop took,
/// so a rejected mail makes room for another, but a next hop that rejects everything gives back 30 places an hour at
/// most, or each new error would be one more rejected mail. What is known is lost at a restart.
package struct RejectionWatch: Hashable, Sendable {
  /// Rejections of one next hop in a row; a mail about errors that it takes ends them.
  package struct Standing: Hashable, Sendable {
    package var since: Timestamp
    package var latest: Timestamp
    package var mails: Int
    /// What it said last.
    package var reason: String
    /// When it last took a mail about errors; nil: not since the start.
    package var tookUntil: Timestamp?
  }

  /// What somebody has to be told.
  package enum Change: Hashable, Sendable {
    case begins(Standing)
    case ends(Standing)
  }

  /// Places that one next hop gives back within `StormCap.period`.
  static let mostReturned = 30
  /// Next hops that are remembered; an admin may reroute mail to any number.
  private static let mostHops = 100

  /// By the name of the next hop.
  package private(set) var rejecting: [String: Standing] = [:]
  private var taken: [String: Timestamp] = [:]
  private var returned: [String: StormCap] = [:]

  package init() {}

  /// Takes note of what came of an attempt of `entry`, and decides whether its place is given back.
  package mutating func note(
    _ settlement: inout Settlement, of entry: QueueEntry, at now: Timestamp
  ) -> Change? {
    guard entry.kind.isAboutErrors else { return nil }
    let hop = settlement.nextHop
    if !settlement.delivered.isEmpty {
      if taken.count >= Self.mostHops { taken = [:] }
      taken[hop] = now
      returned[hop] = nil
      return rejecting.removeValue(forKey: hop).map(Change.ends)
    }
    settlement.returnsPlace = settlement.reopensWindow && returnsPlace(hop, at: now)
    guard let failure = settlement.failed.last(where: { !$0.isExpiry }) else { return nil }
    if var standing = rejecting[hop] {
      standing.latest = now
      standing.mails = standing.mails.saturatingAdding(1)
      standing.reason = failure.reason
      rejecting[hop] = standing
      return nil
    }
    if rejecting.count >= Self.mostHops { rejecting = [:] }
    let standing = Standing(since: now, latest: now, mails: 1, reason: failure.reason, tookUntil: taken[hop])
    rejecting[hop] = standing
    return .begins(standing)
  }

  private mutating func returnsPlace(_ hop: String, at now: Timestamp) -> Bool {
    if returned.count >= Self.mostHops { returned = [:] }
    var cap = returned[hop] ?? StormCap()
    if cap.isReached(Self.mostReturned, now: now) { return false }
    cap.send(at: now)
    returned[hop] = cap
    return true
  }
}

extension QueueEntry.Kind {
  /// Mails about errors: reports, and what we say of them. Their failures are told in a digest (`BounceDigest`).
  package var isAboutErrors: Bool {
    switch self {
    case .report, .notice: true
    case .pass, .copy, .summary, .bounce, .alert: false
    }
  }
}

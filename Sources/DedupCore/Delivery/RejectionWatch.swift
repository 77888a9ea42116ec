/// The next hops that permanently reject mail about errors, with the time and the reason.
///
/// It also bounds what a rejection gives back to the storm cap: the cap counts what is queued and what a next hop took,
/// so a rejected mail makes room for another. A next hop that rejects everything gives back at most 30 places an hour;
/// otherwise each new error would be one more rejected mail. The state is lost at a restart.
package struct RejectionWatch: Hashable, Sendable {
  /// The rejections of one next hop in a row; a mail about errors that it accepts ends them.
  package struct Run: Hashable, Sendable {
    package var since: Timestamp
    package var latest: Timestamp
    package var mails: Int
    /// The latest reason that it gave.
    package var reason: String
    /// The time at which it last accepted a mail about errors; nil: not since the start.
    package var tookUntil: Timestamp?
  }

  /// A change that the admin has to be told.
  package enum Change: Hashable, Sendable {
    case begins(Run)
    case ends(Run)
  }

  /// The number of places that one next hop gives back at most within `StormCap.period`.
  static let mostReturned = 30
  /// The number of next hops that are remembered; an admin may reroute mail to any number.
  private static let mostHops = 100

  /// The rejections by the name of the next hop.
  package private(set) var rejecting: [String: Run] = [:]
  private var taken: [String: Timestamp] = [:]
  private var returned: [String: StormCap] = [:]

  package init() {}

  /// Records the outcome of an attempt for `entry`, and decides whether its place is given back.
  package mutating func note(
    _ settlement: inout Settlement, of entry: QueueEntry, at now: Timestamp
  ) -> Change? {
    guard entry.kind.isAboutErrors else { return nil }
    let hop = settlement.nextHop
    if !settlement.delivered.isEmpty { return noteTaken(by: hop, at: now) }
    settlement.returnsPlace = settlement.reopensWindow && returnsPlace(hop, at: now)
    guard let failure = settlement.failed.last(where: { !$0.isExpiry }) else { return nil }
    return noteRejection(by: hop, failure.reason, at: now)
  }

  /// Records the outcomes of a mail that was handed on past the queue.
  package mutating func note(
    _ result: DeliveryResult, of kind: QueueEntry.Kind, at now: Timestamp
  ) -> Change? {
    guard kind.isAboutErrors else { return nil }
    var rejected: String?
    for outcome in result.outcomes {
      switch outcome {
      case .delivered: return noteTaken(by: result.nextHop, at: now)
      case .rejected(let reason, _): rejected = reason
      case .deferred: break
      }
    }
    return rejected.flatMap { noteRejection(by: result.nextHop, $0, at: now) }
  }

  private mutating func noteTaken(by hop: String, at now: Timestamp) -> Change? {
    if taken.count >= Self.mostHops { taken = [:] }
    taken[hop] = now
    returned[hop] = nil
    return rejecting.removeValue(forKey: hop).map(Change.ends)
  }

  private mutating func noteRejection(by hop: String, _ reason: String, at now: Timestamp) -> Change? {
    if var standing = rejecting[hop] {
      standing.latest = now
      standing.mails = standing.mails.saturatingAdding(1)
      standing.reason = reason
      rejecting[hop] = standing
      return nil
    }
    if rejecting.count >= Self.mostHops { rejecting = [:] }
    let standing = Run(since: now, latest: now, mails: 1, reason: reason, tookUntil: taken[hop])
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
  /// True for mail about errors: reports, and our notices about them. Their failures are told in a `BounceDigest`.
  package var isAboutErrors: Bool {
    switch self {
    case .report, .notice: true
    case .pass, .copy, .summary, .bounce, .alert: false
    }
  }
}

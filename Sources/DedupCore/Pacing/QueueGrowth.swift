/// Says once that the queue grows, and once that it does no longer.
///
/// It grows when 100 mails or more wait and half as many again as 15 minutes before, or as at the start. It is over when
/// fewer wait than half of the most, or fewer than 50. Held mail does not count.
package struct QueueGrowth: Sendable {
  package struct Standing: Hashable, Sendable {
    package var since: Timestamp
    /// Mails that wait.
    package var waiting: Int
    /// The most that waited at once.
    package var most: Int
    package var oldest: Timestamp?
  }

  package enum Change: Hashable, Sendable {
    case begins(Standing)
    case ends(Standing)
  }

  package static let fewest = 100
  private static let period = Duration.seconds(900)

  /// Nil: it does not grow.
  package private(set) var standing: Standing?
  private var looks: [(at: Timestamp, waiting: Int)] = []

  package init() {}

  /// To be called about once a minute.
  package mutating func look(waiting: Int, oldest: Timestamp?, now: Timestamp) -> Change? {
    looks.removeAll { now.since($0.at) > Self.period || $0.at > now }
    let before = looks.map(\.waiting).min() ?? 0
    looks.append((now, waiting))
    if var standing {
      (standing.waiting, standing.most, standing.oldest) = (waiting, max(standing.most, waiting), oldest)
      guard waiting < max(Self.fewest / 2, standing.most / 2) else {
        self.standing = standing
        return nil
      }
      self.standing = nil
      return .ends(standing)
    }
    guard waiting >= Self.fewest, waiting >= before.saturatingAdding(before / 2) else { return nil }
    let standing = Standing(since: now, waiting: waiting, most: waiting, oldest: oldest)
    self.standing = standing
    return .begins(standing)
  }
}

/// Reports once that the queue grows, and once that it no longer does.
///
/// It grows when at least 100 mails wait and half as many again as the fewest in the last 15 minutes; at the first look
/// 100 are enough. This is over when fewer than half of the maximum wait, or fewer than 50. Held mail does not count.
package struct QueueGrowth: Sendable {
  package struct Status: Hashable, Sendable {
    package var since: Timestamp
    /// The number of waiting mails.
    package var waiting: Int
    /// The maximum number of mails that waited at once.
    package var most: Int
    package var oldest: Timestamp?

    /// The status of a growth that an earlier process reported. Nothing else is known of its queue yet.
    package init(since: Timestamp, most: Int) { self.init(since: since, waiting: 0, most: most, oldest: nil) }

    init(since: Timestamp, waiting: Int, most: Int, oldest: Timestamp?) {
      self.since = since
      self.waiting = waiting
      self.most = most
      self.oldest = oldest
    }
  }

  package enum Change: Hashable, Sendable {
    case begins(Status)
    case ends(Status)
  }

  package static let fewest = 100
  private static let period = Duration.seconds(900)

  /// The current growth; nil: the queue does not grow.
  package private(set) var standing: Status?
  private var looks: [(at: Timestamp, waiting: Int)] = []

  /// - Parameter standing: the growth that an earlier process reported and that was not over when it ended.
  package init(standing: Status? = nil) { self.standing = standing }

  /// Records the state of the queue; must be called about once a minute. Returns the change, or nil.
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
    let standing = Status(since: now, waiting: waiting, most: waiting, oldest: oldest)
    self.standing = standing
    return .begins(standing)
  }
}

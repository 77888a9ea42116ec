/// The number of mails under way at once: one more after each round that went well and used them all, half as many when
/// the next hop says that it is too much (as in TCP, RFC 5681).
package struct SendWindow: Hashable, Sendable {
  private static let first = 5
  /// The time below which more mails at once would gain next to nothing, and a crash would send more of them twice.
  private static let shortTime = Duration.milliseconds(50)
  /// The time within which refusals count as one: deliveries that are under way together are often refused together.
  private static let oneRefusal = Duration.seconds(1)

  package private(set) var size: Int
  private var delivered = 0
  private var halvedAt: Duration?

  package init() { size = Self.first }

  /// Records a delivered mail.
  ///
  /// - Parameters:
  ///   - time: how long the delivery took.
  ///   - wasFull: true if as many mails were under way as are allowed; otherwise nothing is known about more.
  package mutating func delivered(in time: Duration, wasFull: Bool, most: Int) {
    guard wasFull, time >= Self.shortTime else { return }
    delivered += 1
    guard delivered >= size else { return }
    (size, delivered) = (min(max(size, size + 1), max(1, most)), 0)
  }

  package mutating func throttled(at now: Duration) {
    if let halvedAt, now - halvedAt < Self.oneRefusal { return }
    (size, delivered, halvedAt) = (max(1, size / 2), 0, now)
  }
}

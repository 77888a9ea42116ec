/// The state of the queue.
package struct QueueStatus: Hashable, Sendable, Codable {
  package var waiting: Int
  package var oldest: Timestamp?
  package var octets: Int
  /// The number of waiting mails that the admin holds.
  package var held: Int
  /// The number of held-back mails that may be error reports (`SuppressionReason.doubtFlood`). They are not counted in
  /// `waiting`.
  package var doubts: Int

  package init(waiting: Int = 0, oldest: Timestamp? = nil, octets: Int = 0, held: Int = 0, doubts: Int = 0) {
    self.doubts = doubts
    self.waiting = waiting
    self.oldest = oldest
    self.octets = octets
    self.held = held
  }
}

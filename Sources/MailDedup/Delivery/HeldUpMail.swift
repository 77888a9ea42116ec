import DedupCore

/// Mail that was deferred because the way failed, and not for itself.
///
/// When the way opens all of it is due, but each mail that was offered only once: the way may seem to fail because of that
/// very mail, and to open because of the next one, and then such a mail would be offered again and again without a pause
/// (and, where the next hop took it before it said no, arrive as often).
struct HeldUpMail: Sendable {
  private var waiting: Set<QueueID> = []
  /// Of those, and of others that wait for the retry policy, the ones that the opening of a way made due once.
  private var hurried: Set<QueueID> = []
  private static let mostKnown = 10_000

  /// Those that may show whether the way is open, in no order.
  var all: Set<QueueID> { waiting.union(hurried) }

  /// What became of an attempt.
  mutating func note(_ id: QueueID, isHeldUp: Bool, wasOffered: Bool) {
    guard isHeldUp else {
      waiting.remove(id)
      hurried.remove(id)
      return
    }
    guard wasOffered else {
      waiting.insert(id)
      return
    }
    if hurried.count >= Self.mostKnown { hurried = [] }
    if hurried.insert(id).inserted { waiting.insert(id) }
  }

  /// The way is open: what is due now.
  mutating func opened() -> Set<QueueID> {
    defer { waiting = [] }
    return waiting
  }
}

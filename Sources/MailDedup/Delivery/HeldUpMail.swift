import DedupCore

/// Mail that was deferred because its route failed, and not for itself.
///
/// When the route opens, all of it is due, but a mail that was offered becomes due in this way only once. The route may
/// seem to fail because of that very mail, and to open because of the next one; such a mail would then be offered again
/// and again without a pause (and, if the next hop took it before it said no, arrive as often).
struct HeldUpMail: Sendable {
  private var waiting: Set<QueueID> = []
  /// The mails that the opening of a route made due once: of those in `waiting`, and of others that wait for the retry
  /// policy.
  private var hurried: Set<QueueID> = []
  private static let mostKnown = 10_000

  /// The mails that may show whether the route is open, in no particular order.
  var all: Set<QueueID> { waiting.union(hurried) }

  /// Records the result of an attempt.
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

  /// Returns the mails that are due now that the route is open.
  mutating func opened() -> Set<QueueID> {
    defer { waiting = [] }
    return waiting
  }
}

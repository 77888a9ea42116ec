/// An admin's change to mail that waits for delivery.
package enum QueueChange: Hashable, Sendable {
  /// The mail is not tried until it is released. Its age still counts.
  case hold
  /// Held mail is tried again now.
  case release
  /// The mail is tried now, whatever the time of its next attempt.
  case flush
  /// The mail leaves the queue. No one is notified, so the window that it opened is reopened.
  case delete
  /// The mail goes to this smarthost from now on, or by the usual route if nil.
  case reroute(to: Smarthost?)
}

/// The mails of the queue that a change applies to.
package enum QueueSelection: Hashable, Sendable {
  case all
  case ids([QueueID])
}

/// The mails of the queue that a query asks for. Nil in a field means any.
package struct QueueFilter: Hashable, Sendable {
  package var kind: QueueEntry.Kind?
  package var state: QueueEntry.State?
  /// The patterns for sender and recipient, in which `*` stands for any text and `?` for one character.
  package var sender: String?
  package var recipient: String?
  package var limit: Int

  package init(
    kind: QueueEntry.Kind? = nil, state: QueueEntry.State? = nil, sender: String? = nil, recipient: String? = nil,
    limit: Int = 100
  ) {
    self.kind = kind
    self.state = state
    self.sender = sender
    self.recipient = recipient
    self.limit = limit
  }
}

extension QueueEntry {
  /// The state of a mail in the queue.
  package enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// The mail waits for its first attempt.
    case waiting
    /// The last attempt failed, and the mail waits for another one.
    case deferred
    /// The admin holds the mail.
    case held
    /// The mail is damaged and never sent.
    case setAside = "set-aside"
  }
}

extension QueueID {
  /// Returns the ids that begin with `prefix`, which may be a complete id, or nil if it is empty or no id begins with
  /// it.
  package static func range(of prefix: some StringProtocol) -> ClosedRange<QueueID>? {
    let missing = 13 - prefix.utf8.count
    guard missing >= 0, missing < 13,
      let first = QueueID(prefix + String(repeating: "0", count: missing)),
      let last = QueueID(prefix + String(repeating: "Z", count: missing)), first <= last
    else { return nil }
    return first...last
  }
}

/// A mail of the queue, for display.
package struct QueuedMessage: Hashable, Sendable {
  package var entry: QueueEntry
  /// The message or its beginning, or nil if it was not asked for, is damaged or is gone.
  package var message: [UInt8]?

  package init(entry: QueueEntry, message: [UInt8]?) {
    self.entry = entry
    self.message = message
  }
}

/// What an admin does with mail that waits for delivery.
package enum QueueChange: Hashable, Sendable {
  /// It is not tried until it is released. Its age counts on.
  case hold
  /// Held mail is tried again, now.
  case release
  /// It is tried now, whatever its next attempt was.
  case flush
  /// It leaves the queue; nobody is told, so the window that it opened opens again.
  case delete
  /// It goes to this smarthost from now on; nil: the way of all mail.
  case reroute(to: Smarthost?)
}

/// Which mails of the queue are meant.
package enum QueueSelection: Hashable, Sendable {
  case all
  case ids([QueueID])
}

/// Which mails of the queue are asked for; nil: any.
package struct QueueFilter: Hashable, Sendable {
  package var kind: QueueEntry.Kind?
  package var state: QueueEntry.State?
  /// Patterns, in which `*` stands for any text and `?` for a character.
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
  /// What a mail in the queue waits for.
  package enum State: String, Hashable, Sendable, Codable, CaseIterable {
    /// Its first attempt.
    case waiting
    /// Another attempt; the last one failed.
    case deferred
    /// The admin.
    case held
    /// It is damaged and never sent.
    case setAside = "set-aside"
  }
}

extension QueueID {
  /// The ids that begin with `prefix`, which may have all digits; nil when it is no beginning of an id.
  package static func range(of prefix: some StringProtocol) -> ClosedRange<QueueID>? {
    let missing = 13 - prefix.utf8.count
    guard missing >= 0, missing < 13,
      let first = QueueID(prefix + String(repeating: "0", count: missing)),
      let last = QueueID(prefix + String(repeating: "Z", count: missing)), first <= last
    else { return nil }
    return first...last
  }
}

/// A mail of the queue, to be looked at.
package struct QueuedMessage: Hashable, Sendable {
  package var entry: QueueEntry
  /// Its beginning, or all of it; nil when it was not asked for, or is damaged or gone.
  package var message: [UInt8]?

  package init(entry: QueueEntry, message: [UInt8]?) {
    self.entry = entry
    self.message = message
  }
}

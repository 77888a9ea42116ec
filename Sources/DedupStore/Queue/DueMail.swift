package import DedupCore
package import MailMessage

/// What whoever delivers has to know of the queue.
package struct DueMail: Sendable {
  /// To be tried now, the most urgent first.
  package var entries: [QueueEntry]
  /// What to deliver for those of which the messages are small; of the others, and of what is damaged,
  /// `SQLiteStore.message` tells. It holds as long as `queueChanges` is what it was before the queue was asked.
  package var messages: [QueueID: Message]
  /// When the next one is due beside these, which may be in the past; nil when none waits.
  package var next: Timestamp?
}

/// Which mail is asked for.
package enum DueFilter: Hashable, Sendable {
  case all
  /// What an admin sends another way.
  case rerouted
  /// Whether it is due or not, what was queued before `since` and of which the sender was not told that it is late, and
  /// what was queued before `expired`.
  case old(since: Timestamp, expired: Timestamp)
}

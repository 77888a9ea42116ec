package import DedupCore
package import MailMessage

/// The mail that is due, and what the delivery side has to know of the queue.
package struct DueMail: Sendable {
  /// The entries to try now, the most urgent first.
  package var entries: [QueueEntry]
  /// The messages of entries whose messages are small. For the others, and for damaged ones, ask `SQLiteStore.message`.
  /// Valid as long as `queueChanges` is what it was before the queue was asked.
  package var messages: [QueueID: Message]
  /// The time when the next entry beside these is due, which may be in the past; nil if none waits.
  package var next: Timestamp?
}

/// A choice of the mail to ask for.
package enum DueFilter: Hashable, Sendable {
  case all
  /// Mail that an admin sends by another route.
  case rerouted
  /// Mail, due or not, that was queued before `since` and whose sender was not told of the delay, and all mail that was
  /// queued before `expired`.
  case old(since: Timestamp, expired: Timestamp)
}

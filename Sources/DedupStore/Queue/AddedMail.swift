package import DedupCore
package import MailMessage

/// The mail that was added to the queue. The delivery side need not ask the queue for mail that is listed here.
package struct AddedMail: Sendable {
  /// The mail that came in and is due at once, oldest first. Valid as long as `queueChanges` equals `changes`.
  package private(set) var mails: [(entry: QueueEntry, message: Message)] = []
  /// True if `mails` is everything that was added; otherwise the queue has to be asked.
  package private(set) var isComplete: Bool
  /// The `SQLiteStore.transactions` that includes the first one that added something. A queue answer from before that
  /// number was reached contains none of this mail.
  package internal(set) var transaction = 0
  /// The `SQLiteStore.queueChanges` at the time of `transaction`.
  package internal(set) var changes = 0

  private var octets = 0

  init(isComplete: Bool = true) { self.isComplete = isComplete }

  // More mail than the delivery side can use would only take memory.
  private static let mostMails = 20
  private static let mostOctets = 1 << 20

  var isEmpty: Bool { isComplete && mails.isEmpty }

  /// Records that something was added which only the queue can list.
  mutating func addOther() { (mails, octets, isComplete) = ([], 0, false) }

  mutating func add(_ entry: QueueTable.NewEntry, _ message: StoredMessage) {
    guard isComplete, let whole = message.whole else { return addOther() }
    add([(QueueEntry(entry, octets: whole.count), Message(whole))])
  }

  /// Adds the mail that later transactions added.
  package mutating func join(_ later: AddedMail) {
    changes = min(changes, later.changes)
    if isComplete, later.isComplete { add(later.mails) } else { addOther() }
  }

  private mutating func add(_ more: [(entry: QueueEntry, message: Message)]) {
    octets += more.reduce(0) { $0 + $1.message.count }
    guard mails.count + more.count <= Self.mostMails, octets <= Self.mostOctets else { return addOther() }
    mails += more
  }
}

extension QueueEntry {
  /// The entry as the queue shows it before the first attempt.
  fileprivate init(_ new: QueueTable.NewEntry, octets: Int) {
    self.init(
      id: new.id, sender: new.envelope.sender, recipients: new.envelope.recipients, body: new.envelope.body,
      usesSMTPUTF8: new.envelope.usesSMTPUTF8, size: octets, queuedAt: new.queuedAt, attempts: 0,
      nextAttempt: new.queuedAt, lastFailure: nil, kind: new.kind, delayNotified: false,
      statusRequest: new.envelope.statusRequest)
  }
}

package import DedupCore
package import MailMessage

/// What was added to the queue. Whoever delivers need not ask the queue for mail that is given here.
package struct AddedMail: Sendable {
  /// Mail that came in, due at once, oldest first. It holds as long as `queueChanges` is `changes`.
  package private(set) var mails: [(entry: QueueEntry, message: Message)] = []
  /// Whether that is all; otherwise the queue tells.
  package private(set) var isComplete: Bool
  /// The `SQLiteStore.transactions` with the first that added something: an answer of the queue after which that
  /// number was not known yet holds none of this.
  package internal(set) var transaction = 0
  /// The `SQLiteStore.queueChanges` at that time.
  package internal(set) var changes = 0

  private var octets = 0

  init(isComplete: Bool = true) { self.isComplete = isComplete }

  // More than whoever delivers has use for would only take memory.
  private static let mostMails = 20
  private static let mostOctets = 1 << 20

  var isEmpty: Bool { isComplete && mails.isEmpty }

  /// Something was added that only the queue tells of.
  mutating func addOther() { (mails, octets, isComplete) = ([], 0, false) }

  mutating func add(_ entry: QueueTable.NewEntry, _ message: StoredMessage) {
    guard isComplete, let whole = message.whole else { return addOther() }
    add([(QueueEntry(entry, octets: whole.count), Message(whole))])
  }

  /// Adds what later transactions added.
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
  /// As the queue shows it before the first attempt.
  fileprivate init(_ new: QueueTable.NewEntry, octets: Int) {
    self.init(
      id: new.id, sender: new.envelope.sender, recipients: new.envelope.recipients, body: new.envelope.body,
      usesSMTPUTF8: new.envelope.usesSMTPUTF8, size: octets, queuedAt: new.queuedAt, attempts: 0,
      nextAttempt: new.queuedAt, lastFailure: nil, kind: new.kind, delayNotified: false,
      statusRequest: new.envelope.statusRequest)
  }
}

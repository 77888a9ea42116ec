import DedupCore
import MailMessage

/// The facts about entries that are in the database exactly as this process added them, so that they need not be read
/// again for each mail that passes through.
///
/// This is a hint: an entry that is missing here is read. Facts are forgotten when a transaction fails, when an admin
/// changes entries, and when a database is replaced.
struct UnchangedEntries {
  // A mail may have a thousand recipients, and a thousand of such mails must not stay in memory.
  private static let most = 1000
  private static let mostRecipients = 10

  private var facts: [QueueID: QueueTable.Facts] = [:]

  mutating func add(_ entry: QueueTable.NewEntry, _ message: StoredMessage) {
    guard entry.envelope.recipients.count <= Self.mostRecipients else { return }
    // If the next hop accepts nothing, the oldest entries wait and would be read at some point anyway.
    if facts.count >= Self.most { facts = [:] }
    facts[entry.id] = QueueTable.Facts(entry, file: message.fileName)
  }

  /// Removes and returns the facts about an entry. The entry may change from now on.
  mutating func take(_ id: QueueID) -> QueueTable.Facts? { facts.removeValue(forKey: id) }
}

extension QueueTable.Facts {
  /// The facts as they would be read for a new entry.
  fileprivate init(_ entry: QueueTable.NewEntry, file: String?) {
    let recipients = entry.envelope.recipients.enumerated().map { position, address in
      QueueTable.Recipient(
        position: Int64(position), address: address, wish: entry.envelope.wish(for: address), isIntact: true)
    }
    self.init(recipients: recipients, file: file, opened: entry.opened)
  }
}

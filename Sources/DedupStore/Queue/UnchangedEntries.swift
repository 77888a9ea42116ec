import DedupCore
import MailMessage

/// What a settlement has to know of entries that are in the database just as this process added them, so that it need not
/// be read again for each mail that passes through.
///
/// A hint: what is not here is read. It is forgotten with a transaction that fails, with what an admin changes, and with a
/// database that is replaced.
struct UnchangedEntries {
  // A mail may have a thousand recipients, and a thousand of those must not stay in memory.
  private static let most = 1000
  private static let mostRecipients = 10

  private var facts: [QueueID: QueueTable.Facts] = [:]

  mutating func add(_ entry: QueueTable.NewEntry, _ message: StoredMessage) {
    guard entry.envelope.recipients.count <= Self.mostRecipients else { return }
    // Where the next hop takes nothing, the oldest wait and would be read some day anyway.
    if facts.count >= Self.most { facts = [:] }
    facts[entry.id] = QueueTable.Facts(entry, file: message.fileName)
  }

  /// What is known of an entry. It may change from now on.
  mutating func take(_ id: QueueID) -> QueueTable.Facts? { facts.removeValue(forKey: id) }
}

extension QueueTable.Facts {
  /// As they would be read of a new entry.
  fileprivate init(_ entry: QueueTable.NewEntry, file: String?) {
    let recipients = entry.envelope.recipients.enumerated().map { position, address in
      QueueTable.Recipient(
        position: Int64(position), address: address, wish: entry.envelope.wish(for: address), isIntact: true)
    }
    self.init(recipients: recipients, file: file, opened: entry.opened)
  }
}

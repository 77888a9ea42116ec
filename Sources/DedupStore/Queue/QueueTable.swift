import DedupCore
import GRDB
import MailMessage

/// The entries that wait for delivery, and their recipients.
enum QueueTable {
  /// A reason that keeps an entry from being tried, as the column `aside` holds it.
  enum Aside: Int64 {
    case nothing = 0
    case damaged = 1
    case held = 2
  }

  /// A recipient that still waits for a mail, and its delivery status request (RFC 3461).
  struct Recipient {
    var position: Int64
    var address: EmailAddress
    var wish: DeliveryStatusRequest.Wish
    /// True if the row is the one that was written.
    var isIntact: Bool
  }

  /// A window that a forwarded report opened.
  struct OpenedWindow {
    var fingerprint: Int64
    var start: Timestamp
    /// The number of mails that the report says were held back before it.
    var carried: Int
  }

  struct NewEntry {
    var id: QueueID
    var kind: QueueEntry.Kind
    var envelope: Envelope
    var queuedAt: Timestamp
    var opened: OpenedWindow?
    /// The row of the doubts with which the entry is held back; nil if it is due at once.
    var doubt: Int64?
    /// The site whose storm cap the entry counts towards; nil if it counts towards none.
    var cap: Int64?
    /// The question to the fleet before the entry leaves; nil if it leaves without asking.
    var claim: FleetClaim?

    /// The time when the entry is due. An alert goes before everything else that is due.
    fileprivate var due: Timestamp { kind == .alert ? Timestamp(milliseconds: 0) : queuedAt }
  }

  /// Adds an entry. If its ID is in use (by another process, or from before the clock was set back), the entry gets
  /// another one.
  static func insert(_ entry: inout NewEntry, _ message: StoredMessage, _ db: Database) throws {
    while true {
      do {
        try insertRow(entry, message, db)
        break
      } catch let error as DatabaseError where error.resultCode == .SQLITE_CONSTRAINT {
        guard try contains(entry.id, db) else { throw error }
        entry.id = QueueIDs.next(at: entry.id.time)
      }
    }
    try insert(entry.envelope, of: entry.id, db)
    try message.insert(entry.id, db)
  }

  private static func contains(_ id: QueueID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM entry WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id.rawValue]) != nil
  }

  private static func insertRow(_ entry: NewEntry, _ message: StoredMessage, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO entry
          (id, kind, sender, body_type, smtputf8, octets, queued_at, attempts, next_attempt, scheduled_at,
           delay_notified, fingerprint_id, window_start, carried, aside, dsn_ret, dsn_envid, envelope_crc32c,
           recipients, doubt_id, cap_site, fleet_error, fleet_window, fleet_variant, fleet_reason)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    let time = entry.queuedAt.milliseconds
    let envelope = entry.envelope
    let checksum = EnvelopeChecksum.entry(
      entry.id, usesSMTPUTF8: envelope.usesSMTPUTF8,
      [envelope.sender.text, envelope.body.rawValue, entry.kind.rawValue])
    try statement.execute(arguments: [
      entry.id.rawValue, entry.kind.rawValue, envelope.sender.text, envelope.body.rawValue,
      envelope.usesSMTPUTF8, message.octets, time, entry.due.milliseconds, time,
      entry.opened?.fingerprint, entry.opened?.start.milliseconds, entry.opened?.carried ?? 0,
      (entry.doubt == nil ? Aside.nothing : .held).rawValue, envelope.statusRequest?.returns?.rawValue,
      envelope.statusRequest?.envelopeID?.encoded, checksum,
      envelope.recipients.count, entry.doubt, entry.cap, entry.claim?.error,
      entry.claim?.window.wholeMilliseconds, entry.claim?.variant, entry.claim?.reason,
    ])
  }

  /// The facts about an entry that a settlement needs.
  struct Facts {
    var recipients: [Recipient]
    var file: String?
    var opened: OpenedWindow?
  }

  static func facts(_ id: QueueID, _ db: Database) throws -> Facts? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT e.fingerprint_id, e.window_start, e.carried, m.file
        FROM entry e LEFT JOIN message m ON m.entry_id = e.id WHERE e.id = ?
        """)
    guard let row = try Row.fetchOne(statement, arguments: [id.rawValue]) else { return nil }
    var opened: OpenedWindow?
    if let fingerprint = try row.optionalInteger(0), let start = try row.optionalTime(1) {
      opened = OpenedWindow(fingerprint: fingerprint, start: start, carried: try row.count(2))
    }
    return Facts(recipients: try recipients(of: id, db), file: try row.optionalText(3), opened: opened)
  }

  /// Returns the number of attempts for an entry, or nil if it is gone.
  static func attempts(_ id: QueueID, _ db: Database) throws -> Int? {
    try Int.fetchOne(db, sql: "SELECT attempts FROM entry WHERE id = ?", arguments: [id.rawValue])
  }

  /// Records an attempt that left recipients open: those of `recipients` that are in `open`, and when they are tried
  /// again.
  static func update(
    _ settlement: Settlement, recipients: [Recipient], open: [Recipient], scheduledAt: Timestamp?,
    delayNoticeSent: Bool, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE entry
        SET attempts = ?, next_attempt = ?, scheduled_at = IFNULL(?, scheduled_at), last_failure = ?,
          delay_notified = delay_notified OR ?, delivered = delivered OR ?, recipients = ?, paced_by = ?
        WHERE id = ?
        """)
    try statement.execute(arguments: [
      settlement.attempts, min(settlement.nextAttempt, .latestStored).milliseconds, scheduledAt?.milliseconds,
      settlement.lastFailure, delayNoticeSent, !settlement.delivered.isEmpty, open.count, settlement.pacedBy,
      settlement.entry.rawValue,
    ])
    // Rows that stay are not rewritten: a damaged one would get a checksum that says it is sound.
    let forget = try db.cachedStatement(sql: "DELETE FROM recipient WHERE entry_id = ? AND position = ?")
    let stays = Set(open.map(\.position))
    for recipient in recipients where !stays.contains(recipient.position) {
      try forget.execute(arguments: [settlement.entry.rawValue, recipient.position])
    }
  }

  /// Postpones an entry that was not offered yet; `reason` is the limit of the next hop that it waits for.
  static func postpone(
    _ id: QueueID, until time: Timestamp, reason: String, scheduledAt: Timestamp?, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE entry SET next_attempt = ?, scheduled_at = IFNULL(?, scheduled_at), paced_by = ? WHERE id = ?
        """)
    try statement.execute(arguments: [
      min(time, .latestStored).milliseconds, scheduledAt?.milliseconds, reason, id.rawValue,
    ])
  }

  /// Removes an entry with its recipients and its message.
  static func delete(_ id: QueueID, _ db: Database) throws {
    try db.cachedStatement(sql: "DELETE FROM entry WHERE id = ?").execute(arguments: [id.rawValue])
  }

  /// Takes an entry out of delivery for good because its message is damaged, but keeps the entry.
  static func setAside(_ id: QueueID, reason: String, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE entry SET aside = 1, last_failure = ? WHERE id = ?")
    try statement.execute(arguments: ["set aside: \(reason)", id.rawValue])
  }

  /// Makes all entries due that were scheduled at a time that is still in the future by the clock: the clock jumped
  /// back, and it could take days to catch up.
  static func reschedule(now: Timestamp, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE entry SET next_attempt = ?, scheduled_at = ? WHERE scheduled_at > ?")
    let now = now.milliseconds
    try statement.execute(arguments: [now, now, now])
  }

  /// Makes all waiting entries due.
  static func makeDue(now: Timestamp, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE entry SET next_attempt = ?, scheduled_at = ? WHERE aside = 0 AND next_attempt > ?")
    let now = now.milliseconds
    try statement.execute(arguments: [now, now, now])
  }

  static func recipients(of id: QueueID, _ db: Database) throws -> [Recipient] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT address, dsn_notify, dsn_orcpt, position, crc32c FROM recipient WHERE entry_id = ? ORDER BY position
        """)
    return try Row.fetchAll(statement, arguments: [id.rawValue]).map { row in
      let (address, notify, original) = (try row.text(0), try row.optionalText(1), try row.optionalText(2))
      let checksum = try row.optionalInteger(4)
      return Recipient(
        position: try row.integer(3), address: EmailAddress(address),
        wish: DeliveryStatusRequest.Wish(
          notify: notify.flatMap { DeliveryStatusRequest.Notify($0) },
          original: original.flatMap { OriginalRecipient($0, allowingUTF8: true) }),
        isIntact: checksum.map { $0 == EnvelopeChecksum.recipient(of: id, address) } ?? true)
    }
  }

  private static func insert(_ envelope: Envelope, of id: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO recipient (entry_id, position, address, dsn_notify, dsn_orcpt, crc32c) VALUES (?, ?, ?, ?, ?, ?)
        """)
    for (position, address) in envelope.recipients.enumerated() {
      let wish = envelope.wish(for: address)
      let (notify, original) = (wish.notify?.parameter, wish.original?.parameter)
      let checksum = EnvelopeChecksum.recipient(of: id, address.text)
      try statement.execute(arguments: [id.rawValue, position, address.text, notify, original, checksum])
    }
  }
}

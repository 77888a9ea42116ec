import DedupCore
import GRDB
import MailMessage
import RelayMail

/// The mails that the store writes itself, in the transaction in which they become due.
extension Batch {
  /// Queues a mail about the error in `row`.
  ///
  /// - Parameter cap: the site whose storm cap the mail counts towards; nil if none.
  func sendNotice(
    _ kind: ErrorNotice.Kind, of row: Int64, _ record: WindowRecord, _ thread: MailThread, _ form: SubjectForm,
    cap: Int64?, at now: Timestamp
  ) throws {
    // This comes first: it writes variants that `facts` counts.
    let spread = try windows.variants.currentSpread(of: row, db)
    guard let facts = try ErrorFacts.find(row, db), !facts.recipients.isEmpty else { return }
    let notice = ErrorNotice(
      kind: kind, fingerprint: facts.fingerprint, title: facts.title, place: facts.place, site: facts.site,
      record: record, thread: thread, variants: facts.variants, spread: spread, otherSites: facts.otherSites)
    let id = QueueIDs.next(at: now)
    let message = notice.message(
      from: facts.sender, to: facts.recipients, id: id, at: now, form, letterhead)
    try enqueue(
      OwnMail(
        id: id, envelope: Envelope(sender: facts.sender, recipients: facts.recipients), message: message, kind: .notice),
      file: nil, cap: cap, at: now)
  }

  /// Queues the digests that are due, and opens the windows of the errors that they name. It changes errors without
  /// informing `windows`, so it must be called through `SQLiteStore.commit`, like `allClear`.
  ///
  /// - Returns: the time until the next digest may be due; nil if none waits.
  func digest(now: Timestamp) throws -> Duration? {
    for waiting in try DigestTable.waiting(db) where waiting.wait(now: now, every: noticeMode.digestEvery) <= .zero {
      try sendDigest(of: waiting.site, now: now)
    }
    for waiting in try DoubtTable.waiting(db) where waiting.wait(now: now, every: noticeMode.digestEvery) <= .zero {
      try sendDoubtDigest(of: waiting.envelope, now: now)
    }
    return try [
      DigestTable.next(now: now, every: noticeMode.digestEvery, db),
      DoubtTable.next(now: now, every: noticeMode.digestEvery, db),
    ].compactMap { $0 }.min()
  }

  private func sendDoubtDigest(of envelope: String, now: Timestamp) throws {
    guard let (sender, recipients, items) = try DoubtTable.told(envelope, db) else { return }
    let id = QueueIDs.next(at: now)
    let message = DoubtDigest(items.map(\.item)).message(from: sender, to: recipients, id: id, at: now, letterhead)
    let entry = try enqueue(
      OwnMail(id: id, envelope: Envelope(sender: sender, recipients: recipients), message: message, kind: .notice),
      file: nil)
    for (row, item) in items {
      var record = item.record
      record.isTold()
      try DoubtTable.write(record, [], to: row, db)
      try DoubtTable.note(entry, told: item.record.held, of: row, db)
    }
  }

  private func sendDigest(of site: Int64, now: Timestamp) throws {
    let (rows, left) = try DigestTable.errors(of: site, limit: StormDigest.mostErrors, db)
    guard let first = rows.first, let facts = try ErrorFacts.find(first, db), !facts.recipients.isEmpty else { return }
    let id = QueueIDs.next(at: now)
    var items: [StormDigest.Item] = []
    var opened: [QueueTable.OpenedWindow] = []
    for row in rows {
      guard var known = try ErrorRow.find(row, db), let facts = try ErrorFacts.find(row, db) else { continue }
      items.append(
        StormDigest.Item(
          errorID: FingerprintRow.id(of: facts.fingerprint), title: facts.title, place: facts.place,
          subject: known.thread.subject,
          record: known.record))
      opened.append(QueueTable.OpenedWindow(fingerprint: row, start: now, carried: known.record.held))
      known.record.opensWindow(at: now)
      try RecordColumns.write(known.record, to: row, db)
    }
    let message = StormDigest(site: facts.site, items: items, left: left).message(
      from: facts.sender, to: facts.recipients, id: id, at: now, letterhead)
    let entry = try enqueue(
      OwnMail(
        id: id, envelope: Envelope(sender: facts.sender, recipients: facts.recipients), message: message, kind: .notice),
      file: nil)
    for window in opened { try DigestTable.insert(window, by: entry, db) }
  }

  /// Queues the all-clears that are due, as far as the storm cap allows; the other episodes end without a mail.
  func allClear(now: Timestamp) throws {
    let due = try db.cachedStatement(
      sql: """
        SELECT f.id, s.name, f.rule FROM fingerprint f INDEXED BY fingerprint_all_clear JOIN site s ON s.id = f.site_id
        WHERE f.all_clear_at <= ? ORDER BY f.all_clear_at LIMIT 1000
        """)
    for row in try Row.fetchAll(due, arguments: [now.milliseconds]) {
      guard var known = try ErrorRow.find(try row.integer(0), db) else { continue }
      let settings = policy.settings(site: try row.text(1), rule: try row.optionalText(2))
      let limit = settings.hourlyForwards
      if try windows.mayTell(known.site, limit: limit, at: now, db) {
        try sendNotice(.allClear, of: known.id, known.record, known.thread, settings.subject, cap: known.site, at: now)
      }
      known.record.ends()
      try RecordColumns.write(known.record, to: known.id, db)
    }
  }
}

/// The content of a mail about an error beyond its record.
private struct ErrorFacts {
  /// The full name, `version:digest`.
  var fingerprint: String
  var title: String
  var place: String
  var site: String
  var sender: EmailAddress
  var recipients: [EmailAddress]
  var variants: Int
  var otherSites: Int

  static func find(_ row: Int64, _ db: Database) throws -> ErrorFacts? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT f.fingerprint, f.title, f.place, s.name, s.sender, s.recipients,
          (SELECT COUNT(*) FROM variant v WHERE v.fingerprint_id = f.id),
          (SELECT COUNT(*) FROM fingerprint o WHERE o.fingerprint = f.fingerprint AND o.id <> f.id)
        FROM fingerprint f JOIN site s ON s.id = f.site_id WHERE f.id = ?
        """)
    guard let facts = try Row.fetchOne(statement, arguments: [row]) else { return nil }
    let recipients = try facts.text(5).split(separator: "\n").map { EmailAddress(String($0)) }
    return ErrorFacts(
      fingerprint: try facts.text(0), title: try facts.text(1), place: try facts.text(2),
      site: try facts.text(3), sender: EmailAddress(try facts.text(4)), recipients: recipients,
      variants: try facts.count(6), otherSites: try facts.count(7))
  }
}

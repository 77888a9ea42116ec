import DedupCore
import GRDB
import MailMessage
import RelayMail

// The lookup of an error.
extension WindowTable {
  /// Returns the place of an error, which is known by its name, by its name in an earlier version, or through the error
  /// that the admin merged it into.
  mutating func place(of occurrence: Occurrence, _ db: Database) throws -> Place {
    let key = Key(site: occurrence.site.key, error: Grouping.key(of: occurrence))
    if let row = rows[key], let entry = entries[row] { return .known(entry) }
    let place = try find(occurrence, db)
    guard case .known(let entry) = place else { return place }
    rows[key] = entry.row.id
    entries[entry.row.id] = entry
    return place
  }

  private func find(_ occurrence: Occurrence, _ db: Database) throws -> Place {
    var names = [occurrence.fingerprint]
    var found = try load(names, occurrence.site, db)
    if found == nil {
      names += occurrence.previous.all
      if names.count > 1 { found = try load(names, occurrence.site, db) }
    }
    guard var entry = found else { return try grouped(occurrence, names, db) ?? .unknown(name: names[0]) }
    if entry.row.isSplit {
      if names.count == 1 { names += occurrence.previous.all }
      names = names.map { Grouping.part(of: $0, occurrence.variant) }
      guard let part = try load(names, occurrence.site, db) else { return .unknown(name: names[0]) }
      entry = part
    }
    if let other = entry.row.mergedInto, let target = try ErrorRow.find(other, db) { entry = latest(target) }
    return .known(entry)
  }

  /// Returns the entry named by the first of `names`. A row that is known only by a later name, from an earlier
  /// version, is renamed: its history, its window and its counts go on, and an upgrade causes no mail.
  private func load(_ names: [String], _ site: Site, _ db: Database) throws -> Entry? {
    for (index, name) in names.enumerated() {
      guard let row = try ErrorRow.find(name, site, db) else { continue }
      var entry = latest(row)
      if index == 0 { return entry }
      let statement = try db.cachedStatement(
        sql: "UPDATE fingerprint SET fingerprint = ?, explanation = NULL WHERE id = ?")
      try statement.execute(arguments: [names[0], row.id])
      entry.row.isExplained = false
      // The new version may name all variants differently; in this window that is no news.
      entry.row.record.variantsShown = Int(Int32.max)
      return entry
    }
    return nil
  }

  /// Returns the current state of the error, which the database may not know yet.
  func latest(_ row: ErrorRow) -> Entry { entries[row.id] ?? Entry(row: row) }

  mutating func entry(
    at place: Place, _ occurrence: Occurrence, _ head: [UInt8], _ record: WindowRecord, in site: Int64,
    _ db: Database
  ) throws -> Entry {
    switch place {
    case .known(let entry): entry
    case .unknown(let name): try insert(name, occurrence, head, record, in: site, db)
    }
  }

  mutating func insert(
    _ name: String, _ occurrence: Occurrence, _ head: [UInt8], _ record: WindowRecord, in site: Int64,
    _ db: Database
  ) throws -> Entry {
    let thread = MailThread(
      root: MailThread.root(fingerprint: name, at: record.firstSeen),
      subject: DisplayText.oneLine(HeaderEdit.text(of: "subject", in: head) ?? ""))
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO fingerprint
          (site_id, fingerprint, title, place, kind, first_seen, last_seen, held, total, suppressed, thread_root, subject)
        VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 0, ?, ?)
        """)
    try statement.execute(arguments: [
      site, name, occurrence.title, occurrence.place, occurrence.kind, record.firstSeen.milliseconds,
      record.lastSeen.milliseconds,
      thread.root, thread.subject,
    ])
    let id = db.lastInsertedRowID
    rows[Key(site: occurrence.site.key, error: Grouping.key(of: occurrence))] = id
    return Entry(row: ErrorRow(id: id, site: site, record: record, thread: thread))
  }

  /// Returns the text as `site.recipients` holds it: one address on each line.
  static func text(of recipients: [EmailAddress]) -> String {
    recipients.map(\.text).joined(separator: "\n")
  }
}

extension WindowTable.Place {
  var entry: WindowTable.Entry? {
    if case .known(let entry) = self { entry } else { nil }
  }
}

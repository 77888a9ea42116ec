import DedupCore
import GRDB
import MailMessage

/// The windows that one batch touched.
struct WindowTable {
  /// What the rest of the batch needs to know of a window.
  struct Window {
    /// The row of the fingerprint.
    let id: Int64
    /// Whether the mail at hand is the first of its fingerprint.
    var isNew: Bool
    var isExplained: Bool
  }

  private struct Key: Hashable {
    var site: String
    var fingerprint: String
  }

  private struct Entry {
    var window: Window
    var record: WindowRecord
    /// What the latest mail's rule says.
    var rule: RuleEffect?
  }

  private var entries: [Key: Entry] = [:]
  private var sites: [String: Int64] = [:]
  private var variants: VariantTable

  init(variants: VariantTable) { self.variants = variants }

  /// Asks `policy` about one more arrival of an error, and takes its verdict into the record. A new fingerprint gets
  /// its row at once, a known one when the batch is flushed.
  mutating func decide(
    _ occurrence: Occurrence, _ envelope: Envelope, _ policy: WindowPolicy, now: Timestamp, _ db: Database
  ) throws -> (Verdict, Window) {
    let key = Key(site: occurrence.site.key, fingerprint: occurrence.fingerprint)
    let known = try entries[key] ?? load(occurrence, db)
    let arrival = WindowPolicy.Arrival(
      rule: occurrence.rule,
      isNewVariant: try known.map { try variants.isNew(occurrence.variant, of: $0.window.id, db) } ?? false)
    let verdict = policy.decide(known?.record, arrival, now: now)
    let record = WindowRecord.after(verdict, of: known?.record, arrival, now: now)
    let window = try known?.window ?? insert(occurrence, envelope, record, db)
    entries[key] = Entry(
      window: Window(id: window.id, isNew: false, isExplained: window.isExplained), record: record,
      rule: occurrence.rule)
    try variants.note(occurrence.variant, of: window.id, isShown: verdict.isForward, at: now, db)
    return (verdict, window)
  }

  /// Lets the next mail of a fingerprint out: the mail that opened its window at `start` never arrived. What that mail
  /// said about held back ones is counted as held back again. A window that was opened since stays.
  mutating func reopen(fingerprint id: Int64, start: Timestamp, carried: Int, _ db: Database) throws {
    // The row has to be the truth before it is changed behind the back of `entries`.
    try flush(db)
    entries = [:]
    let statement = try db.cachedStatement(
      sql: "UPDATE fingerprint SET window_start = NULL, held = held + ? WHERE id = ? AND window_start = ?")
    try statement.execute(arguments: [carried, id, start.milliseconds])
  }

  func flush(_ db: Database) throws {
    for entry in entries.values {
      let record = entry.record
      let statement = try db.cachedStatement(
        sql: """
          UPDATE fingerprint
          SET last_seen = ?, window_start = ?, held = ?, total = ?, suppressed = ?, window_length = ?,
            variants_shown = ?, treatment = ?, rule = ?
          WHERE id = ?
          """)
      try statement.execute(arguments: [
        record.lastSeen.milliseconds, record.windowStart?.milliseconds, record.held, record.total, record.suppressed,
        record.length?.wholeMilliseconds, record.variantsShown, (entry.rule?.treatment ?? .dedup).rawValue,
        entry.rule?.name, entry.window.id,
      ])
    }
    try variants.flush(db)
  }

  /// The row of an error. One that is known only by what an earlier version called it is renamed: its history, its
  /// window and its counts go on, and an upgrade causes no mail.
  private func load(_ occurrence: Occurrence, _ db: Database) throws -> Entry? {
    if let entry = try load(occurrence.fingerprint, occurrence.site, db) { return entry }
    for name in occurrence.previous {
      guard var entry = try load(name, occurrence.site, db) else { continue }
      let statement = try db.cachedStatement(
        sql: "UPDATE fingerprint SET fingerprint = ?, explanation = NULL WHERE id = ?")
      try statement.execute(arguments: [occurrence.fingerprint, entry.window.id])
      entry.window.isExplained = false
      // The new version may call all variants something else; in this window that is no news.
      entry.record.variantsShown = Int(Int32.max)
      return entry
    }
    return nil
  }

  private func load(_ fingerprint: String, _ site: Site, _ db: Database) throws -> Entry? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT f.id, f.explanation IS NOT NULL, f.first_seen, f.last_seen, f.window_start, f.held, f.total,
          f.suppressed, f.window_length, f.variants_shown
        FROM fingerprint f JOIN site s ON s.id = f.site_id
        WHERE f.fingerprint = ? AND s.key = ?
        """)
    let arguments: StatementArguments = [fingerprint, site.key]
    guard let row = try Row.fetchOne(statement, arguments: arguments) else { return nil }
    let window = Window(id: try row.integer(0), isNew: false, isExplained: try row.integer(1) == 1)
    return Entry(window: window, record: try WindowRecord(row, from: 2))
  }

  private mutating func insert(
    _ occurrence: Occurrence, _ envelope: Envelope, _ record: WindowRecord, _ db: Database
  ) throws -> Window {
    let site = try sites[occurrence.site.key] ?? insert(occurrence.site, envelope, db)
    sites[occurrence.site.key] = site
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO fingerprint
          (site_id, fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """)
    try statement.execute(arguments: [
      site, occurrence.fingerprint, occurrence.title, occurrence.place, record.firstSeen.milliseconds,
      record.lastSeen.milliseconds, record.windowStart?.milliseconds, record.held, record.total, record.suppressed,
    ])
    return Window(id: db.lastInsertedRowID, isNew: true, isExplained: false)
  }

  /// The row of a site, made if it is new.
  private func insert(_ site: Site, _ envelope: Envelope, _ db: Database) throws -> Int64 {
    let find = try db.cachedStatement(sql: "SELECT id FROM site WHERE key = ?")
    if let row = try Row.fetchOne(find, arguments: [site.key]) { return try row.integer(0) }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO site (key, name, sender, recipients) VALUES (?, ?, ?, ?)")
    let recipients = envelope.recipients.map(\.text).joined(separator: "\n")
    try statement.execute(arguments: [site.key, site.name, envelope.sender.text, recipients])
    return db.lastInsertedRowID
  }
}

extension Verdict {
  fileprivate var isForward: Bool {
    if case .forward = self { true } else { false }
  }
}

extension WindowRecord {
  /// From the columns first_seen, last_seen, window_start, held, total, suppressed, window_length, variants_shown.
  init(_ row: Row, from column: Int) throws(StoreFailure) {
    self.init(
      firstSeen: try row.time(column), lastSeen: try row.time(column + 1),
      windowStart: try row.optionalTime(column + 2), held: try row.count(column + 3),
      total: try row.count(column + 4), suppressed: try row.count(column + 5),
      length: try row.optionalTime(column + 6).map { .milliseconds($0.milliseconds) },
      variantsShown: try row.count(column + 7))
  }
}

import DedupCore
import GRDB

/// Removes data that is too old or too much, in steps so small that a mail that arrives meanwhile waits some ms.
///
/// It never removes queued mail or an error with an open window, and no count of a mail is lost: old counts are summed
/// up. Finding the data to remove may take longer than removing it, and needs no writer.
struct Purge {
  private static let rowsAStep = 100
  /// The quarter that holds the counts of everything that is too old. Its time is before every period that is asked
  /// for.
  private static let sumQuarter: Int64 = 0
  /// The age at which doubts that did not come again are forgotten.
  private static let doubtAge = Duration.seconds(30 * 86_400)

  private let retention: Retention
  private let windowLength: Duration
  /// The time for ages (`SeenTime`).
  private let now: Timestamp

  /// Creates a purge.
  ///
  /// - Parameter windowLength: the window length of errors that have none of their own.
  init(_ retention: Retention, windowLength: Duration, now: Timestamp) {
    self.retention = retention
    self.windowLength = windowLength
    self.now = now
  }

  /// A piece of work: rows of one kind that have to be removed.
  struct Work {
    enum Kind {
      case samples, tallies, arrivals, errors, excessErrors, sites, doubts, keptDoubts, dropped
    }

    /// A row as it was found: one that changed since then stays.
    struct Item {
      var id: Int64
      /// The time of the latest mail for the row, in milliseconds; 0 for sites.
      var latest: Int64
    }

    var kind: Kind
    /// The rows; empty for kinds whose rows are searched again on removal.
    var items: [Item] = []

    /// The same work, split into steps that each delay arriving mail by about 2 ms at most.
    var steps: [Work] {
      let size = kind == .samples ? 25 : 10
      if items.count <= size { return [self] }
      return stride(from: 0, to: items.count, by: size).map {
        Work(kind: kind, items: Array(items[$0..<min(items.count, $0 + size)]))
      }
    }
  }

  /// Does one step. Returns true if there may be more. Without anything to do it writes nothing.
  ///
  /// - Parameter orphaned: called with each body file that nothing refers to any more.
  func step(_ db: Database, orphaned: (String) -> Void = { _ in }) throws -> Bool {
    guard let work = try find(db, limit: Self.rowsAStep) else { return false }
    var files: [String] = []
    try db.inTransaction(.immediate) {
      files = try carryOut(work, db)
      return .commit
    }
    files.forEach(orphaned)
    return true
  }

  /// Returns the next work, at most `limit` rows of it; nil if there is none.
  func find(_ db: Database, limit: Int) throws -> Work? {
    for look in [oldSamples, excessSamples, oldCounts, oldErrors, excessErrors, oldSites, oldDoubts] {
      if let work = try look(db, limit) { return work }
    }
    return nil
  }

  private func before(_ age: Duration) -> Timestamp { now.advanced(by: .zero - age) }

  private func items(
    _ kind: Work.Kind, _ sql: String, _ arguments: StatementArguments, _ db: Database
  ) throws -> Work? {
    let rows = try Row.fetchAll(try db.cachedStatement(sql: sql), arguments: arguments)
    if rows.isEmpty { return nil }
    return Work(kind: kind, items: try rows.map { Work.Item(id: try $0.integer(0), latest: try $0.integer(1)) })
  }
}

// Finding the work.
extension Purge {
  private func oldSamples(_ db: Database, _ limit: Int) throws -> Work? {
    try items(
      .samples,
      "SELECT rowid, arrived_at FROM sample WHERE message IS NOT NULL AND arrived_at < ? ORDER BY arrived_at LIMIT ?",
      [before(retention.sampleAge).milliseconds, limit], db)
  }

  private func excessSamples(_ db: Database, _ limit: Int) throws -> Work? {
    let sum = try db.cachedStatement(
      sql: "SELECT IFNULL(SUM(IFNULL(stored, octets)), 0) FROM sample WHERE message IS NOT NULL")
    var total = try Row.fetchOne(sum)?.count(0) ?? 0
    guard total > retention.sampleOctets else { return nil }
    let statement = try db.cachedStatement(
      sql: """
        SELECT rowid, arrived_at, IFNULL(stored, octets) FROM sample WHERE message IS NOT NULL ORDER BY arrived_at LIMIT ?
        """)
    var excess: [Work.Item] = []
    for row in try Row.fetchAll(statement, arguments: [limit]) where total > retention.sampleOctets {
      excess.append(Work.Item(id: try row.integer(0), latest: try row.integer(1)))
      total -= try row.count(2)
    }
    return excess.isEmpty ? nil : Work(kind: .samples, items: excess)
  }

  private func oldCounts(_ db: Database, _ limit: Int) throws -> Work? {
    let quarter = before(retention.history).quarter
    let looks: [(Work.Kind, String)] = [
      (.tallies, "SELECT 1 FROM tally WHERE quarter > \(Self.sumQuarter) AND quarter < ? LIMIT 1"),
      (.arrivals, "SELECT 1 FROM arrival WHERE quarter < ? LIMIT 1"),
      (.dropped, "SELECT 1 FROM dropped WHERE quarter < ? LIMIT 1"),
    ]
    for (kind, look) in looks {
      if try Row.fetchOne(try db.cachedStatement(sql: look), arguments: [quarter]) != nil { return Work(kind: kind) }
    }
    return nil
  }

  /// Finds errors that are too old. Their counts and samples are gone before, but not their variants. An error that the
  /// admin merged or split is seen under other names; it stays while those exist, or the admin's decision would be
  /// forgotten.
  private func oldErrors(_ db: Database, _ limit: Int) throws -> Work? {
    try items(
      .errors,
      """
      SELECT id, last_seen FROM fingerprint
      WHERE last_seen < ? AND (window_start IS NULL OR window_start + IFNULL(window_length, ?) <= ?)
        AND is_split = 0 AND (merged_into IS NULL OR merged_into NOT IN (SELECT id FROM fingerprint))
      ORDER BY last_seen LIMIT ?
      """,
      [
        before(retention.history).milliseconds, windowLength.wholeMilliseconds, now.milliseconds,
        min(limit, 10),
      ], db)
  }

  /// Finds errors of an envelope that has more than nine tenths of the errors that it may have: first those that came
  /// only once, the oldest first. A forgotten error that comes again is reported as a new one. An error that came more
  /// than once is removed only if there is no room at all. Errors that wait for a digest stay, and so do those that the
  /// admin said something about.
  private func excessErrors(_ db: Database, _ limit: Int) throws -> Work? {
    let full = try db.cachedStatement(
      sql: "SELECT envelope, SUM(errors) FROM site GROUP BY envelope HAVING SUM(errors) > ? LIMIT 1")
    guard let row = try Row.fetchOne(full, arguments: [SiteBounds.mostErrors / 10 * 9]) else { return nil }
    return try items(
      .excessErrors,
      """
      SELECT f.id, f.last_seen FROM site s CROSS JOIN fingerprint f INDEXED BY fingerprint_site ON f.site_id = s.id
      WHERE s.envelope = ?1 AND f.last_seen < ?2 AND f.awaits_digest IS NULL AND f.is_split = 0
        AND (f.total <= 1 OR ?6)
        AND (f.window_start IS NULL OR f.window_start + IFNULL(f.window_length, ?3) <= ?4)
        AND f.merged_into IS NULL AND f.resolved_at IS NULL AND f.pass_next = 0
        AND f.id NOT IN (SELECT merged_into FROM fingerprint WHERE merged_into IS NOT NULL)
        AND f.id NOT IN (SELECT fingerprint_id FROM silence WHERE ended_at IS NULL AND fingerprint_id IS NOT NULL)
      ORDER BY f.total > 1, f.last_seen LIMIT ?5
      """,
      [
        try row.text(0), before(.seconds(3600)).milliseconds, windowLength.wholeMilliseconds, now.milliseconds, limit,
        try row.count(1) >= SiteBounds.mostErrors,
      ], db)
  }

  /// Finds sites without errors. Such a site becomes known again when it has one.
  private func oldSites(_ db: Database, _ limit: Int) throws -> Work? {
    try items(
      .sites,
      """
      SELECT id, 0 FROM site WHERE errors <= 0
        AND NOT EXISTS (SELECT 1 FROM sent WHERE site_id = site.id AND at > ?) LIMIT ?
      """, [before(StormCap.period).milliseconds, limit], db)
  }

  private func oldDoubts(_ db: Database, _ limit: Int) throws -> Work? {
    let kept = try items(
      .keptDoubts,
      """
      SELECT id, queued_at FROM entry INDEXED BY entry_doubt
      WHERE doubt_id IS NOT NULL AND aside = 2 AND queued_at < ? LIMIT ?
      """, [before(retention.sampleAge).milliseconds, limit], db)
    if let kept { return kept }
    return try items(
      .doubts, "SELECT id, last_seen FROM doubt WHERE last_seen < ? AND awaits_digest IS NULL LIMIT ?",
      [before(min(Self.doubtAge, retention.history)).milliseconds, limit], db)
  }
}

// Carrying out the work.
extension Purge {
  /// Removes the rows of `work`. Call it in a transaction.
  ///
  /// - Returns: the body files that nothing refers to any more.
  func carryOut(_ work: Work, _ db: Database) throws -> [String] {
    switch work.kind {
    case .samples: try remove(work, "DELETE FROM sample WHERE rowid = ? AND arrived_at <= ?", db)
    case .errors: try remove(work, "DELETE FROM fingerprint WHERE id = ? AND last_seen <= ?", db)
    case .excessErrors:
      try remove(work, "DELETE FROM fingerprint WHERE id = ? AND last_seen <= ?", db)
      try DroppedTable.add(work.items.count, .errors, now.quarter, db)
    case .sites:
      try remove(work, "DELETE FROM site WHERE id = ? AND errors <= ?", db)
      try db.execute(sql: "DELETE FROM site_package WHERE envelope NOT IN (SELECT envelope FROM site)")
    case .doubts: try remove(work, "DELETE FROM doubt WHERE id = ? AND last_seen <= ?", db)
    case .keptDoubts: return try removeKept(work, db)
    case .tallies: try sumUpTallies(db)
    case .arrivals:
      let statement = try db.cachedStatement(
        sql: """
          DELETE FROM arrival WHERE (fingerprint_id, quarter) IN
            (SELECT fingerprint_id, quarter FROM arrival WHERE quarter < ? ORDER BY quarter LIMIT ?)
          """)
      try statement.execute(arguments: [before(retention.history).quarter, Self.rowsAStep])
    case .dropped:
      let statement = try db.cachedStatement(sql: "DELETE FROM dropped WHERE quarter < ?")
      try statement.execute(arguments: [before(retention.history).quarter])
    }
    return []
  }

  private func remove(_ work: Work, _ sql: String, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: sql)
    for item in work.items { try statement.execute(arguments: [item.id, item.latest]) }
  }

  private func removeKept(_ work: Work, _ db: Database) throws -> [String] {
    var files: [String] = []
    for item in work.items {
      let id = QueueID(rawValue: item.id)
      guard let facts = try QueueTable.facts(id, db), try QueueTable.isKeptDoubt(id, db) else { continue }
      try QueueTable.delete(id, db)
      facts.file.map { files.append($0) }
    }
    return files
  }

  private func sumUpTallies(_ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "SELECT quarter, outcome, reason, mails FROM tally WHERE quarter > ? AND quarter < ? LIMIT ?")
    let arguments: StatementArguments = [Self.sumQuarter, before(retention.history).quarter, Self.rowsAStep]
    let rows = try Row.fetchAll(statement, arguments: arguments)
    let add = try db.cachedStatement(
      sql: """
        INSERT INTO tally (quarter, outcome, reason, mails) VALUES (\(Self.sumQuarter), ?, ?, ?)
        ON CONFLICT DO UPDATE SET mails = mails + excluded.mails
        """)
    let remove = try db.cachedStatement(sql: "DELETE FROM tally WHERE quarter = ? AND outcome = ? AND reason = ?")
    for row in rows {
      let (outcome, reason) = (try row.text(1), try row.text(2))
      try add.execute(arguments: [outcome, reason, try row.count(3)])
      try remove.execute(arguments: [try row.integer(0), outcome, reason])
    }
  }
}

extension QueueTable {
  /// Returns true if an entry is a doubt that is held back; a released one is waiting mail.
  static func isKeptDoubt(_ id: QueueID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "SELECT 1 FROM entry WHERE id = ? AND doubt_id IS NOT NULL AND aside = 2")
    return try Row.fetchOne(statement, arguments: [id.rawValue]) != nil
  }
}

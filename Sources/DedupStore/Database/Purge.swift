import DedupCore
import GRDB

/// Removes what is too old or too much, in steps so small that a mail that arrives meanwhile waits some ms.
///
/// Never the queue, never an error with an open window, and no count of a mail is lost: old ones are summed up. To find
/// what has to go may take longer than to remove it, and needs no writer.
struct Purge {
  private static let rowsAStep = 100
  /// Where the counts of all that is too old stand. Its time is before every period that anybody asks for.
  private static let sumQuarter: Int64 = 0
  /// Doubts that did not come for so long are forgotten.
  private static let doubtAge = Duration.seconds(30 * 86_400)

  private let retention: Retention
  private let windowLength: Duration
  /// The time for ages (`SeenTime`).
  private let now: Timestamp

  /// - Parameter windowLength: of errors that have none of their own.
  init(_ retention: Retention, windowLength: Duration, now: Timestamp) {
    self.retention = retention
    self.windowLength = windowLength
    self.now = now
  }

  /// What has to go.
  struct Work {
    enum Kind {
      case samples, tallies, arrivals, errors, excessErrors, sites, doubts, keptDoubts, dropped
    }

    /// A row as it was found: one that changed since stays.
    struct Item {
      var id: Int64
      /// When something came for it last.
      var latest: Int64
    }

    var kind: Kind
    /// Empty for what is found again when it is removed.
    var items: [Item] = []

    /// The same in steps that each hold up a mail for a ms or two.
    var steps: [Work] {
      let size = kind == .samples ? 25 : 10
      if items.count <= size { return [self] }
      return stride(from: 0, to: items.count, by: size).map {
        Work(kind: kind, items: Array(items[$0..<min(items.count, $0 + size)]))
      }
    }
  }

  /// Returns whether there may be more. Without anything to do it writes nothing.
  ///
  /// - Parameter orphaned: is told of body files that nothing refers to any more.
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

  /// What has to go first, at most `limit` rows of it; nil: nothing has.
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

// What has to go.
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

  /// What hangs on an error (counts, samples) is gone before, but for its variants. One that the admin merged or split is
  /// seen under other names; while those are there it stays, or what the admin said would be forgotten.
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

  /// Of an envelope that has nearly as many errors as it may, a tenth goes: what came only once and the oldest first. An
  /// error that is forgotten and comes again is told as a new one. What came more than once goes only where there is no room
  /// at all. What waits for a digest stays, and so does what the
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

  /// A site without errors is known again when it has one.
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

// Away with it.
extension Purge {
  /// To be called in a transaction.
  ///
  /// - Returns: body files that nothing refers to any more.
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
  /// Whether an entry is a doubt that is held back; a released one is mail that waits.
  static func isKeptDoubt(_ id: QueueID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "SELECT 1 FROM entry WHERE id = ? AND doubt_id IS NOT NULL AND aside = 2")
    return try Row.fetchOne(statement, arguments: [id.rawValue]) != nil
  }
}

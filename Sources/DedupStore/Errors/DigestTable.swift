import DedupCore
import GRDB

/// The errors that wait for a digest, and the windows that digests opened.
enum DigestTable {
  /// A site with waiting errors, and the time since which the first of them waits.
  struct Waiting {
    var site: Int64
    var since: Timestamp

    /// Returns the time until the digest is due; never positive if the clock was set back since.
    func wait(now: Timestamp, every period: Duration) -> Duration {
      StormCap.wait(since: since, now: now, every: period)
    }
  }

  /// Returns the sites with waiting errors.
  static func waiting(_ db: Database) throws -> [Waiting] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT site_id, MIN(awaits_digest) FROM fingerprint INDEXED BY fingerprint_digest
        WHERE awaits_digest IS NOT NULL GROUP BY site_id
        """)
    return try Row.fetchAll(statement).map { Waiting(site: try $0.integer(0), since: try $0.time(1)) }
  }

  /// Returns the time until a digest is due; nil if no error waits for one.
  static func next(now: Timestamp, every period: Duration, _ db: Database) throws -> Duration? {
    try waiting(db).map { $0.wait(now: now, every: period) }.min()
  }

  /// Returns the waiting errors of `site` in order of arrival, and the number of further ones.
  static func errors(of site: Int64, limit: Int, _ db: Database) throws -> (rows: [Int64], left: Int) {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id FROM fingerprint INDEXED BY fingerprint_digest
        WHERE awaits_digest IS NOT NULL AND site_id = ? ORDER BY awaits_digest, id
        """)
    let all = try Row.fetchAll(statement, arguments: [site]).map { try $0.integer(0) }
    return (Array(all.prefix(limit)), max(0, all.count - limit))
  }

  static func insert(_ opened: QueueTable.OpenedWindow, by entry: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO digest (entry_id, fingerprint_id, window_start, carried) VALUES (?, ?, ?, ?)")
    try statement.execute(arguments: [
      entry.rawValue, opened.fingerprint, opened.start.milliseconds, opened.carried,
    ])
  }

  /// Returns the windows that the digest in `entry` opened.
  static func opened(by entry: QueueID, _ db: Database) throws -> [QueueTable.OpenedWindow] {
    let statement = try db.cachedStatement(
      sql: "SELECT fingerprint_id, window_start, carried FROM digest WHERE entry_id = ?")
    return try Row.fetchAll(statement, arguments: [entry.rawValue]).map {
      QueueTable.OpenedWindow(
        fingerprint: try $0.integer(0), start: try $0.time(1), carried: try $0.count(2))
    }
  }
}

/// Queries on due all-clears.
enum AllClears {
  /// Returns the time of the next all-clear; nil if none is wanted.
  static func next(_ db: Database) throws -> Timestamp? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT MIN(all_clear_at) FROM fingerprint INDEXED BY fingerprint_all_clear WHERE all_clear_at IS NOT NULL
        """)
    return try Row.fetchOne(statement)?.optionalTime(0)
  }
}

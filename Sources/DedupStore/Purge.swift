import DedupCore
import GRDB

/// Removes what is too old or too much, in steps so small that a mail that arrives meanwhile waits some ms.
///
/// Never the queue, never an error with an open window, and no count of a mail is lost: old ones are summed up.
struct Purge {
  private static let rowsAStep = 100
  /// Where the counts of all that is too old stand. Its time is before every period that anybody asks for.
  private static let sumQuarter: Int64 = 0

  private let retention: Retention
  private let windowLength: Duration
  private let now: Timestamp

  /// - Parameter windowLength: of errors that have none of their own.
  init(_ retention: Retention, windowLength: Duration, now: Timestamp) {
    self.retention = retention
    self.windowLength = windowLength
    self.now = now
  }

  /// Returns whether there may be more. Without anything to do it writes nothing.
  func step(_ db: Database) throws -> Bool {
    for work in [oldSamples, excessSamples, oldTallies, oldArrivals, oldErrors] {
      if try work(db) { return true }
    }
    return false
  }

  private func before(_ age: Duration) -> Timestamp { now.advanced(by: .zero - age) }

  private func oldSamples(_ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "SELECT rowid FROM sample WHERE message IS NOT NULL AND arrived_at < ? ORDER BY arrived_at LIMIT ?")
    let rows = try Row.fetchAll(statement, arguments: [before(retention.sampleAge).milliseconds, Self.rowsAStep])
    return try removeSamples(try rows.map { try $0.integer(0) }, db)
  }

  private func excessSamples(_ db: Database) throws -> Bool {
    let sum = try db.cachedStatement(
      sql: "SELECT IFNULL(SUM(IFNULL(stored, octets)), 0) FROM sample WHERE message IS NOT NULL")
    var total = try Row.fetchOne(sum)?.count(0) ?? 0
    guard total > retention.sampleOctets else { return false }
    let statement = try db.cachedStatement(
      sql: "SELECT rowid, IFNULL(stored, octets) FROM sample WHERE message IS NOT NULL ORDER BY arrived_at LIMIT ?")
    var excess: [Int64] = []
    for row in try Row.fetchAll(statement, arguments: [Self.rowsAStep]) where total > retention.sampleOctets {
      excess.append(try row.integer(0))
      total -= try row.count(1)
    }
    return try removeSamples(excess, db)
  }

  private func removeSamples(_ rows: [Int64], _ db: Database) throws -> Bool {
    guard !rows.isEmpty else { return false }
    try db.inTransaction(.immediate) {
      let statement = try db.cachedStatement(sql: "DELETE FROM sample WHERE rowid = ?")
      for row in rows { try statement.execute(arguments: [row]) }
      return .commit
    }
    return true
  }

  private func oldTallies(_ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "SELECT quarter, outcome, reason, mails FROM tally WHERE quarter > ? AND quarter < ? LIMIT ?")
    let arguments: StatementArguments = [Self.sumQuarter, before(retention.history).quarter, Self.rowsAStep]
    let rows = try Row.fetchAll(statement, arguments: arguments)
    guard !rows.isEmpty else { return false }
    try db.inTransaction(.immediate) {
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
      return .commit
    }
    return true
  }

  private func oldArrivals(_ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: """
        DELETE FROM arrival WHERE (fingerprint_id, quarter) IN
          (SELECT fingerprint_id, quarter FROM arrival WHERE quarter < ? ORDER BY quarter LIMIT ?)
        """)
    return try remove(statement, [before(retention.history).quarter, Self.rowsAStep], db)
  }

  /// What hangs on an error (counts, samples) is gone before, but for its variants. One that the admin merged or split is
  /// seen under other names; while those are there it stays, or what the admin said would be forgotten.
  private func oldErrors(_ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: """
        DELETE FROM fingerprint WHERE id IN
          (SELECT id FROM fingerprint
           WHERE last_seen < ? AND (window_start IS NULL OR window_start + IFNULL(window_length, ?) <= ?)
             AND is_split = 0 AND (merged_into IS NULL OR merged_into NOT IN (SELECT id FROM fingerprint))
           ORDER BY last_seen LIMIT 10)
        """)
    let arguments: StatementArguments = [
      before(retention.history).milliseconds, windowLength.wholeMilliseconds, now.milliseconds,
    ]
    return try remove(statement, arguments, db)
  }

  private func remove(_ statement: Statement, _ arguments: StatementArguments, _ db: Database) throws -> Bool {
    try db.inTransaction(.deferred) {
      try statement.execute(arguments: arguments)
      return .commit
    }
    return db.changesCount > 0
  }
}

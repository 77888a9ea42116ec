import DedupCore
import Foundation
import GRDB
import MailMessage
import RelayMail

// Rows.
extension DoubtTable {
  static let columns = """
    first_seen, last_seen, window_start, forwarded, held, total, dropped, told, awaits_digest, samples
    """

  static func write(
    _ record: DoubtRecord, _ samples: [DoubtDigest.Sample], to row: Int64, _ db: Database
  ) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET last_seen = ?, window_start = ?, forwarded = ?, held = ?, total = ?, dropped = ?, told = ?,
          awaits_digest = ?, samples = ? WHERE id = ?
        """)
    try statement.execute(arguments: [
      record.lastSeen.milliseconds, record.windowStart.milliseconds, record.forwarded, record.held, record.total,
      record.dropped, record.told, record.awaitsDigestSince?.milliseconds, try json(samples), row,
    ])
  }

  private static func json(_ samples: [DoubtDigest.Sample]) throws -> String {
    samples.isEmpty ? "[]" : String(decoding: try JSONEncoder().encode(samples), as: UTF8.self)
  }

  /// Decodes the samples; Subjects that cannot be read count as none.
  static func samples(_ row: Row, _ column: Int) throws -> [DoubtDigest.Sample] {
    (try? JSONDecoder().decode([DoubtDigest.Sample].self, from: Data(try row.text(column).utf8))) ?? []
  }

  /// The doubts of one envelope that wait for a digest.
  struct Waiting {
    var envelope: String
    var since: Timestamp
    /// The number of consecutive digests that were rejected for good.
    var rejections = 0

    /// Returns the time until the digest is due. The pause doubles with each rejection, up to an hour.
    func wait(now: Timestamp, every period: Duration) -> Duration {
      let longer = min(period * (1 << min(rejections, 10)), max(period, .seconds(3600)))
      return StormCap.wait(since: since, now: now, every: longer)
    }
  }

  static func waiting(_ db: Database) throws -> [Waiting] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT envelope, MIN(awaits_digest), MAX(digest_rejections) FROM doubt INDEXED BY doubt_digest
        WHERE awaits_digest IS NOT NULL GROUP BY envelope
        """)
    return try Row.fetchAll(statement).map {
      Waiting(envelope: try $0.text(0), since: try $0.time(1), rejections: try $0.count(2))
    }
  }

  /// Returns the time until a digest is due; nil if no doubt waits for one.
  static func next(now: Timestamp, every period: Duration, _ db: Database) throws -> Duration? {
    try waiting(db).map { $0.wait(now: now, every: period) }.min()
  }

  /// Returns the content of a digest of `envelope`, its sender and its recipients; nil if no doubt waits.
  static func told(
    _ envelope: String, _ db: Database
  ) throws -> (sender: EmailAddress, recipients: [EmailAddress], items: [(row: Int64, item: DoubtDigest.Item)])? {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, \(columns), reason, type, place, sender, recipients FROM doubt
        WHERE envelope = ? AND awaits_digest IS NOT NULL ORDER BY id
        """)
    let rows = try Row.fetchAll(statement, arguments: [envelope])
    guard let first = rows.first else { return nil }
    let items = try rows.map { row in
      let (type, place) = (try row.text(12), try row.text(13))
      let doubt = DoubtfulReport(
        reason: try row.text(11), type: type.isEmpty ? nil : type, place: place.isEmpty ? nil : place)
      let item = DoubtDigest.Item(doubt: doubt, record: try DoubtRecord(row, from: 1), samples: try samples(row, 10))
      return (try row.integer(0), item)
    }
    let recipients = try first.text(15).split(separator: "\n").map { EmailAddress(String($0)) }
    return (EmailAddress(try first.text(14)), recipients, items)
  }

  /// Records that the digest in `entry` reported the mails that `row` held back.
  static func note(_ entry: QueueID, told held: Int, of row: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET digest_rejections = IIF(told_by IS NULL, digest_rejections, 0), told_by = ?, told_held = ?
        WHERE id = ?
        """)
    try statement.execute(arguments: [entry.rawValue, held, row])
  }

  /// Allows the doubts in the digest of `entry` to be reported again, since no recipient got it.
  ///
  /// - Parameter rejectedAt: the time from which the next digest waits; nil if an admin deleted the digest.
  static func untell(_ entry: QueueID, rejectedAt: Timestamp?, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: """
        UPDATE doubt SET held = held + told_held, awaits_digest = COALESCE(?2, awaits_digest, last_seen),
          digest_rejections = digest_rejections + (?2 IS NOT NULL), told_by = NULL
        WHERE told_by = ?1
        """)
    try statement.execute(arguments: [entry.rawValue, rejectedAt?.milliseconds])
  }
}

extension DoubtRecord {
  /// Reads a record from the columns of `DoubtTable`, the first of which is `column`.
  init(_ row: Row, from column: Int) throws(StoreFailure) {
    self.init(at: try row.time(column))
    (lastSeen, windowStart) = (try row.time(column + 1), try row.time(column + 2))
    (forwarded, held, total) = (try row.count(column + 3), try row.count(column + 4), try row.count(column + 5))
    (dropped, told) = (try row.count(column + 6), try row.count(column + 7))
    awaitsDigestSince = try row.optionalTime(column + 8)
  }
}

import DedupCore
import GRDB

/// Finds the samples of a selection and removes them.
struct SampleRemoval {
  /// The rows removed in one transaction, so that a mail that arrives meanwhile waits some ms.
  static let rowsAStep = 100
  /// The number of errors from which an ID counts as ambiguous.
  private static let mostErrors = FingerprintQueries.detailLimit

  struct Found {
    var count = SampleCount()
    var rows: [Int64] = []
  }

  /// Finds the samples of a selection.
  ///
  /// - Throws: a `StoreFailure` if an ID matches so many errors that it can hardly be intended.
  static func find(_ selection: SampleSelection, now: Timestamp, _ db: Database) throws -> Found {
    var found = Found()
    let errors = try Self.errors(selection.errors, &found.count.unknown, db)
    let before = selection.age.map { now.advanced(by: .zero - $0).milliseconds } ?? .max
    let statement = try db.cachedStatement(
      sql: """
        SELECT s.rowid, s.octets, s.fingerprint_id FROM sample s JOIN fingerprint f ON f.id = s.fingerprint_id
        WHERE s.message IS NOT NULL AND s.arrived_at < ?1
          AND (?2 IS NULL OR f.id IN (SELECT value FROM json_each(?2)) OR f.merged_into IN (SELECT value FROM json_each(?2)))
        """)
    var seen: Set<Int64> = []
    for row in try Row.fetchAll(statement, arguments: [before, errors.map { "[\($0)]" }]) {
      found.rows.append(try row.integer(0))
      found.count.octets += try row.count(1)
      seen.insert(try row.integer(2))
    }
    (found.count.mails, found.count.errors) = (found.rows.count, seen.count)
    return found
  }

  /// Returns the rows of the errors, separated by commas; nil for all.
  private static func errors(
    _ errors: SampleSelection.Errors, _ unknown: inout [String], _ db: Database
  ) throws -> String? {
    guard case .ids(let ids, let site) = errors else { return nil }
    var rows: [String] = []
    for id in ids {
      let named = try FingerprintQueries.named(id, site: site, db)
      if named.isEmpty { unknown.append(id) }
      guard named.count < mostErrors else {
        throw StoreFailure(.other, "\(id) stands for \(mostErrors) errors or more; give more of its digits")
      }
      rows += named.map { "\($0.row)" }
    }
    return rows.joined(separator: ",")
  }

  static func remove(_ rows: some Sequence<Int64>, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM sample WHERE rowid = ?")
    for row in rows { try statement.execute(arguments: [row]) }
  }
}

/// Removes deleted data from the files too: SQLite leaves it on pages that it may reuse at some point, and in the WAL.
enum Wiping {
  /// The maximum number of pages of a database that is rewritten at once: about a second, in which mail waits.
  private static let mostPagesAtOnce = 16_384
  /// The number of pages given back in one step for a larger database.
  private static let pagesAStep = 512

  /// Does one step. Returns true if there are more.
  ///
  /// A rewritten database holds nothing but its current content. If rewriting would take too long, its free pages are
  /// given back instead: all that may then be left is the end of a deleted mail, less than a page, after one that
  /// replaced it.
  static func step(_ db: Database) throws -> Bool {
    if db.isInsideTransaction { try db.rollback() }
    let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    let pages = try Int.fetchOne(db, sql: "PRAGMA page_count") ?? 0
    if pages - free <= mostPagesAtOnce {
      try db.execute(sql: "VACUUM")
      return false
    }
    if free > 0 { try db.execute(sql: "PRAGMA incremental_vacuum(\(pagesAStep))") }
    return free > pagesAStep
  }

  /// Moves the WAL into the database and empties it. Fails if a reader takes longer than the busy timeout.
  static func emptyLog(_ db: Database) throws { _ = try db.checkpoint(.truncate) }
}

import DedupCore
import GRDB

/// Reads the errors that the admin merged and split.
enum GroupingQueries {
  /// Returns the merged errors first, each kind in the order in which its errors were first seen.
  static func all(_ db: Database) throws -> [ErrorGrouping] { try merged(db) + split(db) }

  private static func merged(_ db: Database) throws -> [ErrorGrouping] {
    let rows = try Row.fetchAll(
      db, sql: "SELECT merged_into, id FROM fingerprint WHERE merged_into IS NOT NULL ORDER BY merged_into, id")
    var groupings: [ErrorGrouping] = []
    for row in rows {
      guard let member = try FingerprintQueries.named(try row.integer(1), db) else { continue }
      let target = try row.integer(0)
      if groupings.last?.error.row == target {
        groupings[groupings.count - 1].members.append(member)
      } else if let error = try FingerprintQueries.named(target, db) {
        groupings.append(ErrorGrouping(kind: .merged, error: error, members: [member]))
      }
    }
    return groupings
  }

  private static func split(_ db: Database) throws -> [ErrorGrouping] {
    let rows = try Row.fetchAll(db, sql: "SELECT id FROM fingerprint WHERE is_split = 1 ORDER BY id")
    return try rows.compactMap { row in
      guard let error = try FingerprintQueries.named(try row.integer(0), db) else { return nil }
      return ErrorGrouping(kind: .split, error: error, members: try parts(of: error, db))
    }
  }

  /// Returns the errors of the same site whose names are those of variants of `error`.
  private static func parts(of error: NamedError, _ db: Database) throws -> [NamedError] {
    let rows = try Row.fetchAll(
      db,
      sql: """
        SELECT f.id, f.fingerprint, v.variant FROM fingerprint f JOIN variant v ON v.fingerprint_id = f.id
        WHERE f.site_id = (SELECT site_id FROM fingerprint WHERE id = ?1) AND f.id <> ?1 ORDER BY f.id
        """, arguments: [error.row])
    return try rows.compactMap { row in
      guard try Grouping.part(of: error.fingerprint, try row.text(2)) == row.text(1) else { return nil }
      return try FingerprintQueries.named(try row.integer(0), db)
    }
  }
}

import DedupCore
import GRDB

/// Queries on sites.
enum SiteQueries {
  /// Returns every site that sent error mail in the period, with the number of mails.
  static func audiences(_ period: Range<Int64>, _ db: Database) throws -> [SiteAudience] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT s.id, s.name, s.sender, s.recipients, SUM(a.forwarded + a.suppressed)
        FROM arrival a JOIN fingerprint f ON f.id = a.fingerprint_id JOIN site s ON s.id = f.site_id
        WHERE a.quarter >= ? AND a.quarter < ? GROUP BY s.id ORDER BY s.id
        """)
    return try Row.fetchAll(statement, arguments: [period.lowerBound, period.upperBound]).map { row in
      SiteAudience(
        row: try row.integer(0), name: try row.text(1), sender: try row.text(2),
        recipients: try row.text(3).split(separator: "\n").map(String.init), mails: try row.count(4))
    }
  }

  /// Returns the names of `sites`, or of all sites if nil.
  static func names(_ sites: Set<Int64>?, _ db: Database) throws -> [Int64: String] {
    var names: [Int64: String] = [:]
    let list = sites?.map(String.init).joined(separator: ", ")
    let wanted = list.map { " WHERE id IN (\($0))" } ?? ""
    for row in try Row.fetchAll(db, sql: "SELECT id, name FROM site\(wanted)") {
      names[try row.integer(0)] = try row.text(1)
    }
    return names
  }
}

import DedupCore
import GRDB

/// Sums over everything that the store knows.
enum StatisticsQueries {
  /// Returns all statistics.
  ///
  /// - Parameter since: the start of the quarters.
  static func all(since: Timestamp, _ db: Database) throws -> StoreStatistics {
    var statistics = try counts(db)
    for row in try Row.fetchAll(
      db,
      sql:
        "SELECT quarter, outcome, SUM(mails) FROM tally WHERE quarter >= ? GROUP BY quarter, outcome ORDER BY quarter",
      arguments: [since.quarter])
    {
      let start = Timestamp(quarter: try row.integer(0))
      if statistics.quarters.last?.start != start { statistics.quarters.append(.init(start: start, totals: Totals())) }
      try statistics.quarters[statistics.quarters.count - 1].totals.add(try row.text(1), try row.count(2))
    }
    (statistics.samples, statistics.sampleOctets) = try pair(
      "SELECT COUNT(*), IFNULL(SUM(octets), 0) FROM sample WHERE message IS NOT NULL", db)
    let (pages, octets) = try pair("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size", db)
    statistics.databaseOctets = pages * octets
    return statistics
  }

  /// Returns the part that is cheap enough for a scrape every few seconds.
  static func counts(_ db: Database) throws -> StoreStatistics {
    var statistics = StoreStatistics()
    statistics.reasons = try Row.fetchAll(
      db, sql: "SELECT outcome, reason, SUM(mails) FROM tally GROUP BY outcome, reason ORDER BY SUM(mails) DESC, reason"
    ).map { .init(outcome: try $0.text(0), reason: try $0.text(1), mails: try $0.count(2)) }
    statistics.sites = try Row.fetchAll(
      db,
      sql: """
        SELECT s.name, SUM(f.total - f.suppressed), SUM(f.suppressed) FROM fingerprint f JOIN site s ON s.id = f.site_id
        WHERE f.merged_into IS NULL GROUP BY s.name ORDER BY SUM(f.total) DESC, s.name
        """
    ).map { .init(site: try $0.text(0), forwarded: try $0.count(1), suppressed: try $0.count(2)) }
    statistics.errors = try pair("SELECT COUNT(*), 0 FROM fingerprint WHERE merged_into IS NULL", db).0
    return statistics
  }

  private static func pair(_ sql: String, _ db: Database) throws -> (Int, Int) {
    guard let row = try Row.fetchOne(db, sql: sql) else { return (0, 0) }
    return (try row.count(0), try row.count(1))
  }
}

extension Totals {
  fileprivate mutating func add(_ outcome: String, _ mails: Int) throws {
    switch Outcome(rawValue: outcome) {
    case .passed: passed += mails
    case .doubtful: doubtful += mails
    case .forwarded: forwarded += mails
    case .suppressed: suppressed += mails
    case nil: throw StoreFailure.damaged("count")
    }
  }
}

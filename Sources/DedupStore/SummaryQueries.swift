import DedupCore
import GRDB

/// Counts of all mail, and what a summary is made of.
enum SummaryQueries {
  /// The longest period that is looked at, in quarters of an hour: 400 days.
  private static let longest: Int64 = 400 * 96

  static func totals(_ quarters: Range<Int64>, _ db: Database) throws -> Totals {
    let statement = try db.cachedStatement(
      sql: "SELECT outcome, SUM(mails) FROM tally WHERE quarter >= ? AND quarter < ? GROUP BY outcome")
    var totals = Totals()
    for row in try Row.fetchAll(statement, arguments: [quarters.lowerBound, quarters.upperBound]) {
      let count = try row.count(1)
      switch Outcome(rawValue: try row.text(0)) {
      case .passed: totals.passed = count
      case .doubtful: totals.doubtful = count
      case .forwarded: totals.forwarded = count
      case .suppressed: totals.suppressed = count
      case nil: throw StoreFailure.damaged("count")
      }
    }
    return totals
  }

  static func facts(from: Timestamp, to: Timestamp, _ db: Database) throws -> SummaryFacts {
    let end = max(from.quarter, to.quarterRoundedUp)
    let period = max(from.quarter, end - longest)..<end
    let sites = try sites(period, db)
    return SummaryFacts(
      from: from, to: to, totals: try totals(period, db), errors: try errors(period, from: from, db),
      queue: try QueueQueries.status(db), senders: ranked(sites.map { ([$0.sender], $0.mails) }),
      recipients: ranked(sites.map { ($0.recipients, $0.mails) }))
  }

  /// Every fingerprint of the period, the most frequent one first.
  private static func errors(
    _ period: Range<Int64>, from: Timestamp, _ db: Database
  ) throws -> [SummaryFacts.ErrorFacts] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT f.id, f.fingerprint, s.name, f.title, f.place, f.first_seen, f.last_seen,
          SUM(a.forwarded), SUM(a.suppressed), f.treatment
        FROM arrival a JOIN fingerprint f ON f.id = a.fingerprint_id JOIN site s ON s.id = f.site_id
        WHERE a.quarter >= ? AND a.quarter < ? GROUP BY f.id ORDER BY SUM(a.forwarded + a.suppressed) DESC, f.id
        """)
    return try Row.fetchAll(statement, arguments: [period.lowerBound, period.upperBound]).map { row in
      let id = try row.integer(0)
      let firstSeen = try row.time(5)
      return SummaryFacts.ErrorFacts(
        fingerprint: try row.text(1), site: try row.text(2), title: try row.text(3), place: try row.text(4),
        isNew: firstSeen >= from, firstSeen: firstSeen, lastSeen: try row.time(6), forwarded: try row.count(7),
        suppressed: try row.count(8), before: try before(period, of: id, db), hours: try hours(period, of: id, db),
        isSilenced: try row.text(9) == RuleEffect.Treatment.silence.rawValue)
    }
  }

  /// Arrivals in the period of the same length just before.
  private static func before(_ period: Range<Int64>, of fingerprint: Int64, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: """
        SELECT IFNULL(SUM(forwarded + suppressed), 0) FROM arrival
        WHERE fingerprint_id = ? AND quarter >= ? AND quarter < ?
        """)
    let arguments: StatementArguments = [
      fingerprint, period.lowerBound - Int64(period.count), period.lowerBound,
    ]
    return try Row.fetchOne(statement, arguments: arguments)?.count(0) ?? 0
  }

  private static func hours(_ period: Range<Int64>, of fingerprint: Int64, _ db: Database) throws -> [Int] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT quarter, forwarded + suppressed FROM arrival WHERE fingerprint_id = ? AND quarter >= ? AND quarter < ?
        """)
    var hours = [Int](repeating: 0, count: (period.count + 3) / 4)
    for row in try Row.fetchAll(statement, arguments: [fingerprint, period.lowerBound, period.upperBound]) {
      hours[Int(try row.integer(0) - period.lowerBound) / 4] += try row.count(1)
    }
    return hours
  }

  private struct SiteUse {
    var sender: String
    var recipients: [String]
    var mails: Int
  }

  private static func sites(_ period: Range<Int64>, _ db: Database) throws -> [SiteUse] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT s.sender, s.recipients, SUM(a.forwarded + a.suppressed)
        FROM arrival a JOIN fingerprint f ON f.id = a.fingerprint_id JOIN site s ON s.id = f.site_id
        WHERE a.quarter >= ? AND a.quarter < ? GROUP BY s.id
        """)
    return try Row.fetchAll(statement, arguments: [period.lowerBound, period.upperBound]).map { row in
      SiteUse(
        sender: try row.text(0), recipients: try row.text(1).split(separator: "\n").map(String.init),
        mails: try row.count(2))
    }
  }

  /// Addresses by the mails they stand for, most first, then by name so that the order is always the same.
  private static func ranked(_ uses: [([String], Int)]) -> [String] {
    var mails: [String: Int] = [:]
    for (addresses, count) in uses {
      for address in Set(addresses) where !address.isEmpty { mails[address, default: 0] += count }
    }
    return mails.sorted { ($0.value, $1.key) > ($1.value, $0.key) }.map(\.key)
  }
}

import DedupCore
import GRDB

/// The outcome of an acknowledged mail.
enum Outcome: String, Hashable {
  case passed
  case doubtful
  case forwarded
  case suppressed
}

/// The counts that one batch adds: every mail in `tally`, and the mails of errors in `arrival` as well.
struct TallyTable {
  private struct Key: Hashable {
    var quarter: Int64
    var outcome: Outcome
    var reason: String
  }

  private struct Arrival: Hashable {
    var fingerprint: Int64
    var quarter: Int64
  }

  private var mails: [Key: Int] = [:]
  private var arrivals: [Arrival: HourCount] = [:]
  /// The mails that were counted as forwarded, now or in an earlier batch, and were not.
  private var turned: [(Key, fingerprint: Int64)] = []

  /// Counts mails without a fingerprint that were handed on past the store.
  mutating func add(_ handedOn: HandedOnMail) {
    for (key, count) in handedOn.mails {
      let outcome: Outcome = if case .doubt = key.reason { .doubtful } else { .passed }
      mails[Key(quarter: key.at.quarter, outcome: outcome, reason: key.reason.text), default: 0] += count
    }
  }

  mutating func add(_ outcome: Outcome, _ reason: String, fingerprint: Int64?, at time: Timestamp) {
    let quarter = time.quarter
    mails[Key(quarter: quarter, outcome: outcome, reason: reason), default: 0] += 1
    guard let fingerprint else { return }
    let arrival = Arrival(fingerprint: fingerprint, quarter: quarter)
    if outcome == .suppressed {
      arrivals[arrival, default: HourCount()].suppressed += 1
    } else {
      arrivals[arrival, default: HourCount()].forwarded += 1
    }
  }

  /// Counts a mail that was counted as forwarded as held back, in the quarter in which it came. What retention has
  /// removed meanwhile stays removed.
  mutating func turn(_ forwarded: String, into suppressed: SuppressionReason, fingerprint: Int64, at time: Timestamp) {
    let (was, becomes) = (Outcome.forwarded, Outcome.suppressed)
    turned.append((Key(quarter: time.quarter, outcome: was, reason: forwarded), fingerprint))
    add(becomes, suppressed.rawValue, fingerprint: fingerprint, at: time)
  }

  private func flushTurned(_ db: Database) throws {
    guard !turned.isEmpty else { return }
    let mails = try db.cachedStatement(
      sql: "UPDATE tally SET mails = mails - 1 WHERE quarter = ? AND outcome = ? AND reason = ? AND mails > 0")
    let arrivals = try db.cachedStatement(
      sql: "UPDATE arrival SET forwarded = forwarded - 1 WHERE fingerprint_id = ? AND quarter = ? AND forwarded > 0")
    for (key, fingerprint) in turned {
      try mails.execute(arguments: [key.quarter, key.outcome.rawValue, key.reason])
      try arrivals.execute(arguments: [fingerprint, key.quarter])
    }
  }

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

  /// Returns the mail that may have been error reports, by the reason for the doubt, the most frequent first.
  static func doubts(_ quarters: Range<Int64>, _ db: Database) throws -> [SummaryFacts.Doubt] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT reason, SUM(mails) FROM tally WHERE quarter >= ? AND quarter < ? AND outcome = ?
        GROUP BY reason ORDER BY SUM(mails) DESC, reason
        """)
    let arguments: StatementArguments = [quarters.lowerBound, quarters.upperBound, Outcome.doubtful.rawValue]
    return try Row.fetchAll(statement, arguments: arguments).map { row in
      SummaryFacts.Doubt(reason: try row.text(0), mails: try row.count(1))
    }
  }

  /// Returns the number of doubts that were held back.
  static func heldDoubts(_ quarters: Range<Int64>, _ db: Database) throws -> Int {
    let statement = try db.cachedStatement(
      sql: "SELECT IFNULL(SUM(mails), 0) FROM tally WHERE quarter >= ? AND quarter < ? AND outcome = ? AND reason = ?")
    let arguments: StatementArguments = [
      quarters.lowerBound, quarters.upperBound, Outcome.suppressed.rawValue, SuppressionReason.doubtFlood.rawValue,
    ]
    return try Row.fetchOne(statement, arguments: arguments)?.count(0) ?? 0
  }

  func flush(_ db: Database) throws {
    for (key, count) in mails {
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO tally (quarter, outcome, reason, mails) VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE SET mails = mails + excluded.mails
          """)
      try statement.execute(arguments: [key.quarter, key.outcome.rawValue, key.reason, count])
    }
    for (key, count) in arrivals {
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO arrival (fingerprint_id, quarter, forwarded, suppressed) VALUES (?, ?, ?, ?)
          ON CONFLICT DO UPDATE
          SET forwarded = forwarded + excluded.forwarded, suppressed = suppressed + excluded.suppressed
          """)
      try statement.execute(arguments: [key.fingerprint, key.quarter, count.forwarded, count.suppressed])
    }
    try flushTurned(db)
  }
}

extension Timestamp {
  /// The first quarter that begins at or after this time.
  var quarterRoundedUp: Int64 { quarter * 900_000 == milliseconds ? quarter : quarter + 1 }
}

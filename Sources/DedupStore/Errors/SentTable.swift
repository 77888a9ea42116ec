import DedupCore
import GRDB

/// The number of mails about errors sent lately, site by site: the data for `StormCap`.
struct SentTable {
  private var caps: [Int64: StormCap] = [:]
  private var sent: [(site: Int64, at: Timestamp)] = []

  /// The number of items in memory: a site without a cap may send any number.
  var size: Int { caps.values.reduce(caps.count) { $0 + $1.sent.count } }

  /// Returns true if one more mail about an error of `site` would exceed the cap. A site without a row has sent none.
  mutating func isCapped(_ site: Int64?, limit: Int, now: Timestamp, _ db: Database) throws -> Bool {
    guard let site, limit > 0 else { return false }
    return try load(site, now: now, db).isReached(limit, now: now)
  }

  mutating func note(_ site: Int64, at now: Timestamp, _ db: Database) throws {
    var cap = try load(site, now: now, db)
    cap.send(at: now)
    caps[site] = cap
    sent.append((site, now))
  }

  mutating func flush(_ db: Database) throws {
    guard !sent.isEmpty else { return }
    let add = try db.cachedStatement(
      sql: "INSERT INTO sent (site_id, at, mails) VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET mails = mails + 1")
    for (site, time) in sent { try add.execute(arguments: [site, time.milliseconds]) }
    // Times in the future come from a clock that was set back since.
    let forget = try db.cachedStatement(sql: "DELETE FROM sent WHERE site_id = ? AND at NOT BETWEEN ? AND ?")
    for (site, times) in Dictionary(grouping: sent, by: \.site) {
      guard let latest = times.map(\.at).max() else { continue }
      let period = (latest.advanced(by: .zero - StormCap.period), latest.advanced(by: StormCap.period))
      try forget.execute(arguments: [site, period.0.milliseconds, period.1.milliseconds])
    }
    sent = []
  }

  /// The place of one mail in the storm cap of its site.
  struct Place {
    private var site: Int64
    private var at: Timestamp

    /// Returns the place of the mail in `entry`; nil if it takes none.
    static func find(_ entry: QueueID, _ db: Database) throws -> Place? {
      let statement = try db.cachedStatement(sql: "SELECT cap_site, queued_at FROM entry WHERE id = ?")
      guard let row = try Row.fetchOne(statement, arguments: [entry.rawValue]), let site = try row.optionalInteger(0)
      else { return nil }
      return Place(site: site, at: try row.time(1))
    }

    /// Returns the place to the cap. Call it while no `SentTable` knows more than the database.
    func giveBack(_ db: Database) throws {
      let statement = try db.cachedStatement(
        sql: "UPDATE sent SET mails = mails - 1 WHERE site_id = ? AND at = ? AND mails > 0")
      try statement.execute(arguments: [site, at.milliseconds])
    }
  }

  private mutating func load(_ site: Int64, now: Timestamp, _ db: Database) throws -> StormCap {
    if let cap = caps[site] { return cap }
    let statement = try db.cachedStatement(sql: "SELECT at, mails FROM sent WHERE site_id = ? AND at > ?")
    let arguments: StatementArguments = [site, now.advanced(by: .zero - StormCap.period).milliseconds]
    let times = try Row.fetchAll(statement, arguments: arguments).flatMap { row in
      // No cap is higher, but damaged data may be.
      Array(repeating: try row.time(0), count: min(try row.count(1), 10_000))
    }
    caps[site] = StormCap(sent: times)
    return StormCap(sent: times)
  }
}

import DedupCore
import GRDB
import MailMessage

/// The assignment of mails to the sites that their errors are filed under, and the bounds on the sites and errors of
/// each envelope (`SiteBounds`).
struct SiteTable {
  /// The known facts about the site that a mail names.
  struct Filing {
    /// The site that its errors are filed under.
    var site: Site
    /// The row of that site; nil if it has none yet.
    var row: Int64?
    /// The site whose configuration and silences apply.
    var nominal: Site
    /// The row whose storm cap its mails count towards; nil if it has none yet.
    var cap: Int64?
    /// The time until which these facts hold; nil if they hold as long as the row exists.
    fileprivate var until: Timestamp?
    fileprivate var asOf: Timestamp
    /// The time when the site was first seen; nil if that was before such times were recorded.
    fileprivate var since: Timestamp?
    /// True if the site is on probation, or joined.
    fileprivate var isLater: Bool

    fileprivate func holds(at now: Timestamp) -> Bool { until.map { now < $0 && now >= asOf } ?? true }
  }

  private var standings: [String: Filing] = [:]
  /// The number of errors by envelope.
  private var errors: [String: Int] = [:]
  /// The number of errors filed elsewhere in this batch, by quarter.
  private var joined: [Int64: Int] = [:]

  /// The number of items in memory.
  var size: Int { standings.count + errors.count }

  /// Returns the known facts about a site; nil if there are none that still hold.
  func known(_ site: Site, at now: Timestamp) -> Filing? {
    guard let known = standings[site.key], known.holds(at: now) else { return nil }
    return known
  }

  /// Looks up a site and remembers the result.
  ///
  /// - Parameter isCapped: returns true if the cap of a row is reached.
  mutating func look(
    for site: Site, _ envelope: Envelope, at now: Timestamp, _ db: Database, isCapped: (Int64?) throws -> Bool
  ) throws -> Filing {
    let standing = try find(site, envelope, at: now, db, isCapped)
    // A visitor may have invented any number of sites.
    if standings.count >= 1000 { standings = [:] }
    standings[site.key] = standing
    return standing
  }

  private func find(
    _ site: Site, _ envelope: Envelope, at now: Timestamp, _ db: Database, _ isCapped: (Int64?) throws -> Bool
  ) throws -> Filing {
    let key = site.envelopeKey
    let joined = Site.joined(envelopeKey: key, sender: envelope.sender.text)
    let find = try db.cachedStatement(sql: "SELECT id, since, is_later FROM site WHERE key = ?")
    let known = try Row.fetchOne(find, arguments: [site.key])
    if let known {
      let (id, since) = (try known.integer(0), try known.optionalTime(1))
      guard try known.integer(2) != 0, let since, SiteBounds.isOnProbation(since: since, now: now) else {
        return Filing(
          site: site, row: id, nominal: site, cap: id, until: nil, asOf: now, since: since, isLater: false)
      }
      let cap = try Row.fetchOne(find, arguments: [joined.key])?.integer(0)
      let census = try Census(key, joined, at: now, db)
      let nominal = SiteBounds.hasOwnSettings(since: since, first: census.first) ? site : joined
      return Filing(
        site: site, row: id, nominal: nominal, cap: cap, until: since.advanced(by: SiteBounds.probation), asOf: now,
        since: since, isLater: true)
    }
    let row = try Row.fetchOne(find, arguments: [joined.key])?.integer(0)
    let census = try Census(key, joined, at: now, db)
    if census.sites == 0 {
      return Filing(site: site, row: nil, nominal: site, cap: nil, until: now, asOf: now, since: now, isLater: false)
    }
    guard SiteBounds.joins(sites: census.sites, onProbation: census.onProbation, isCapped: try isCapped(row)) else {
      let nominal = SiteBounds.hasOwnSettings(since: now, first: census.first) ? site : joined
      return Filing(
        site: site, row: nil, nominal: nominal, cap: row, until: now, asOf: now, since: now, isLater: true)
    }
    // The site may stand on its own once things are calm again.
    return Filing(
      site: joined, row: row, nominal: joined, cap: row, until: now, asOf: now, since: now, isLater: true)
  }

  /// The counts of the sites of an envelope, except for the one that stands for those that joined.
  private struct Census {
    var sites: Int
    var onProbation: Int
    var first: Timestamp?

    init(_ envelope: String, _ joined: Site, at now: Timestamp, _ db: Database) throws {
      let count = try db.cachedStatement(
        sql: """
          SELECT COUNT(*), IFNULL(SUM(is_later AND since > ?), 0), MIN(IFNULL(since, 0)) FROM site
          WHERE envelope = ? AND key <> ?
          """)
      let start = now.advanced(by: .zero - SiteBounds.probation).milliseconds
      let row = try Row.fetchOne(count, arguments: [start, envelope, joined.key])
      (sites, onProbation) = (try row?.count(0) ?? 0, try row?.count(1) ?? 0)
      first = try row?.optionalTime(2)
    }
  }

  /// Returns the row of the site that errors are filed under, and that of its cap; both are created if necessary.
  mutating func rows(
    of standing: Filing, named name: Site, _ envelope: Envelope, at now: Timestamp, _ db: Database
  ) throws -> (site: Int64, cap: Int64) {
    if let row = standing.row, let cap = standing.cap { return (row, cap) }
    var standing = standing
    let row = try standing.row ?? insert(standing.site, standing, envelope, db)
    let cap = try standing.cap ?? (standing.isLater ? self.joined(standing, name, envelope, db) : row)
    (standing.row, standing.cap) = (row, cap)
    if standing.site == name {
      standing.until = standing.isLater ? standing.since?.advanced(by: SiteBounds.probation) : nil
    }
    standings[name.key] = standing
    return (row, cap)
  }

  private func joined(_ standing: Filing, _ site: Site, _ envelope: Envelope, _ db: Database) throws -> Int64 {
    let joined = Site.joined(envelopeKey: site.envelopeKey, sender: envelope.sender.text)
    return try insert(joined, standing, envelope, db)
  }

  private func insert(_ site: Site, _ standing: Filing, _ envelope: Envelope, _ db: Database) throws -> Int64 {
    let find = try db.cachedStatement(sql: "SELECT id FROM site WHERE key = ?")
    if let row = try Row.fetchOne(find, arguments: [site.key])?.integer(0) { return row }
    let statement = try db.cachedStatement(
      sql: "INSERT INTO site (key, name, sender, recipients, envelope, since, is_later) VALUES (?, ?, ?, ?, ?, ?, ?)")
    try statement.execute(arguments: [
      site.key, site.name, envelope.sender.text, WindowTable.text(of: envelope.recipients),
      site.envelopeKey, standing.since?.milliseconds, standing.isLater,
    ])
    return db.lastInsertedRowID
  }
}

// Errors.
extension SiteTable {
  /// Returns true if the envelope of a site has room for one more error.
  mutating func hasRoom(_ site: Site, _ db: Database) throws -> Bool {
    let key = site.envelopeKey
    if let known = errors[key], known < SiteBounds.mostErrors { return true }
    let statement = try db.cachedStatement(sql: "SELECT IFNULL(SUM(errors), 0) FROM site WHERE envelope = ?")
    let count = try Row.fetchOne(statement, arguments: [key])?.count(0) ?? 0
    errors[key] = count
    return count < SiteBounds.mostErrors
  }

  /// Records a new error.
  mutating func noteError(of site: Site, isJoined: Bool, at now: Timestamp) {
    errors[site.envelopeKey, default: 0] += 1
    if isJoined { joined[now.quarter, default: 0] += 1 }
  }

  mutating func flush(_ db: Database) throws {
    for (quarter, count) in joined { try DroppedTable.add(count, .joined, quarter, db) }
    joined = [:]
  }
}

/// The counts of items that were forgotten for lack of room, or filed elsewhere; the summary reports them.
enum DroppedTable {
  enum What: String, CaseIterable {
    case errors, sites, doubts
    /// New errors of sites that joined.
    case joined
  }

  static func add(_ count: Int, _ what: What, _ quarter: Int64, _ db: Database) throws {
    guard count > 0 else { return }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO dropped (quarter, what, number) VALUES (?, ?, ?)
        ON CONFLICT DO UPDATE SET number = number + excluded.number
        """)
    try statement.execute(arguments: [quarter, what.rawValue, count])
  }

  static func counts(_ quarters: Range<Int64>, _ db: Database) throws -> [What: Int] {
    let statement = try db.cachedStatement(
      sql: "SELECT what, SUM(number) FROM dropped WHERE quarter >= ? AND quarter < ? GROUP BY what")
    var counts: [What: Int] = [:]
    for row in try Row.fetchAll(statement, arguments: [quarters.lowerBound, quarters.upperBound]) {
      if let what = What(rawValue: try row.text(0)) { counts[what] = try row.count(1) }
    }
    return counts
  }
}

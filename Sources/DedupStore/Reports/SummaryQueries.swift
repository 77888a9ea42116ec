import DedupCore
import GRDB

/// Reads the facts of a summary. The counts of all errors are read in one go; texts and bars only for the errors
/// listed.
struct SummaryQueries {
  private let query: SummaryQuery
  private let db: Database
  /// The period in quarters of an hour.
  private let period: Range<Int64>

  /// The longest period that is read, in quarters of an hour: 400 days.
  private static let longest: Int64 = 400 * 96

  init(_ query: SummaryQuery, _ db: Database) {
    self.query = query
    self.db = db
    let end = max(query.period.from.quarter, query.period.to.quarterRoundedUp)
    period = max(query.period.from.quarter, end - Self.longest)..<end
  }

  func facts() throws -> SummaryFacts {
    let ranking = SummaryRanking(try counts(), in: query.period, limit: query.listed)
    var facts = SummaryFacts(
      period: query.period, totals: query.sites == nil ? try TallyTable.totals(period, db) : ranking.totals,
      errors: try described(ranking.listed), queue: try QueueQueries.status(db))
    facts.isPartial = query.sites != nil
    (facts.standings, facts.silenced) = (ranking.standings, ranking.silenced)
    (facts.cells, facts.hoursPerCell) = (try cells(), quartersPerCell / 4)
    facts.silences = try silencesEndingSoon()
    facts.doubts = query.sites == nil ? try TallyTable.doubts(period, db) : []
    if query.sites == nil {
      let dropped = try DroppedTable.counts(period, db)
      facts.heldDoubts = try TallyTable.heldDoubts(period, db)
      facts.dropped.errors = dropped[.errors] ?? 0
      facts.dropped.doubts = dropped[.doubts] ?? 0
      facts.dropped.joined = dropped[.joined] ?? 0
    }
    (facts.lastFailure, facts.damaged) = (try lastFailure(), try damaged())
    return facts
  }

  /// Returns `rows` as a JSON list for `IN`, so that there is one statement for any number of rows; null means all.
  private func json(_ rows: some Sequence<Int64>) -> String { "[\(rows.map(String.init).joined(separator: ","))]" }

  /// The errors of the requested sites. A part of the summary reads these alone: with a thousand sites there are a
  /// thousand parts.
  private var errors: String {
    guard query.sites != nil else { return "fingerprint f" }
    return "json_each(?5) wanted CROSS JOIN fingerprint f INDEXED BY fingerprint_site ON f.site_id = wanted.value"
  }

  private var sites: String? { query.sites.map { json($0) } }

  // MARK: Counts of all errors

  private func counts() throws -> [String: [SiteCounts]] {
    let names = try SiteQueries.names(query.sites, db)
    let length = Int64(period.count)
    // CROSS JOIN keeps the order of the tables. Read by the index of the quarters and then sorted by error, it takes
    // four times as long.
    let statement = try db.cachedStatement(
      sql: """
        SELECT f.id, f.fingerprint, f.site_id, f.first_seen, f.last_seen, f.treatment,
          SUM((quarter >= ?1) * a.forwarded) AS sent, SUM((quarter >= ?1) * a.suppressed) AS held,
          SUM((quarter < ?1 AND quarter >= ?2) * (a.forwarded + a.suppressed)) AS before,
          SUM((quarter < ?1) * (a.forwarded + a.suppressed)), f.episode_start, f.beginning, f.quiet_before
        FROM \(errors) CROSS JOIN arrival a ON a.fingerprint_id = f.id AND quarter >= ?3 AND quarter < ?4
        GROUP BY f.id HAVING sent + held + before > 0
        """)
    let arguments: StatementArguments =
      [
        period.lowerBound, period.lowerBound - length, period.lowerBound - length * Int64(query.period.comparisons),
        period.upperBound,
      ] + (query.sites == nil ? [] : [sites])
    var counts: [String: [SiteCounts]] = [:]
    let rows = try Row.fetchCursor(statement, arguments: arguments)
    while let row = try rows.next() {
      counts[try row.text(1), default: []].append(
        SiteCounts(
          row: try row.integer(0), site: names[try row.integer(2)] ?? "", firstSeen: try row.time(3),
          lastSeen: try row.time(4), forwarded: try row.count(6), suppressed: try row.count(7),
          before: try row.count(8), earlier: try row.count(9),
          isSilenced: try row.text(5) == RuleEffect.Treatment.silence.rawValue, episode: try episode(row, from: 10)))
    }
    return counts
  }

  private func episode(_ row: Row, from column: Int) throws -> SiteCounts.Episode {
    SiteCounts.Episode(
      start: try row.time(column), quietBefore: try row.optionalDuration(column + 2),
      isRegression: try row.text(column + 1) == Episode.Beginning.regression.rawValue)
  }

  // MARK: Texts and bars of the listed errors

  private func described(_ errors: [ErrorFacts]) throws -> [ErrorFacts] {
    let rows = errors.flatMap { $0.sites.map(\.row) }
    let (texts, cells) = (try texts(rows), try cells(rows))
    return try errors.map { error in
      var error = error
      if let text = error.sites.lazy.compactMap({ texts[$0.row] }).first { (error.title, error.place) = text }
      error.variants = try VariantTable.spread(of: error.sites.map(\.row), db)
      error.cells = [Int](repeating: 0, count: cellCount)
      for (index, count) in error.sites.lazy.compactMap({ cells[$0.row] }).joined() { error.cells[index] += count }
      return error
    }
  }

  private func texts(_ rows: [Int64]) throws -> [Int64: (title: String, place: String)] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT id, substr(title, 1, 1000), substr(place, 1, 1000) FROM fingerprint
        WHERE id IN (SELECT value FROM json_each(?))
        """)
    var texts: [Int64: (String, String)] = [:]
    for row in try Row.fetchAll(statement, arguments: [json(rows)]) {
      texts[try row.integer(0)] = (try row.text(1), try row.text(2))
    }
    return texts
  }

  /// The quarters of an hour in a cell: whole hours, and as many as it takes to show the period in no more than
  /// `ErrorFacts.cellLimit` cells.
  private var quartersPerCell: Int {
    let hours = (period.count + 3) / 4
    return 4 * max(1, (hours + ErrorFacts.cellLimit - 1) / ErrorFacts.cellLimit)
  }

  private var cellCount: Int { (period.count + quartersPerCell - 1) / quartersPerCell }

  /// Returns the cells of each row, as index and count.
  private func cells(_ rows: [Int64]) throws -> [Int64: [(Int, Int)]] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT fingerprint_id, (quarter - ?1) / ?2, SUM(forwarded + suppressed) FROM arrival
        WHERE fingerprint_id IN (SELECT value FROM json_each(?3)) AND quarter >= ?1 AND quarter < ?4 GROUP BY 1, 2
        """)
    let arguments: StatementArguments = [period.lowerBound, quartersPerCell, json(rows), period.upperBound]
    var cells: [Int64: [(Int, Int)]] = [:]
    for row in try Row.fetchAll(statement, arguments: arguments) {
      cells[try row.integer(0), default: []].append((Int(try row.integer(1)), try row.count(2)))
    }
    return cells
  }

  /// Returns the cells of all errors together.
  private func cells() throws -> [Int] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT (quarter - ?1) / ?2, SUM(a.forwarded + a.suppressed)
        FROM \(query.sites == nil ? "arrival a" : "\(errors) CROSS JOIN arrival a ON a.fingerprint_id = f.id")
        WHERE quarter >= ?1 AND quarter < ?3 GROUP BY 1
        """)
    var arguments: StatementArguments = [period.lowerBound, quartersPerCell, period.upperBound]
    if query.sites != nil { arguments += [nil, sites] }
    var cells = [Int](repeating: 0, count: cellCount)
    for row in try Row.fetchAll(statement, arguments: arguments) { cells[Int(try row.integer(0))] = try row.count(1) }
    return cells
  }

  // MARK: Silences

  /// Returns the silences that end within the next period, without those of an error in another site.
  private func silencesEndingSoon() throws -> [SilenceFacts] {
    let (now, length) = (query.period.to, query.period.length)
    return try SilenceTable.open(db).compactMap { silence in
      guard let end = silence.endsAt, end > now, end <= now.advanced(by: length) else { return nil }
      var error: NamedError?
      if case .error(let row) = silence.scope {
        error = try FingerprintQueries.named(row, db)
        guard try query.sites.map({ $0.contains(try site(of: row) ?? 0) }) ?? true else { return nil }
      }
      let row = SilenceRow(silence: silence, error: error)
      return SilenceFacts(
        scope: row.scope, author: silence.author, reason: silence.reason, endsAt: end, held: silence.held)
    }
  }

  private func site(of row: Int64) throws -> Int64? {
    let statement = try db.cachedStatement(sql: "SELECT site_id FROM fingerprint WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [row])?.integer(0)
  }

  // MARK: The queue

  /// Returns the failure of the mail that was tried last. In a part of a summary it could reveal addresses of others,
  /// so there it is nil.
  private func lastFailure() throws -> String? {
    guard query.sites == nil else { return nil }
    let statement = try db.cachedStatement(
      sql: """
        SELECT substr(last_failure, 1, 1000) FROM entry WHERE aside = 0 AND last_failure IS NOT NULL
        ORDER BY scheduled_at DESC, id LIMIT 1
        """)
    return try Row.fetchOne(statement)?.optionalText(0)
  }

  private func damaged() throws -> Int {
    let statement = try db.cachedStatement(sql: "SELECT COUNT(*) FROM entry WHERE aside = 1")
    return try Row.fetchOne(statement)?.count(0) ?? 0
  }
}

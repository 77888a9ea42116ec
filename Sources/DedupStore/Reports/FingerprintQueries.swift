import DedupCore
import GRDB

/// Queries on errors.
enum FingerprintQueries {
  /// The maximum number of fingerprints found by one prefix; each may carry two samples, and those of its variants.
  static let detailLimit = 20
  /// The maximum octets of variants' mails in one answer: 20 fingerprints of 100 variants could fill the memory.
  static let variantOctets = 8 << 20

  private static let select = """
    SELECT f.id, f.fingerprint, s.name, f.title, f.place, f.explanation, f.merged_into,
      \(RecordColumns.selected), s.key
    FROM fingerprint f JOIN site s ON s.id = f.site_id
    """

  static func rows(
    _ query: FingerprintQuery, _ policy: WindowPolicy, now: Timestamp, _ db: Database
  ) throws -> [FingerprintRow] {
    let statement = try db.cachedStatement(
      sql: """
        \(select) WHERE f.merged_into IS NULL AND (f.suppressed > 0 OR ?1) AND (?2 IS NULL OR s.name = ?2 OR s.name GLOB ?2)
          AND f.last_seen >= ?3 AND f.first_seen >= ?4 AND (?5 IS NULL OR f.last_rule = ?5) AND f.id > ?6
        ORDER BY \(query.order(now: now))
        """)
    let cursor = try Row.fetchCursor(
      statement,
      arguments: [
        query.includesUnsuppressed, query.site, query.since?.milliseconds ?? .min,
        query.firstSince?.milliseconds ?? .min, query.rule, query.after,
      ])
    let silences = try SilenceTable.open(db).filter { !$0.isOver(now: now) }
    var rows: [FingerprintRow] = []
    while rows.count < query.limit, let row = try cursor.next() {
      if query.onlySilenced, try Self.silences(silences, of: row).isEmpty { continue }
      rows.append(try Self.row(row, silences, policy, now: now, db))
    }
    return rows
  }

  /// Returns those of the silences in `open` that cover the error in `row`.
  private static func silences(_ open: [Silence], of row: Row) throws -> [Silence] {
    guard !open.isEmpty else { return [] }
    let (id, title, place) = (try row.integer(0), try row.text(3), try row.text(4))
    let (site, rule) = (try row.text(2), try WindowRecord(row, from: 7).lastRule)
    return open.filter { $0.covers(row: id, title: title, place: place, site: site, rule: rule) }
  }

  /// Returns the details of the fingerprints whose digest, or full name if `prefix` has a colon, begins with `prefix`.
  static func details(
    _ prefix: String, _ policy: WindowPolicy, now: Timestamp, _ db: Database
  ) throws -> [FingerprintDetail] {
    var room = variantOctets
    return try found(by: prefix, db).map { try detail($0, policy, now: now, room: &room, db) }
  }

  /// Returns the same fingerprints without the data kept about them.
  static func named(_ prefix: String, site: String?, _ db: Database) throws -> [NamedError] {
    try found(by: prefix, db).map(named).filter { site == nil || $0.site == site }
  }

  static func named(_ id: Int64, _ db: Database) throws -> NamedError? {
    let statement = try db.cachedStatement(sql: "\(select) WHERE f.id = ?")
    return try Row.fetchOne(statement, arguments: [id]).map(named)
  }

  private static func named(_ row: Row) throws -> NamedError {
    NamedError(
      row: try row.integer(0), fingerprint: try row.text(1), site: try row.text(2), title: try row.text(3),
      mergedInto: try row.optionalInteger(6))
  }

  private static func found(by prefix: String, _ db: Database) throws -> [Row] {
    guard !prefix.isEmpty else { return [] }
    let name = prefix.contains(":") ? "f.fingerprint" : "substr(f.fingerprint, instr(f.fingerprint, ':') + 1)"
    let statement = try db.cachedStatement(
      sql: "\(select) WHERE substr(\(name), 1, length(?)) = ? ORDER BY f.last_seen DESC, f.id LIMIT ?")
    let wanted = prefix.contains(":") ? prefix : prefix.lowercased()
    return try Row.fetchAll(statement, arguments: [wanted, wanted, detailLimit])
  }

  private static func row(
    _ row: Row, _ silences: [Silence], _ policy: WindowPolicy, now: Timestamp, _ db: Database
  ) throws -> FingerprintRow {
    let record = try WindowRecord(row, from: 7)
    return FingerprintRow(
      fingerprint: try row.text(1), site: try row.text(2), title: try row.text(3), place: try row.text(4),
      record: record, windowEnd: record.openWindowEnd(policy, now: now),
      hours: try hours(24, of: try row.integer(0), now: now, db), row: try row.integer(0),
      isSilenced: try !Self.silences(silences, of: row).isEmpty,
      variants: try VariantTable.spread(of: [try row.integer(0)], db),
      siteTraits: SiteTraits(key: try row.text(row.count - 1)))
  }

  private static func detail(
    _ row: Row, _ policy: WindowPolicy, now: Timestamp, room: inout Int, _ db: Database
  ) throws -> FingerprintDetail {
    let id = try row.integer(0)
    let first = try SampleTable.find(SampleTable.first, of: id, db)
    let silences = try SilenceTable.open(db).filter { !$0.isOver(now: now) }
    let shown = try Self.row(row, silences, policy, now: now, db)
    // A single mail is both the first and the latest.
    let latest = shown.record.total == 1 ? first : try SampleTable.find(SampleTable.latest, of: id, db)
    var detail = FingerprintDetail(
      row: shown, explanation: try row.optionalText(5) ?? "", firstSample: first, latestSample: latest,
      history: try hours(30 * 24, of: id, now: now, db), silences: try Self.silences(silences, of: row))
    detail.variants = try VariantTable.details(of: id, db)
    for index in detail.variants.indices where room > 0 {
      let variant = detail.variants[index]
      let slot = SampleTable.slot(ofVariant: variant.name)
      let sample = variant.isOfFirstMail ? first : try SampleTable.find(slot, of: id, db)
      room -= sample.octets?.count ?? 0
      detail.variants[index].sample = sample
    }
    return detail
  }

  /// Returns `count` hourly counts, the last one that of the current hour.
  private static func hours(_ count: Int, of fingerprint: Int64, now: Timestamp, _ db: Database) throws -> [HourCount] {
    let first = now.hour - Int64(count) + 1
    let statement = try db.cachedStatement(
      sql: """
        SELECT quarter, forwarded, suppressed FROM arrival WHERE fingerprint_id = ? AND quarter BETWEEN ? AND ?
        """)
    var hours = [HourCount](repeating: HourCount(), count: count)
    for row in try Row.fetchAll(statement, arguments: [fingerprint, first * 4, now.hour * 4 + 3]) {
      let hour = Int((try row.integer(0) - first * 4) / 4)
      hours[hour].forwarded += try row.count(1)
      hours[hour].suppressed += try row.count(2)
    }
    return hours
  }
}

extension FingerprintQuery {
  /// Returns the terms for ORDER BY. The first case reads them off an index; the others sort the rows found.
  fileprivate func order(now: Timestamp) -> String {
    let direction = isReversed ? "ASC" : "DESC"
    switch sort {
    case .last: return "f.last_seen \(direction), f.id"
    case .first: return "f.first_seen \(direction), f.id"
    case .held: return "f.suppressed \(direction), f.id"
    case .sinceLastMail: return "f.held \(direction), f.id"
    case .total: return "f.total \(direction), f.id"
    case .rate:
      return """
        (SELECT SUM(forwarded + suppressed) FROM arrival WHERE fingerprint_id = f.id AND quarter > \(now.quarter - 4)) \
        \(direction), f.last_seen DESC, f.id
        """
    case .name: return "f.title \(isReversed ? "DESC" : "ASC"), f.id"
    case .row: return "f.id"
    }
  }
}

extension WindowRecord {
  /// Returns the end of the window that holds mail back at `now`, or nil if there is none; consistent with
  /// `WindowPolicy.decide`.
  func openWindowEnd(_ policy: WindowPolicy, now: Timestamp) -> Timestamp? {
    guard let start = windowStart, now >= start else { return nil }
    let end = policy.end(of: start, length: length)
    return now < end ? end : nil
  }
}

import DedupCore
import GRDB

/// The columns of the table `fingerprint` that hold a `WindowRecord`.
enum RecordColumns {
  /// The names of the columns, in the order of `WindowRecord.init(_:from:)` and `values(of:)`.
  static let names = [
    "first_seen", "last_seen", "window_start", "held", "total", "suppressed", "window_length", "variants_shown",
    "episodes", "episode_start", "episode_mails", "episode_told", "milestone", "beginning", "quiet_before",
    "episode_over", "awaits_digest", "all_clear_at", "resolved_at",
    "pass_next", "last_reason", "last_rule", "rejections", "rejected_at", "rejected_total",
  ]

  /// The column list for a query on `fingerprint` under the alias `f`.
  static let selected = names.map { "f.\($0)" }.joined(separator: ", ")

  /// The assignments for an UPDATE: `first_seen = ?, …`.
  static let assignments = names.map { "\($0) = ?" }.joined(separator: ", ")

  static func values(of record: WindowRecord) -> StatementArguments {
    let window: StatementArguments = [
      record.firstSeen.milliseconds, record.lastSeen.milliseconds, record.windowStart?.milliseconds, record.held,
      record.total, record.suppressed, record.length?.wholeMilliseconds, record.variantsShown,
    ]
    let episode: StatementArguments = [
      record.episode.number, record.episode.start.milliseconds, record.episode.mails, record.episode.told,
      record.episode.milestone, record.episode.beginning.rawValue, record.episode.quietBefore?.wholeMilliseconds,
      record.episode.isOver, record.awaitsDigestSince?.milliseconds, record.allClearAt?.milliseconds,
      record.resolvedAt?.milliseconds, record.passesNext, record.lastReason, record.lastRule,
    ]
    let rejection: StatementArguments = [
      record.rejection?.count ?? 0, record.rejection?.at.milliseconds, record.rejection?.total ?? 0,
    ]
    return window + episode + rejection
  }

  /// Writes `record` into its row.
  static func write(_ record: WindowRecord, to row: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE fingerprint SET \(assignments) WHERE id = ?")
    try statement.execute(arguments: values(of: record) + [row])
  }

  /// Writes `record` into its row with the effect of the rule of the latest mail; nil if no rule of the admin applied.
  static func write(_ record: WindowRecord, _ rule: RuleEffect?, to row: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE fingerprint SET \(assignments), treatment = ?, rule = ? WHERE id = ?")
    let ruled: StatementArguments = [(rule?.treatment ?? .dedup).rawValue, rule?.name, row]
    try statement.execute(arguments: values(of: record) + ruled)
  }
}

extension WindowRecord {
  /// Reads a record from the columns of `RecordColumns`, the first of which is `column`.
  init(_ row: Row, from column: Int) throws(StoreFailure) {
    let beginning = Episode.Beginning(rawValue: try row.text(column + 13))
    guard let beginning else { throw StoreFailure.damaged("beginning") }
    let episode = Episode(
      number: try row.count(column + 8), start: try row.time(column + 9), mails: try row.count(column + 10),
      told: try row.count(column + 11), milestone: try row.count(column + 12), beginning: beginning,
      quietBefore: try row.optionalDuration(column + 14), isOver: try row.integer(column + 15) != 0)
    self.init(
      firstSeen: try row.time(column), lastSeen: try row.time(column + 1),
      windowStart: try row.optionalTime(column + 2), held: try row.count(column + 3),
      total: try row.count(column + 4), suppressed: try row.count(column + 5),
      length: try row.optionalDuration(column + 6), variantsShown: try row.count(column + 7), episode: episode,
      awaitsDigestSince: try row.optionalTime(column + 16), allClearAt: try row.optionalTime(column + 17),
      resolvedAt: try row.optionalTime(column + 18), passesNext: try row.integer(column + 19) != 0,
      lastReason: try row.optionalText(column + 20), lastRule: try row.optionalText(column + 21),
      rejection: try Rejection(row, from: column + 22))
  }
}

extension Rejection {
  /// Reads a rejection; nil if there was none.
  fileprivate init?(_ row: Row, from column: Int) throws(StoreFailure) {
    guard let at = try row.optionalTime(column + 1) else { return nil }
    self.init(count: try row.count(column), at: at, total: try row.count(column + 2))
  }
}

extension Row {
  func optionalDuration(_ column: Int) throws(StoreFailure) -> Duration? {
    try optionalTime(column).map { .milliseconds($0.milliseconds) }
  }
}

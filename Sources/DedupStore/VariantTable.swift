import DedupCore
import GRDB

/// The variants of errors that a batch looked at: other paths to the same place, other texts.
///
/// At most `StoreLimits.variants` of an error are kept. One that comes when there are as many is not new: an error
/// whose text differs every time would otherwise show each of its mails, and grow without end.
struct VariantTable {
  private struct Variant {
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var total: Int
    /// When a mail of it went out last.
    var shownAt: Timestamp?
  }

  private let limit: Int
  /// By the row of the fingerprint, then by name.
  private var known: [Int64: [String: Variant]] = [:]
  /// Those that the database does not know yet.
  private var touched: Set<Name> = []

  private struct Name: Hashable {
    var fingerprint: Int64
    var variant: String
  }

  init(limit: Int) { self.limit = limit }

  /// The same with nothing in memory.
  var emptied: VariantTable { VariantTable(limit: limit) }

  /// Whether `name` was never seen before. A variant without a name never is: there is nothing to know it by.
  mutating func isNew(_ name: String, of fingerprint: Int64, _ db: Database) throws -> Bool {
    guard !name.isEmpty else { return false }
    let variants = try load(fingerprint, db)
    return variants[name] == nil && variants.count < limit
  }

  /// Takes one more arrival into account.
  mutating func note(
    _ name: String, of fingerprint: Int64, isShown: Bool, at now: Timestamp, _ db: Database
  ) throws {
    guard !name.isEmpty else { return }
    let variants = try load(fingerprint, db)
    guard variants[name] != nil || variants.count < limit else { return }
    var variant = variants[name] ?? Variant(firstSeen: now, lastSeen: now, total: 0, shownAt: nil)
    variant.lastSeen = max(variant.lastSeen, now)
    variant.total += 1
    if isShown { variant.shownAt = now }
    known[fingerprint]?[name] = variant
    touched.insert(Name(fingerprint: fingerprint, variant: name))
  }

  mutating func flush(_ db: Database) throws {
    for name in touched {
      guard let variant = known[name.fingerprint]?[name.variant] else { continue }
      let statement = try db.cachedStatement(
        sql: """
          INSERT INTO variant (fingerprint_id, variant, first_seen, last_seen, total, shown_at)
          VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT DO UPDATE
          SET last_seen = excluded.last_seen, total = excluded.total, shown_at = excluded.shown_at
          """)
      try statement.execute(arguments: [
        name.fingerprint, name.variant, variant.firstSeen.milliseconds, variant.lastSeen.milliseconds, variant.total,
        variant.shownAt?.milliseconds,
      ])
    }
    touched = []
  }

  /// What is known of each variant, the first seen first, without their mails.
  static func details(of fingerprint: Int64, _ db: Database) throws -> [VariantDetail] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT v.variant, v.first_seen, v.last_seen, v.total,
          v.first_seen = f.first_seen AND s.slot IS NULL
        FROM variant v
        JOIN fingerprint f ON f.id = v.fingerprint_id
        LEFT JOIN sample s ON s.fingerprint_id = v.fingerprint_id AND s.slot = ? || v.variant
        WHERE v.fingerprint_id = ? ORDER BY v.first_seen, v.variant
        """)
    let arguments: StatementArguments = [SampleTable.slot(ofVariant: ""), fingerprint]
    return try Row.fetchAll(statement, arguments: arguments).map { row in
      VariantDetail(
        name: try row.text(0), total: try row.count(3), firstSeen: try row.time(1), lastSeen: try row.time(2),
        isOfFirstMail: try row.integer(4) == 1)
    }
  }

  private mutating func load(_ fingerprint: Int64, _ db: Database) throws -> [String: Variant] {
    if let variants = known[fingerprint] { return variants }
    let statement = try db.cachedStatement(
      sql: """
        SELECT variant, first_seen, last_seen, total, shown_at FROM variant WHERE fingerprint_id = ?
        ORDER BY first_seen LIMIT ?
        """)
    var variants: [String: Variant] = [:]
    for row in try Row.fetchAll(statement, arguments: [fingerprint, limit]) {
      variants[try row.text(0)] = Variant(
        firstSeen: try row.time(1), lastSeen: try row.time(2), total: try row.count(3),
        shownAt: try row.optionalTime(4))
    }
    known[fingerprint] = variants
    return variants
  }
}

import DedupCore
import GRDB

/// The variants of errors that a batch looked at: other paths to the same place, other texts.
///
/// At most `StoreLimits.variants` of an error are kept. A variant beyond that limit does not count as new: an error
/// whose text differs every time would otherwise show each of its mails, and grow without end.
struct VariantTable {
  private struct Variant {
    var firstSeen: Timestamp
    var lastSeen: Timestamp
    var total: Int
    /// The time when a mail of the variant was last sent; nil if never.
    var shownAt: Timestamp?
    /// True if its traits are known.
    var isDescribed = false
  }

  private let limit: Int
  /// The known variants, by the row of the fingerprint, then by name.
  private var known: [Int64: [String: Variant]] = [:]
  /// The variants that the database does not know yet, with the traits of their latest mail that was new or sent. The
  /// traits of all others are in the database alone: in memory they would be the largest part by far.
  private var touched: [Name: LateVariantTraits?] = [:]

  private struct Name: Hashable {
    var fingerprint: Int64
    var variant: String
  }

  init(limit: Int) { self.limit = limit }

  /// A table with the same limit and nothing in memory.
  var emptied: VariantTable { VariantTable(limit: limit) }

  /// Returns true if `name` was never seen before. A variant without a name is never new: there is nothing to identify
  /// it.
  mutating func isNew(_ name: String, of fingerprint: Int64, _ db: Database) throws -> Bool {
    guard !name.isEmpty else { return false }
    let variants = try load(fingerprint, db)
    return variants[name] == nil && variants.count < limit
  }

  /// Counts one more arrival.
  mutating func note(
    _ occurrence: Occurrence, of fingerprint: Int64, isShown: Bool, at now: Timestamp, _ db: Database
  ) throws {
    let name = occurrence.variant
    guard !name.isEmpty else { return }
    let variants = try load(fingerprint, db)
    guard variants[name] != nil || variants.count < limit else { return }
    var variant = variants[name] ?? Variant(firstSeen: now, lastSeen: now, total: 0, shownAt: nil)
    variant.lastSeen = max(variant.lastSeen, now)
    variant.total += 1
    if isShown { variant.shownAt = now }
    let describes = isShown || !variant.isDescribed
    variant.isDescribed = true
    known[fingerprint]?[name] = variant
    let key = Name(fingerprint: fingerprint, variant: name)
    if describes { touched[key] = occurrence.traits } else if touched[key] == nil { touched[key] = .some(nil) }
  }

  mutating func flush(_ db: Database) throws {
    for (name, traits) in touched { try write(name, traits?.value, db) }
    touched = [:]
  }

  /// Writes a variant.
  ///
  /// - Parameter traits: the traits to write; nil to keep those in the database.
  private func write(_ name: Name, _ traits: VariantTraits?, _ db: Database) throws {
    guard let variant = known[name.fingerprint]?[name.variant] else { return }
    let statement = try db.cachedStatement(
      sql: """
        INSERT INTO variant
          (fingerprint_id, variant, first_seen, last_seen, total, shown_at, text, place, caller)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, IFNULL(?7, ''), IFNULL(?8, ''), IFNULL(?9, ''))
        ON CONFLICT DO UPDATE
        SET last_seen = excluded.last_seen, total = excluded.total, shown_at = excluded.shown_at,
          text = IFNULL(?7, text), place = IFNULL(?8, place), caller = IFNULL(?9, caller)
        """)
    try statement.execute(arguments: [
      name.fingerprint, name.variant, variant.firstSeen.milliseconds, variant.lastSeen.milliseconds, variant.total,
      variant.shownAt?.milliseconds, traits?.text, traits?.place, traits?.caller,
    ])
  }

  /// Returns the details of each variant, the first seen first, without their mails; includes variants of errors that
  /// were merged into this one.
  static func details(of fingerprint: Int64, _ db: Database) throws -> [VariantDetail] {
    let statement = try db.cachedStatement(
      sql: """
        SELECT v.variant, v.first_seen, v.last_seen, v.total,
          v.first_seen = f.first_seen AND s.slot IS NULL, v.text, v.place, v.caller
        FROM variant v
        JOIN fingerprint f ON f.id = v.fingerprint_id
        LEFT JOIN sample s ON s.fingerprint_id = v.fingerprint_id AND s.slot = ?1 || v.variant
        WHERE v.fingerprint_id = ?2 OR v.fingerprint_id IN (SELECT id FROM fingerprint WHERE merged_into = ?2)
        ORDER BY v.first_seen, v.variant
        """)
    let arguments: StatementArguments = [SampleTable.slot(ofVariant: ""), fingerprint]
    return try Row.fetchAll(statement, arguments: arguments).map { row in
      VariantDetail(
        name: try row.text(0), total: try row.count(3), firstSeen: try row.time(1), lastSeen: try row.time(2),
        isOfFirstMail: try row.integer(4) == 1,
        traits: VariantTraits(text: try row.text(5), place: try row.text(6), caller: try row.text(7)))
    }
  }

  private mutating func load(_ fingerprint: Int64, _ db: Database) throws -> [String: Variant] {
    if let variants = known[fingerprint] { return variants }
    let statement = try db.cachedStatement(
      sql: """
        SELECT variant, first_seen, last_seen, total, shown_at, text || place <> '' FROM variant WHERE fingerprint_id = ?
        ORDER BY first_seen LIMIT ?
        """)
    var variants: [String: Variant] = [:]
    for row in try Row.fetchAll(statement, arguments: [fingerprint, limit]) {
      variants[try row.text(0)] = Variant(
        firstSeen: try row.time(1), lastSeen: try row.time(2), total: try row.count(3),
        shownAt: try row.optionalTime(4), isDescribed: try row.integer(5) != 0)
    }
    known[fingerprint] = variants
    return variants
  }
}

// The differences between the variants of an error.
extension VariantTable {
  /// Returns the same as `spread(of:)`, including variants that are not in the database yet, which are written for it.
  /// Costs nothing if an error has a single variant.
  mutating func currentSpread(of fingerprint: Int64, _ db: Database) throws -> VariantSpread {
    let variants = try load(fingerprint, db)
    guard try variants.count > 1 || Self.hasMerged(fingerprint, db) else { return VariantSpread() }
    for variant in variants.keys {
      let name = Name(fingerprint: fingerprint, variant: variant)
      if let traits = touched.removeValue(forKey: name) { try write(name, traits?.value, db) }
    }
    return try Self.spread(of: [fingerprint], db)
  }

  private static func hasMerged(_ fingerprint: Int64, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM fingerprint WHERE merged_into = ? LIMIT 1")
    return try Row.fetchOne(statement, arguments: [fingerprint]) != nil
  }

  /// Returns the number of different texts and places among the variants of all these rows, which belong to one error
  /// in several sites, and of the errors merged into them.
  static func spread(of fingerprints: [Int64], _ db: Database) throws -> VariantSpread {
    let statement = try db.cachedStatement(
      sql: """
        SELECT COUNT(DISTINCT NULLIF(text, '')), COUNT(DISTINCT NULLIF(place, '')) FROM variant
        WHERE fingerprint_id IN (SELECT value FROM json_each(?1))
          OR fingerprint_id IN (SELECT id FROM fingerprint WHERE merged_into IN (SELECT value FROM json_each(?1)))
        """)
    let rows = "[\(fingerprints.map(String.init).joined(separator: ","))]"
    let row = try Row.fetchOne(statement, arguments: [rows])
    return VariantSpread(texts: try row?.count(0) ?? 0, places: try row?.count(1) ?? 0)
  }
}

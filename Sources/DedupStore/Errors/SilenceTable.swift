import DedupCore
import Foundation
import GRDB

/// The silences of the admin, and the effect of arriving mails on them.
struct SilenceTable {
  /// The silences in effect; nil if they have to be read.
  private var open: [Silence]?
  private var touched: Set<Int64> = []

  /// Returns the ruling of the silences on one more mail of an error; nil if none covers it. Of several, the first that
  /// holds the mail back decides; one that ends with this mail gives way to it.
  ///
  /// - Parameter goesOut: true if the mail goes out whatever the silences say; none of them counts it then.
  mutating func rule(
    over occurrence: Occurrence, row: Int64?, goesOut: Bool, now: Timestamp, _ db: Database
  ) throws -> Silence.Ruling? {
    var silences = try open ?? Self.open(db)
    var ruling: Silence.Ruling?
    for index in silences.indices where silences[index].covers(occurrence, row: row ?? 0) {
      let known = silences[index]
      let answer = silences[index].rule(goesOut: goesOut, now: now)
      if silences[index] != known { touched.insert(known.id) }
      ruling = answer
      if answer == .holds { break }
      if answer == .endsWithThis { ruling = .endsWithThis }
    }
    open = silences
    return ruling
  }

  mutating func flush(_ db: Database) throws {
    if touched.isEmpty { return }
    for silence in open ?? [] where touched.contains(silence.id) { try Self.write(silence, db) }
    self = SilenceTable()
  }

  static func insert(_ silence: Silence, _ db: Database) throws -> Silence {
    var silence = silence
    try db.execute(
      sql: "INSERT INTO silence (fingerprint_id, body) VALUES (?, ?)",
      arguments: [silence.scope.row, try json(silence)])
    silence.id = db.lastInsertedRowID
    return silence
  }

  static func write(_ silence: Silence, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "UPDATE silence SET ended_at = ?, body = ? WHERE id = ?")
    try statement.execute(arguments: [silence.ended?.at.milliseconds, try json(silence), silence.id])
  }

  /// Returns the silences in effect, the oldest first.
  static func open(_ db: Database) throws -> [Silence] { try read("WHERE ended_at IS NULL ORDER BY id", db) }

  /// Returns the latest silences, including those that ended; the newest first.
  static func all(limit: Int, _ db: Database) throws -> [Silence] {
    try read("ORDER BY id DESC LIMIT \(max(0, limit))", db)
  }

  static func find(_ id: Int64, _ db: Database) throws -> Silence? {
    try read("WHERE id = \(id)", db).first
  }

  private static func read(_ which: String, _ db: Database) throws -> [Silence] {
    let statement = try db.cachedStatement(sql: "SELECT id, body FROM silence \(which)")
    return try Row.fetchAll(statement).compactMap { row in
      // A silence that cannot be read holds nothing back.
      guard var silence = try? JSONDecoder().decode(Silence.self, from: Data(try row.text(1).utf8)) else { return nil }
      silence.id = try row.integer(0)
      return silence
    }
  }

  private static func json(_ silence: Silence) throws -> String {
    String(decoding: try JSONEncoder().encode(silence), as: UTF8.self)
  }
}

extension Silence.Scope {
  fileprivate var row: Int64? {
    if case .error(let row) = self { row } else { nil }
  }
}

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
  /// - Parameter known: the error before the mail; nil if it is new. If an admin asked for the next mail, none counts it.
  mutating func rule(
    over occurrence: Occurrence, _ known: ErrorRow?, now: Timestamp, _ naming: FleetNaming, _ db: Database
  ) throws -> Silence.Ruling? {
    var silences = try open ?? Self.open(db)
    var ruling: Silence.Ruling?
    let goesOut = known?.record.passesNext == true
    for index in silences.indices where silences[index].covers(occurrence, row: known?.id ?? 0, naming) {
      let before = silences[index]
      let answer = silences[index].rule(goesOut: goesOut, now: now)
      if silences[index] != before { touched.insert(before.id) }
      ruling = answer
      if answer == .holds { break }
      if answer == .endsWithThis { ruling = .endsWithThis }
    }
    open = silences
    return ruling
  }

  /// Binds silences of the fleet about an error to its row, now that it has one, whatever later versions call it.
  mutating func bind(_ occurrence: Occurrence, to row: Int64, _ naming: FleetNaming) {
    for (index, silence) in (open ?? []).enumerated() {
      guard case .named = silence.scope, silence.covers(occurrence, row: row, naming) else { continue }
      open?[index].scope = .error(row)
      touched.insert(silence.id)
    }
  }

  mutating func flush(_ db: Database) throws {
    if touched.isEmpty { return }
    for silence in open ?? [] where touched.contains(silence.id) {
      try Self.write(silence, db)
      // Time ends it on every relay, and a clock that jumped is this relay's own.
      if let cause = silence.ended?.cause, [.mails, .rate].contains(cause) {
        try FleetRecords.note(silence, at: silence.lastActive, db)
      }
    }
    self = SilenceTable()
  }

  static func insert(_ silence: Silence, _ db: Database) throws -> Silence {
    var silence = silence
    try db.execute(
      sql: "INSERT INTO silence (fingerprint_id, ended_at, uid, body) VALUES (?, ?, ?, ?)",
      arguments: [silence.scope.row, silence.ended?.at.milliseconds, silence.uid, try json(silence)])
    silence.id = db.lastInsertedRowID
    return silence
  }

  static func write(_ silence: Silence, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "UPDATE silence SET fingerprint_id = ?, ended_at = ?, uid = ?, body = ? WHERE id = ?")
    try statement.execute(arguments: [
      silence.scope.row, silence.ended?.at.milliseconds, silence.uid, try json(silence), silence.id,
    ])
  }

  /// Returns the silences in effect, the oldest first.
  static func open(_ db: Database) throws -> [Silence] { try read("WHERE ended_at IS NULL ORDER BY id", [], db) }

  /// Returns the latest silences, including those that ended; the newest first.
  static func all(limit: Int, _ db: Database) throws -> [Silence] {
    try read("ORDER BY id DESC LIMIT \(max(0, limit))", [], db)
  }

  static func find(_ id: Int64, _ db: Database) throws -> Silence? {
    try read("WHERE id = \(id)", [], db).first
  }

  /// Returns the silence that the fleet knows by that name.
  static func find(uid: String, _ db: Database) throws -> Silence? {
    try read("WHERE uid = ?", [uid], db).first
  }

  private static func read(
    _ which: String, _ arguments: StatementArguments, _ db: Database
  ) throws -> [Silence] {
    let statement = try db.cachedStatement(sql: "SELECT id, body FROM silence \(which)")
    return try Row.fetchAll(statement, arguments: arguments).compactMap { row in
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

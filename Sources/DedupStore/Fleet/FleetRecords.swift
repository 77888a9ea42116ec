import DedupCore
import Foundation
import GRDB

/// The records of what admins said, as rows.
enum FleetRecords {
  /// The age from which a record that asks for nothing any more is forgotten.
  private static let longestKept = Duration.seconds(400 * 86_400)
  /// The setting that holds the random id of the store.
  static let writerSetting = "fleet-store"

  /// Returns the random id of the store, which is made at the first time.
  static func writer(_ db: Database) throws -> String {
    if let id = try SettingTable.value(writerSetting, db) { return id }
    let id = String(UInt64.random(in: .min ... .max), radix: 36)
    try SettingTable.set(writerSetting, id, db)
    return id
  }

  /// Returns the record that follows the known one of that name.
  static func next(_ name: String, _ body: FleetRecord.Body, _ db: Database) throws -> FleetRecord {
    let number = try find(name, db)?.version.number ?? 0
    return FleetRecord(name: name, version: .init(number: number + 1, writer: try writer(db)), body: body)
  }

  /// Writes the next version of a record, which the engine gets later.
  static func say(_ name: String, _ body: FleetRecord.Body, at now: Timestamp, _ db: Database) throws {
    try write(try next(name, body, db), isPushed: false, at: now, db)
    try db.execute(
      sql: "DELETE FROM fleet_record WHERE is_open = 0 AND is_pushed = 1 AND said_at < ?",
      arguments: [now.advanced(by: .zero - longestKept).milliseconds])
  }

  static func write(_ record: FleetRecord, isPushed: Bool, at now: Timestamp, _ db: Database) throws {
    let body = String(decoding: try JSONEncoder().encode(record.body), as: UTF8.self)
    try db.execute(
      sql: "INSERT OR REPLACE INTO fleet_record VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        record.name, record.version.number, record.version.writer, record.body.error?.fingerprint, record.body.isOpen,
        now.milliseconds, isPushed, body,
      ])
  }

  static func find(_ name: String, _ db: Database) throws -> FleetRecord? {
    try read("WHERE name = ?", [name], db).first
  }

  /// Returns records that the engine lacks.
  static func unpushed(limit: Int, _ db: Database) throws -> [FleetRecord] {
    try read("WHERE is_pushed = 0 ORDER BY name LIMIT ?", [limit], db)
  }

  /// Returns how the admins want the mails of an error counted; nil if they said nothing.
  static func grouping(
    of fingerprint: String, site: String, _ naming: FleetNaming, _ db: Database
  ) throws -> FleetRecord.Grouping? {
    for record in try read("WHERE fingerprint = ? AND is_open = 1", [fingerprint], db) {
      if case .grouping(let grouping) = record.body, naming.matches(grouping.error, site: site, fingerprint) {
        return grouping
      }
    }
    return nil
  }

  /// Returns the records about an error that still hold.
  static func about(_ error: FleetErrorName, _ db: Database) throws -> [FleetRecord] {
    try read("WHERE fingerprint = ? AND is_open = 1 ORDER BY name", [error.fingerprint], db).filter {
      $0.body.error == error
    }
  }

  /// Returns the errors that count for another one.
  static func merged(into error: FleetErrorName, _ db: Database) throws -> [FleetErrorName] {
    try read("WHERE name LIKE 'grouping/%' AND is_open = 1", [], db).compactMap { record in
      guard case .grouping(let grouping) = record.body, grouping.into == error else { return nil }
      return grouping.error
    }
  }

  private static func read(_ which: String, _ arguments: StatementArguments, _ db: Database) throws -> [FleetRecord] {
    let statement = try db.cachedStatement(sql: "SELECT name, number, writer, body FROM fleet_record \(which)")
    return try Row.fetchAll(statement, arguments: arguments).compactMap { row in
      // A later version of the relay may write kinds of records that this one does not know; it ignores them.
      guard let body = try? JSONDecoder().decode(FleetRecord.Body.self, from: Data(try row.text(3).utf8)) else {
        return nil
      }
      let version = FleetRecord.Version(number: try row.integer(1), writer: try row.text(2))
      return FleetRecord(name: try row.text(0), version: version, body: body)
    }
  }
}

// What is said here.
extension FleetRecords {
  /// Says what a silence is now, if the fleet knows it.
  static func note(_ silence: Silence, at now: Timestamp, _ db: Database) throws {
    guard let uid = silence.uid, let scope = try scope(of: silence, uid, db) else { return }
    try say(FleetRecord.silence(uid), .silence(silence.shared(scope)), at: now, db)
  }

  /// Returns what a silence is about in the words of the fleet; nil if its error is gone.
  private static func scope(of silence: Silence, _ uid: String, _ db: Database) throws -> Silence.Scope? {
    guard case .error = silence.scope else { return silence.scope }
    guard case .silence(let known)? = try find(FleetRecord.silence(uid), db)?.body else { return nil }
    return known.scope
  }

  /// Returns the name of the error in a row; nil if there is none.
  static func error(in row: Int64, _ naming: FleetNaming, _ db: Database) throws -> FleetErrorName? {
    let statement = try db.cachedStatement(
      sql: "SELECT s.key, f.fingerprint FROM fingerprint f JOIN site s ON s.id = f.site_id WHERE f.id = ?")
    return try Row.fetchOne(statement, arguments: [row]).map { naming.error(site: try $0.text(0), try $0.text(1)) }
  }

  /// Returns the row of an error, whatever it was merged into; nil if it was not seen here.
  static func row(of error: FleetErrorName, _ naming: FleetNaming, _ db: Database) throws -> Int64? {
    let statement = try db.cachedStatement(
      sql: "SELECT f.id, s.key FROM fingerprint f JOIN site s ON s.id = f.site_id WHERE f.fingerprint = ?")
    for row in try Row.fetchAll(statement, arguments: [error.fingerprint]) {
      if naming.matches(error, site: try row.text(1), error.fingerprint) { return try row.integer(0) }
    }
    return nil
  }
}

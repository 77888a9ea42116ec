import GRDB

/// Small facts that outlive the process, such as the day of the last summary.
enum SettingTable {
  static func value(_ key: String, _ db: Database) throws -> String? {
    let statement = try db.cachedStatement(sql: "SELECT value FROM setting WHERE key = ?")
    return try Row.fetchOne(statement, arguments: [key])?.text(0)
  }

  static func set(_ key: String, _ value: String, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO setting (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value")
    try statement.execute(arguments: [key, value])
  }
}

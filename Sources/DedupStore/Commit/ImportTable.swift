import DedupCore
import GRDB

/// The mails of the emergency spool that are in the database already, while their files may still exist.
enum ImportTable {
  /// Returns true if the mail was imported. A mail in the queue counts even if a replaced database lost its row here.
  static func contains(_ id: QueueID, _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(
      sql: "SELECT 1 FROM imported WHERE id = ? UNION ALL SELECT 1 FROM entry WHERE id = ?")
    return try Row.fetchOne(statement, arguments: [id.rawValue, id.rawValue]) != nil
  }

  static func insert(_ id: QueueID, _ db: Database) throws {
    try db.cachedStatement(sql: "INSERT INTO imported (id) VALUES (?)").execute(arguments: [id.rawValue])
  }

  static func forget(_ id: QueueID, _ db: Database) throws {
    let statement = try db.cachedStatement(sql: "DELETE FROM imported WHERE id = ?")
    try statement.execute(arguments: [id.rawValue])
  }
}

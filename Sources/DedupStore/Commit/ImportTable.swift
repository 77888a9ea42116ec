import DedupCore
import GRDB

/// Which mails of the emergency spool are in the database already, while their files may still be there.
enum ImportTable {
  /// A mail in the queue is known as well when a replaced database lost the row here.
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

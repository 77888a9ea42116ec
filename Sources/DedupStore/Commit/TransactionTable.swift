import GRDB

/// The transactions that are in the database: each leaves a unique number.
///
/// A transaction whose sync failed counts as lost, but its pages may be whole in the WAL, and a start after a crash
/// then accepts it for good. The last transaction that such a start finds is kept until nothing refers to it any more.
enum TransactionTable {
  /// Makes `number` that of the current transaction.
  static func note(_ number: Int64, _ db: Database) throws {
    let statement = try db.cachedStatement(
      sql: "INSERT INTO last_transaction (id, number) VALUES (1, ?) ON CONFLICT DO UPDATE SET number = excluded.number")
    try statement.execute(arguments: [number])
  }

  /// Keeps the number of the last transaction as one that was found. It is part of the first transaction of a process.
  static func keepLast(_ db: Database) throws {
    try db.execute(sql: "INSERT OR IGNORE INTO found_transaction (number) SELECT number FROM last_transaction")
  }

  static func contains(anyOf numbers: [Int64], _ db: Database) throws -> Bool {
    let statement = try db.cachedStatement(sql: "SELECT 1 FROM found_transaction WHERE number = ?")
    return try numbers.contains { try Row.fetchOne(statement, arguments: [$0]) != nil }
  }

  static func forgetFound(_ db: Database) throws { try db.execute(sql: "DELETE FROM found_transaction") }
}

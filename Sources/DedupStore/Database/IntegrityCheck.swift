import DedupCore
import Dispatch
import GRDB
import Synchronization

/// Checks whether a database is what we wrote.
enum IntegrityCheck {
  /// Checks the database.
  ///
  /// - Parameter patience: the time limit; damage not found by then counts as absent. A start must not take longer,
  ///   since clients are refused meanwhile.
  /// - Throws: `.corrupt`, or the error of SQLite.
  static func run(_ pool: DatabasePool, patience: Duration) throws {
    try checkPages(pool, patience)
    try pool.read(checkColumns)
  }

  private static func checkPages(_ pool: DatabasePool, _ patience: Duration) throws {
    let isLate = Atomic(false)
    let alarm = DispatchWorkItem {
      isLate.store(true, ordering: .relaxed)
      pool.interrupt()
    }
    let queue = DispatchQueue(label: "dedup-store-examine")
    queue.asyncAfter(deadline: .now() + .milliseconds(Int(patience.wholeMilliseconds)), execute: alarm)
    let findings = Result {
      try pool.writeWithoutTransaction { try Row.fetchAll($0, sql: "PRAGMA integrity_check(1)").map { try $0.text(0) } }
    }
    alarm.cancel()
    // An alarm that is already firing would interrupt whatever comes next.
    queue.sync {}
    if isLate.load(ordering: .relaxed) { return }
    guard let finding = try findings.get().first, finding != "ok" else { return }
    throw StoreFailure(.corrupt, "the database is damaged: \(finding)")
  }

  /// Checks the names and types of all columns. A flipped bit in the schema can give a column another name.
  private static func checkColumns(_ db: Database) throws {
    let expected = try DatabaseQueue()
    try Schema.migrator.migrate(expected)
    let missing = try expected.read(columns).subtracting(try columns(db))
    guard let first = missing.sorted().first else { return }
    throw StoreFailure(.corrupt, "the database is damaged: it has no column \(first)")
  }

  private static func columns(_ db: Database) throws -> Set<String> {
    let select = """
      SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
      FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%'
      """
    return Set(try Row.fetchAll(db, sql: select).map { try $0.text(0) })
  }
}

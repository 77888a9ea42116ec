import DedupCore
import GRDB

/// What the store does when it has nothing else to do, and once at its start.
enum Housekeeping {
  /// Free pages that stay for the next burst: 16 MiB.
  private static let keptPages = 4096
  /// Pages given back in one step: 2 MiB to move at most, so that a mail that arrives meanwhile waits some ms.
  private static let pagesAStep = 512

  /// Gives free pages of the file back to the file system, a bounded number at a time. Returns whether there are more.
  static func shrink(_ db: Database) throws -> Bool {
    let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    guard free > keptPages else { return false }
    try db.execute(sql: "PRAGMA incremental_vacuum(\(min(pagesAStep, free - keptPages)))")
    return free - keptPages > pagesAStep
  }

  /// Removes body files that nothing refers to. When the references cannot be read, nothing is removed; nor while a
  /// database that was set aside may refer to them.
  static func removeOrphans(_ files: StoreFiles, _ bodies: BodyFiles, _ database: some DatabaseReader) throws -> Int {
    guard files.setAside.isEmpty else { return 0 }
    let referenced = try database.read { db in
      try Row.fetchAll(db, sql: "SELECT file FROM message WHERE file IS NOT NULL").map { try $0.text(0) }
    }
    return try bodies.removeOrphans(referenced: Set(referenced))
  }
}

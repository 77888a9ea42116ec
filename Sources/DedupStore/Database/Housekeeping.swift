import DedupCore
import GRDB

/// The work that the store does when it is idle, and once at its start.
enum Housekeeping {
  /// The number of free pages kept for the next burst: 16 MiB.
  private static let keptPages = 4096
  /// The number of pages given back in one step: at most 2 MiB to move, so that a mail that arrives meanwhile waits
  /// some ms.
  private static let pagesAStep = 512

  /// Gives free pages of the file back to the file system, a bounded number at a time. Returns true if there are more.
  static func shrink(_ db: Database) throws -> Bool {
    let free = try Int.fetchOne(db, sql: "PRAGMA freelist_count") ?? 0
    guard free > keptPages else { return false }
    try db.execute(sql: "PRAGMA incremental_vacuum(\(min(pagesAStep, free - keptPages)))")
    return free - keptPages > pagesAStep
  }

  /// Removes body files that nothing refers to. Nothing is removed if the references cannot be read, or while a
  /// database that was set aside may refer to the files. Returns the number of removed files.
  static func removeOrphans(_ files: StoreFiles, _ bodies: BodyFiles, _ database: some DatabaseReader) throws -> Int {
    guard files.setAside.isEmpty else { return 0 }
    let referenced = try database.read { db in
      try Row.fetchAll(db, sql: "SELECT file FROM message WHERE file IS NOT NULL").map { try $0.text(0) }
    }
    return try bodies.removeOrphans(referenced: Set(referenced))
  }
}

import DedupCore
import GRDB

/// Opens the database and configures its connections.
enum Connection {
  /// Opens or creates the database for the daemon: one writer, some readers that never block it.
  static func openForWriting(_ files: StoreFiles, _ limits: StoreLimits) throws -> DatabasePool {
    let pool = try DatabasePool(path: files.database, configuration: configuration(limits))
    try refuseNewerSchema(pool, files)
    try pool.writeWithoutTransaction { try makeDurable($0, files, limits) }
    try Schema.migrator.migrate(pool)
    return pool
  }

  /// Opens the database of a daemon that is down or that we may not ask.
  static func openForReading(_ files: StoreFiles, _ limits: StoreLimits) throws -> any DatabaseReader {
    var configuration = configuration(limits)
    configuration.readonly = true
    let queue = try DatabaseQueue(path: files.database, configuration: configuration)
    try refuseNewerSchema(queue, files)
    try refuseOlderSchema(queue, files)
    return queue
  }

  /// Opens a database that may be damaged, to read what can be read. Changes nothing.
  static func openDamaged(_ files: StoreFiles, _ limits: StoreLimits) throws -> DatabaseQueue {
    var configuration = configuration(limits)
    configuration.readonly = true
    return try DatabaseQueue(path: files.database, configuration: configuration)
  }

  private static func configuration(_ limits: StoreLimits) -> Configuration {
    var configuration = Configuration()
    configuration.label = "dedup-store"
    configuration.busyMode = .timeout(seconds(limits.busyTimeout))
    configuration.maximumReaderCount = 4
    // Otherwise GRDB ends the process if a disk error prevents a rollback; `Writer` handles that case instead.
    configuration.allowsUnsafeTransactions = true
    // No mmap_size: reading a mapped file that was truncated or sits on a bad sector ends the process by a signal.
    configuration.prepareDatabase { db in
      guard !db.configuration.readonly else { return }
      // Takes effect only while the file is empty. Freed pages can then be given back in small steps (Housekeeping);
      // without it the file stays as large as the worst day of its life.
      try db.execute(sql: "PRAGMA auto_vacuum = INCREMENTAL")
    }
    return configuration
  }

  /// Applies the settings of the writer that the durability of a 250 depends on.
  private static func makeDurable(_ db: Database, _ files: StoreFiles, _ limits: StoreLimits) throws {
    // GRDB sets NORMAL after everything that a configuration can set, and NORMAL syncs the WAL only at a checkpoint:
    // acknowledged mail would be lost on a power loss. So it is set here and verified by reading it back.
    try db.execute(sql: "PRAGMA synchronous = FULL")
    guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 2 else {
      throw StoreFailure(.other, "SQLite does not sync each commit although it was told to (PRAGMA synchronous)")
    }
    // Debian builds SQLite with secure_delete on, which zeroes each freed page: deleting 90 MB of delivered mail wrote
    // 95 MB to the WAL. FAST zeroes data on pages that are written anyway and leaves whole freed pages as they are
    // until they are reused. Their mail stays readable for those who can read the file, which is only us, and a
    // journaling file system or an SSD would keep it anyway.
    _ = try Row.fetchOne(db, sql: "PRAGMA secure_delete = FAST")
    // On a small disk the WAL would take the room that is reserved for recording deliveries.
    let room = DiskSpace(path: files.directory).map { $0.total / 100 } ?? .max
    _ = try Row.fetchOne(db, sql: "PRAGMA wal_autocheckpoint = \(max(16, min(limits.walPages, room / 4096)))")
    // The room that a burst added to the WAL is given back after the next checkpoint.
    _ = try Row.fetchOne(db, sql: "PRAGMA journal_size_limit = 67108864")
    // The pages of one large batch stay in memory until they are written once.
    try db.execute(sql: "PRAGMA cache_size = -32768")
  }

  private static func refuseNewerSchema(_ database: some DatabaseReader, _ files: StoreFiles) throws {
    switch try database.read(origin) {
    case .ours: return
    case .damaged: throw StoreFailure.damaged("list of its own versions")
    case .foreign:
      throw StoreFailure(.other, "\(files.database) is a database of another program; use another directory")
    case .newer:
      throw StoreFailure(
        .other, "\(files.database) was written by a newer version of MailDedup; start that version again")
    }
  }

  private enum Origin {
    case ours
    case newer
    case foreign
    case damaged
  }

  private static func origin(_ db: Database) throws -> Origin {
    let migrator = Schema.migrator
    guard try db.tableExists("grdb_migrations") else {
      if try isEmpty(db) { return .ours }
      return try ["entry", "fingerprint", "tally"].contains { try db.tableExists($0) } ? .damaged : .foreign
    }
    guard try migrator.hasBeenSuperseded(db) else { return .ours }
    // A newer version has our migrations and additional ones.
    return try migrator.hasCompletedMigrations(db) ? .newer : .damaged
  }

  /// Refuses a database of an older version. Only the daemon migrates, so a reader meets the columns of the version
  /// that wrote last.
  private static func refuseOlderSchema(_ database: some DatabaseReader, _ files: StoreFiles) throws {
    guard try database.read({ try Schema.migrator.hasCompletedMigrations($0) }) else {
      throw StoreFailure(
        .other, "\(files.database) was written by an older version of MailDedup; start maildedup once to update it")
    }
  }

  private static func isEmpty(_ db: Database) throws -> Bool {
    try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM sqlite_schema") == 0
  }

  private static func seconds(_ duration: Duration) -> Double { Double(duration.wholeMilliseconds) / 1000 }
}

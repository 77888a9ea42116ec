import DedupCore
import EventLog
import Foundation
import GRDB
import Glibc
import Logging

/// Replaces a database that cannot be used any more by a fresh one.
///
/// Promises: the old file is neither changed nor removed, and keeps its own name until the fresh one is complete beside
/// it. So a crash in between repeats the whole or leaves a fresh database that the next start puts in place.
struct Replacer: Sendable {
  let files: StoreFiles
  let lock: InstanceLock
  let limits: StoreLimits
  let logger: Logger
  let now: @Sendable () -> Timestamp

  /// The settings key of replacements that have not been reported yet, as JSON.
  static let untoldSetting = "replacements.untold"

  /// Opens the database, or a fresh one in its place.
  ///
  /// - Parameter isStart: true if no client is served meanwhile, so that reading again what cannot be read is allowed.
  func open(isStart: Bool) throws -> DatabasePool {
    try StoreFiles.makeDirectory(files.bodies)
    try finishInterrupted()
    files.removeStrayCompanions()
    try files.prepareDatabase()
    let patience = isStart ? min(limits.readPatience, Self.startPatience) : .zero
    let begin = ContinuousClock.now
    while true {
      do { return try openOnce() } catch let error where Faults.failure(error).kind == .unreadable {
        guard begin.duration(to: .now) < patience else {
          return try replace(try? Connection.openDamaged(files, limits), .damaged, because: text(of: error))
        }
        Thread.sleep(forTimeInterval: 0.5)
      }
    }
  }

  /// The time that a start spends reading again what cannot be read. A bad sector stays bad.
  private static let startPatience = Duration.seconds(3)

  private func text(of error: any Error) -> String { Faults.failure(error).description }

  private func openOnce() throws -> DatabasePool {
    do {
      let pool = try Connection.openForWriting(files, limits)
      do { try IntegrityCheck.run(pool, patience: limits.examination) } catch let error where isDamage(error) {
        return try replace(pool, .damaged, because: text(of: error))
      }
      return pool
    } catch let error where isDamage(error) {
      let old = try? Connection.openDamaged(files, limits)
      return try replace(old, .damaged, because: text(of: error))
    }
  }

  /// True if an error of an opening means damage. The statements of an opening are right for every schema of ours: if
  /// SQLite rejects one, the schema is wrong.
  private func isDamage(_ error: any Error) -> Bool {
    (error as? DatabaseError)?.resultCode == .SQLITE_ERROR || Faults.failure(error).kind == .corrupt
  }

  /// Replaces the database by a fresh one.
  ///
  /// - Parameter old: a connection to the old database, which may have lost its name; nil if it cannot be opened. It is
  ///   closed afterwards.
  /// - Throws: if the fresh one cannot be made; the old one is then unchanged.
  func replace(
    _ old: (any DatabaseWriter)?, _ cause: StoreReplacement.Cause, because reason: String
  ) throws -> DatabasePool {
    let at = now()
    let place = files.placeAside(for: cause, at: at)
    var replacement = StoreReplacement(
      cause: cause, reason: reason, at: at, path: access(files.database, F_OK) == 0 ? place : nil, recovered: 0,
      lost: nil, errors: 0)
    try makeFresh(from: old, &replacement)
    try files.setAside(to: place)
    try putFreshInPlace()
    let pool = try Connection.openForWriting(files, limits)
    // Only after its name was taken: SQLite notices that and writes nothing more to it.
    try? old?.close()
    files.removeStrayCompanions()
    notify(replacement)
    return pool
  }

  /// Finishes a replacement that a crash interrupted after the old database had lost its name.
  private func finishInterrupted() throws {
    guard access(files.database, F_OK) != 0, access(files.fresh.database, F_OK) == 0 else { return }
    try putFreshInPlace()
  }

  private func makeFresh(from old: (any DatabaseWriter)?, _ replacement: inout StoreReplacement) throws {
    try StoreFiles.makeDirectory(files.bodies)
    try lock.renew(path: files.lock)
    removeFresh()
    try files.fresh.prepareDatabase()
    let fresh = try Connection.openForWriting(files.fresh, limits)
    do {
      let result = try fill(fresh, from: old)
      (replacement.recovered, replacement.lost, replacement.errors) = (result.recovered, result.lost, result.errors)
      try remember(replacement, fresh)
      try fresh.close()
    } catch {
      try? fresh.close()
      removeFresh()
      throw error
    }
  }

  private func fill(_ fresh: DatabasePool, from old: (any DatabaseWriter)?) throws -> Salvage.Result {
    guard let old else { return Salvage.Result(lost: nil) }
    var result = Salvage.Result(lost: nil)
    let bodies = BodyFiles(folder: files.bodies)
    try fresh.write { new in
      try old.writeWithoutTransaction { source in
        if source.isInsideTransaction { try? source.rollback() }
        result = try Salvage.run(from: source, into: new, bodies)
      }
    }
    return result
  }

  private func remember(_ replacement: StoreReplacement, _ fresh: DatabasePool) throws {
    try fresh.writeWithoutTransaction { db in
      try db.inTransaction(.immediate) {
        try SettingTable.set(Self.untoldSetting, try Self.json(try Self.untold(db) + [replacement]), db)
        return .commit
      }
      _ = try db.checkpoint(.truncate)
    }
  }

  private func putFreshInPlace() throws {
    guard rename(files.fresh.database, files.database) == 0 else {
      throw FileFault("rename", files.fresh.database)
    }
    for companion in ["-wal", "-shm"] { unlink(files.fresh.database + companion) }
    try StoreFiles.syncDirectory(files.directory)
  }

  /// Removes the files of an interrupted replacement, which were never used.
  private func removeFresh() {
    for companion in ["", "-wal", "-shm"] { unlink(files.fresh.database + companion) }
  }

  private func notify(_ replacement: StoreReplacement) {
    logger.event(
      .critical, .databaseReplaced,
      [
        .cause: "\(replacement.cause.rawValue)", .reason: "\(replacement.reason)",
        .setAside: "\(replacement.path ?? "nothing was left")", .recovered: "\(replacement.recovered)",
        .lost: "\(replacement.lost.map(String.init) ?? "unknown")", .errors: "\(replacement.errors)",
      ])
  }
}

// Replacements that have not been reported to the admin yet.
extension Replacer {
  static func untold(_ db: Database) throws -> [StoreReplacement] {
    let text = try SettingTable.value(untoldSetting, db) ?? "[]"
    return (try? JSONDecoder().decode([StoreReplacement].self, from: Data(text.utf8))) ?? []
  }

  static func json(_ replacements: [StoreReplacement]) throws -> String {
    String(decoding: try JSONEncoder().encode(replacements), as: UTF8.self)
  }
}

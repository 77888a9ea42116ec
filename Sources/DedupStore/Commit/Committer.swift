import DedupCore
import EventLog
import GRDB
import Logging

/// Turns a batch of jobs into one durable transaction, and handles the consequences.
///
/// A database that turns out to be damaged, or was removed while in use, is replaced at once, on the thread of the
/// transaction; the jobs then throw `DatabaseReplaced` and may be run again. If that fails, or is needed again too
/// soon, the jobs throw the original failure, and the next jobs try again.
///
/// This is a value that the thread of the `CommitQueue` owns, so nothing in it needs a lock; what other threads see is
/// in the `Writer`.
struct Committer: Committing {
  private let writer: Writer
  private let logger: Logger
  /// The knowledge of the database in use.
  private var memory = DatabaseMemory(generation: CurrentDatabase.none)
  /// The time of the last replacement; nil if there was none. The next one may be too soon.
  private var lastReplacement: ContinuousClock.Instant?
  /// The time of the last attempt to open a database that was missing at the start; nil if there was none.
  private var lastOpening: ContinuousClock.Instant?
  /// The databases that cannot be read at the moment, by generation.
  private let readPatience: ReadPatience<Int>

  init(_ writer: Writer, _ logger: Logger) {
    self.writer = writer
    self.logger = logger
    readPatience = ReadPatience(writer.limits.readPatience)
  }

  /// Runs `jobs` in one transaction and returns once it is synced.
  ///
  /// - Throws: failures of the transaction itself carry its number.
  mutating func commit(_ jobs: (Batch) throws -> Void) throws {
    let opened = try openedAtLast()
    guard opened.identity.isThat(of: opened.pool.path) else {
      try replace(.removed, StoreFailure(.ioError, "\(opened.pool.path) was removed or replaced while in use"))
    }
    var effects: Batch.Effects
    let number = Self.newNumber()
    // Counted before the additions become visible.
    let state = writer.beginTransaction()
    do {
      effects = try opened.pool.writeWithoutTransaction { db in
        do {
          let effects = try commit(jobs, as: number, in: opened.generation, state, db)
          opened.checkpoints?.step(db)
          return effects
        } catch {
          if Faults.failure(error).kind == .ioError { overwriteFailed(db) }
          throw error
        }
      }
    } catch {
      var failure = Faults.failure(error)
      failure.transactions.append(number)
      let isDamage = failure.kind == .corrupt || failure.kind == .unreadable && readPatience.isOver(opened.generation)
      guard isDamage else { throw failure }
      try replace(.damaged, failure)
    }
    effects.orphans.forEach(writer.bodies.remove)
    effects.added.transaction = state.transactions
    writer.follow(effects)
  }

  /// Does a step of work for idle moments, and logs a failure. Returns true if there is more.
  mutating func tidy() -> Bool {
    do { return try tidyStep() } catch {
      logger.event(.warning, .databaseNotTidied, [.error: "\(Faults.failure(error))"])
      return false
    }
  }

  /// Does a step of work for idle moments: held-back samples, purge, deflation, shrinking. Returns true if there is
  /// more.
  mutating func tidyStep() throws -> Bool {
    guard let opened = try? writer.database.opened else { return false }
    let now = writer.ages.now()
    let purge = writer.purge(at: now)
    return try opened.pool.writeWithoutTransaction { db in
      if db.isInsideTransaction { try db.rollback() }
      // On a full disk this fails, and the steps below make room.
      if (try? writeLatestSamples(of: opened.generation, db)) == nil, db.isInsideTransaction { try db.rollback() }
      // This may go on for long, and no other commit comes meanwhile.
      defer { opened.checkpoints?.step(db) }
      return try purge.step(db, orphaned: writer.bodies.remove) || SampleTable.deflate(now: now, db)
        || Housekeeping.shrink(db)
    }
  }

  /// Writes the samples that wait. On a full disk they are lost.
  mutating func finish() {
    guard let opened = try? writer.database.opened else { return }
    try? opened.pool.writeWithoutTransaction { try writeLatestSamples(of: opened.generation, $0) }
  }
}

// The transaction.
extension Committer {
  private mutating func commit(
    _ jobs: (Batch) throws -> Void, as number: Int64, in generation: Int, _ state: WriterState, _ db: Database
  ) throws -> Batch.Effects {
    // Left open by a rollback that failed; nothing of it was acknowledged.
    if db.isInsideTransaction { try db.rollback() }
    if memory.generation != generation { memory = DatabaseMemory(generation: generation) }
    let batch = Batch(
      db, directory: writer.bodies.folder, policy: state.policy, noticeMode: state.noticeMode,
      noticeRoom: state.noticeRoom, limits: writer.limits, letterhead: writer.letterhead, naming: writer.naming,
      latest: memory.latest, memory: memory.takeBatch(), packages: state.packages)
    let changes = db.totalChangesCount
    var left = BatchMemory()
    try db.inTransaction(.immediate) {
      let begin = try batch.begin(changes: changes)
      if !memory.hasBegun {
        try TransactionTable.keepLast(db)
        try writer.ages.start(db)
      }
      try TransactionTable.note(number, db)
      try jobs(batch)
      try batch.flush()
      left = batch.memory(since: begin)
      return .commit
    }
    memory.hasBegun = true
    memory.latest = batch.latest
    memory.batch = left
    writer.finishTransaction(batch)
    return batch.effects
  }

  /// Writes the latest mails of a storm that may be over.
  private mutating func writeLatestSamples(of generation: Int, _ db: Database) throws {
    guard memory.generation == generation, !memory.latest.isEmpty else { return }
    var latest = memory.latest
    try db.inTransaction(.immediate) {
      try SampleTable.write(latest.all(), db)
      return .commit
    }
    memory.latest = latest
    writer.noteSamples(latest)
  }

  /// Overwrites a transaction whose sync failed. It counts as lost, and its mails find another place. But it is whole
  /// in the WAL, and a start after a crash would accept it for good: its mails would be there twice. The next
  /// transaction takes its place in the file, so an empty one follows at once, whether it can be synced or not; a disk
  /// that fails intermittently is asked more than once. If the disk takes not even that, the numbers that spooled mails
  /// carry tell (`TransactionTable`).
  private func overwriteFailed(_ db: Database) {
    for _ in 1...3 {
      do {
        if db.isInsideTransaction { try db.rollback() }
        return try db.inTransaction(.immediate) {
          try TransactionTable.note(Self.newNumber(), db)
          return .commit
        }
      } catch let error as DatabaseError where error.extendedResultCode == .SQLITE_IOERR_FSYNC {
        // It is written. A disk that hangs at each sync must not be asked again while clients wait.
        return
      } catch { continue }
    }
  }

  /// Returns a number that only has to differ from all others, including those of earlier processes.
  private static func newNumber() -> Int64 { .random(in: 0 ... .max) }
}

// Another database.
extension Committer {
  /// Returns the database. If it could not be opened at the start, opening is tried again, but not for each mail.
  private mutating func openedAtLast() throws -> CurrentDatabase.Opened {
    if let opened = try? writer.database.opened { return opened }
    if Self.isLater(&lastOpening, by: writer.limits.openingPause) {
      try writer.database.replace(with: try writer.replacer.open(isStart: false))
      writer.replaced()
    }
    return try writer.database.opened
  }

  private mutating func replace(_ cause: StoreReplacement.Cause, _ failure: StoreFailure) throws -> Never {
    // If memory or the disk spoils each new database at once, the disk must not fill up with them.
    guard Self.isLater(&lastReplacement, by: writer.limits.replacementPause) else { throw failure }
    do {
      // The old file keeps all its octets.
      let opened = try writer.database.opened
      opened.checkpoints?.waitUntilIdle()
      try writer.database.replace(with: try writer.replacer.replace(opened.pool, cause, because: failure.description))
    } catch {
      throw StoreFailure(failure.kind, "\(failure); it could not be replaced: \(Faults.failure(error))")
    }
    writer.replaced()
    throw DatabaseReplaced(failure: failure)
  }

  /// Returns true, and makes now the `last` time, if that was at least `pause` ago or never.
  private static func isLater(_ last: inout ContinuousClock.Instant?, by pause: Duration) -> Bool {
    let now = ContinuousClock.now
    if let last, last.duration(to: now) < pause { return false }
    last = now
    return true
  }
}

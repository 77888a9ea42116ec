import DedupCore
import GRDB
import RelayMail
import Synchronization

/// Turns a batch of jobs into one durable transaction, and handles the consequences.
///
/// A database that turns out to be damaged, or was removed while in use, is replaced at once, on the thread of the
/// transaction; the jobs then throw `DatabaseReplaced` and may be run again. If that fails, or is needed again too
/// soon, the jobs throw the original failure, and the next jobs try again.
final class Writer: Sendable {
  private let database: CurrentDatabase
  private let bodies: BodyFiles
  private let limits: StoreLimits
  private let letterhead: Letterhead
  private let replacer: Replacer
  private let policy: Mutex<WindowPolicy>
  private let noticeModeNow = Mutex(NoticeMode.oneByOne)
  /// The time for ages.
  let ages: AgeClock
  private let retention: Mutex<Retention>
  private let follow = Handler<Batch.Effects>()
  private let replaced = Handler<Void>()
  private let begun = Atomic(0)
  private let lastReplacement = Mutex<ContinuousClock.Instant?>(nil)
  private let lastOpening = Mutex<ContinuousClock.Instant?>(nil)
  /// The generation of the database whose last transaction was kept as found; nil before the first commit.
  private let begunGeneration = Mutex<Int?>(nil)
  /// The held-back samples, with the generation of the database whose rows they name.
  private let latestSamples = Mutex<(generation: Int, samples: LatestSamples)>((0, LatestSamples()))
  /// The memory of the last batch, with the generation of the database; taken out while a transaction runs.
  private let memory = Mutex<(generation: Int, facts: BatchMemory)>((0, BatchMemory()))
  /// The packages of all envelopes, as far as they are durable.
  private let sitePackages = Mutex(SitePackages())
  /// The databases that cannot be read at the moment, by generation.
  private let readPatience: ReadPatience<Int>

  init(
    _ database: CurrentDatabase, _ bodies: BodyFiles, _ limits: StoreLimits, policy: WindowPolicy, replacer: Replacer,
    letterhead: Letterhead
  ) {
    self.letterhead = letterhead
    self.database = database
    self.bodies = bodies
    self.limits = limits
    self.replacer = replacer
    self.policy = Mutex(policy)
    ages = AgeClock(wall: replacer.now)
    readPatience = ReadPatience(limits.readPatience)
    retention = Mutex(limits.retention)
  }

  var pool: DatabasePool {
    get throws(StoreFailure) { try database.opened.pool }
  }

  /// Reads the data that earlier processes left.
  func start(_ db: Database) throws {
    try ages.start(db)
    let packages = try PackageTable.read(db)
    sitePackages.withLock { $0 = packages }
  }

  /// Returns the packages of an envelope.
  ///
  /// - Parameter envelope: the key from `Site.envelopeKey(of:)`.
  func packages(of envelope: String) -> [String] { sitePackages.withLock { $0.names(of: envelope) } }

  /// The policy at the moment.
  var currentPolicy: WindowPolicy { policy.withLock { $0 } }

  func setPolicy(_ policy: WindowPolicy) { self.policy.withLock { $0 = policy } }

  /// The current settings for how errors are reported.
  var noticeMode: NoticeMode { noticeModeNow.withLock { $0 } }

  func setNoticeMode(_ noticeMode: NoticeMode) { noticeModeNow.withLock { $0 = noticeMode } }

  func setRetention(_ retention: Retention) { self.retention.withLock { $0 = retention } }

  /// True if samples wait to be written.
  var holdsSamples: Bool { latestSamples.withLock { !$0.samples.isEmpty } }

  /// The number of transactions begun so far.
  var transactions: Int { begun.load(ordering: .sequentiallyConsistent) }

  /// Sets the closure that is called after each durable batch.
  func onCommit(_ follow: (@Sendable (Batch.Effects) -> Void)?) { self.follow.set(follow) }

  /// Sets the closure that is called after each replaced database.
  func onReplaced(_ replaced: (@Sendable () -> Void)?) { self.replaced.set { _ in replaced?() } }

  /// Runs `jobs` in one transaction and returns once it is synced.
  ///
  /// - Throws: failures of the transaction itself carry its number.
  func commit(_ jobs: (Batch) throws -> Void) throws {
    let opened = try openedAtLast()
    guard opened.identity.isThat(of: opened.pool.path) else {
      try replace(.removed, StoreFailure(.ioError, "\(opened.pool.path) was removed or replaced while in use"))
    }
    var effects: Batch.Effects
    let number = Self.newNumber()
    // Before the additions become visible.
    let count = begun.add(1, ordering: .sequentiallyConsistent).newValue
    do {
      effects = try opened.pool.writeWithoutTransaction { db in
        do {
          let effects = try commit(jobs, as: number, in: opened.generation, db)
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
    effects.orphans.forEach(bodies.remove)
    effects.added.transaction = count
    follow(effects)
  }

  /// Fails like a transaction that met `failure`, unless the database of `generation` was replaced since.
  func meet(_ failure: StoreFailure, in generation: Int) throws {
    guard let opened = try? database.opened, opened.generation == generation else { return }
    throw failure
  }

  /// Does a step of work for idle moments: held-back samples, purge, deflation, shrinking. Returns true if there is
  /// more.
  func tidy() throws -> Bool {
    guard let opened = try? database.opened else { return false }
    let pool = opened.pool
    let now = ages.now()
    let purge = purge(at: now)
    return try pool.writeWithoutTransaction { db in
      if db.isInsideTransaction { try db.rollback() }
      // On a full disk this fails, and the steps below make room.
      if (try? writeLatestSamples(of: opened.generation, db)) == nil, db.isInsideTransaction { try db.rollback() }
      // This may go on for long, and no other commit comes meanwhile.
      defer { opened.checkpoints?.step(db) }
      return try purge.step(db, orphaned: bodies.remove) || SampleTable.deflate(now: now, db) || Housekeeping.shrink(db)
    }
  }

  /// Returns the purge of data that is too old at `now`.
  func purge(at now: Timestamp) -> Purge {
    Purge(retention.withLock { $0 }, windowLength: policy.withLock { $0.length }, now: now)
  }

  /// Runs `work` between two transactions.
  func outsideTransaction<Output>(_ work: (Database) throws -> Output) throws -> Output {
    let opened = try database.opened
    return try opened.pool.writeWithoutTransaction { db in
      opened.checkpoints?.waitUntilIdle()
      defer { opened.checkpoints?.step(db) }
      return try work(db)
    }
  }

  /// Moves the WAL into the database and closes both. On a full disk the move may fail; the WAL then stays, and the
  /// next start reads it.
  func close() throws {
    guard let opened = try? database.opened else { return }
    let pool = opened.pool
    opened.checkpoints?.close()
    let checkpoint = Result {
      try pool.writeWithoutTransaction { db in
        try? writeLatestSamples(of: opened.generation, db)
        try? db.inTransaction(.immediate) {
          try ages.write(db)
          return .commit
        }
        _ = try db.checkpoint(.truncate)
      }
    }
    try pool.close()
    try checkpoint.get()
  }

  private func commit(
    _ jobs: (Batch) throws -> Void, as number: Int64, in generation: Int, _ db: Database
  ) throws -> Batch.Effects {
    // Left open by a rollback that failed; nothing of it was acknowledged.
    if db.isInsideTransaction { try db.rollback() }
    let batch = Batch(
      db, directory: bodies.folder, policy: policy.withLock { $0 }, noticeMode: noticeMode, limits: limits,
      letterhead: letterhead, latest: latestSamples(of: generation), memory: takeMemory(of: generation),
      packages: sitePackages.withLock { $0 })
    let isFirst = begunGeneration.withLock { $0 != generation }
    let changes = db.totalChangesCount
    var memory = BatchMemory()
    try db.inTransaction(.immediate) {
      let state = try batch.begin(changes: changes)
      if isFirst {
        try TransactionTable.keepLast(db)
        try ages.start(db)
      }
      try TransactionTable.note(number, db)
      try jobs(batch)
      try batch.flush()
      memory = batch.memory(since: state)
      return .commit
    }
    if isFirst { begunGeneration.withLock { $0 = generation } }
    latestSamples.withLock { $0 = (generation, batch.latest) }
    self.memory.withLock { $0 = (generation, memory) }
    sitePackages.withLock { $0 = batch.packages.packages }
    return batch.effects
  }

  private func takeMemory(of generation: Int) -> BatchMemory {
    memory.withLock { memory in
      defer { memory.facts = BatchMemory() }
      return memory.generation == generation ? memory.facts : BatchMemory()
    }
  }

  private func latestSamples(of generation: Int) -> LatestSamples {
    latestSamples.withLock { $0.generation == generation ? $0.samples : LatestSamples() }
  }

  /// Writes the latest mails of a storm that may be over.
  private func writeLatestSamples(of generation: Int, _ db: Database) throws {
    var latest = latestSamples(of: generation)
    if latest.isEmpty { return }
    try db.inTransaction(.immediate) {
      try SampleTable.write(latest.all(), db)
      return .commit
    }
    latestSamples.withLock { $0 = (generation, latest) }
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

  /// Returns the database. If it could not be opened at the start, opening is tried again, but not for each mail.
  private func openedAtLast() throws -> CurrentDatabase.Opened {
    if let opened = try? database.opened { return opened }
    let now = ContinuousClock.now
    let isTooSoon = lastOpening.withLock { last in
      if let last, last.duration(to: now) < limits.openingPause { return true }
      last = now
      return false
    }
    if !isTooSoon {
      try database.replace(with: try replacer.open(isStart: false))
      replaced(())
    }
    return try database.opened
  }

  private func replace(_ cause: StoreReplacement.Cause, _ failure: StoreFailure) throws -> Never {
    let now = ContinuousClock.now
    // If memory or the disk spoils each new database at once, the disk must not fill up with them.
    let isTooSoon = lastReplacement.withLock { last in
      if let last, last.duration(to: now) < limits.replacementPause { return true }
      last = now
      return false
    }
    if isTooSoon { throw failure }
    do {
      // The old file keeps all its octets.
      let opened = try database.opened
      opened.checkpoints?.waitUntilIdle()
      try database.replace(with: try replacer.replace(opened.pool, cause, because: failure.description))
    } catch {
      throw StoreFailure(failure.kind, "\(failure); it could not be replaced: \(Faults.failure(error))")
    }
    replaced(())
    throw DatabaseReplaced(failure: failure)
  }
}

import DedupCore
import GRDB
import RelayMail
import Synchronization

/// The part of writing that the thread that commits shares with all others: the database, the settings, and news of
/// each transaction. The `Committer` does the transactions.
final class Writer: Sendable {
  let database: CurrentDatabase
  let bodies: BodyFiles
  let limits: StoreLimits
  let letterhead: Letterhead
  let naming: FleetNaming
  let replacer: Replacer
  /// The time for ages.
  let ages: AgeClock
  private let state: Mutex<WriterState>
  private let followers = Handler<Batch.Effects>()
  private let replacements = Handler<Void>()

  init(
    _ database: CurrentDatabase, _ bodies: BodyFiles, _ limits: StoreLimits, policy: WindowPolicy, replacer: Replacer,
    letterhead: Letterhead, naming: FleetNaming
  ) {
    (self.letterhead, self.naming) = (letterhead, naming)
    self.database = database
    self.bodies = bodies
    self.limits = limits
    self.replacer = replacer
    ages = AgeClock(wall: replacer.now)
    state = Mutex(WriterState(policy: policy, retention: limits.retention))
  }

  var pool: DatabasePool {
    get throws(StoreFailure) { try database.opened.pool }
  }

  /// Reads the data that earlier processes left.
  func start(_ db: Database) throws {
    try ages.start(db)
    let packages = try PackageTable.read(db)
    state.withLock { $0.packages = packages }
  }

  /// Returns the packages of an envelope.
  ///
  /// - Parameter envelope: the key from `Site.envelopeKey(of:)`.
  func packages(of envelope: String) -> [String] { state.withLock { $0.packages.names(of: envelope) } }

  /// The policy at the moment.
  var currentPolicy: WindowPolicy { state.withLock { $0.policy } }

  func setPolicy(_ policy: WindowPolicy) { state.withLock { $0.policy = policy } }

  /// The current settings for how errors are reported.
  var noticeMode: NoticeMode { state.withLock { $0.noticeMode } }

  func setNoticeMode(_ noticeMode: NoticeMode, room: Int?) {
    state.withLock { ($0.noticeMode, $0.noticeRoom) = (noticeMode, room) }
  }

  func setRetention(_ retention: Retention) { state.withLock { $0.retention = retention } }

  /// True if samples wait to be written.
  var holdsSamples: Bool { state.withLock { $0.holdsSamples } }

  /// The number of transactions begun so far.
  var transactions: Int { state.withLock { $0.transactions } }

  /// Sets the closure that is called after each durable batch.
  func onCommit(_ follow: (@Sendable (Batch.Effects) -> Void)?) { followers.set(follow) }

  /// Sets the closure that is called after each replaced database.
  func onReplaced(_ replaced: (@Sendable () -> Void)?) { replacements.set { _ in replaced?() } }

  /// Fails like a transaction that met `failure`, unless the database of `generation` was replaced since.
  func meet(_ failure: StoreFailure, in generation: Int) throws {
    guard let opened = try? database.opened, opened.generation == generation else { return }
    throw failure
  }

  /// Returns the purge of data that is too old at `now`.
  func purge(at now: Timestamp) -> Purge {
    let (retention, length) = state.withLock { ($0.retention, $0.policy.length) }
    return Purge(retention, windowLength: length, now: now)
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

  /// Moves the WAL into the database and closes both, after the last transaction. On a full disk the move may fail; the
  /// WAL then stays, and the next start reads it.
  func close() throws {
    guard let opened = try? database.opened else { return }
    let pool = opened.pool
    opened.checkpoints?.close()
    let checkpoint = Result {
      try pool.writeWithoutTransaction { db in
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
}

// Called by the thread that commits.
extension Writer {
  /// Counts one more transaction.
  ///
  /// - Returns: the state that holds for it.
  func beginTransaction() -> WriterState {
    state.withLock { state in
      state.transactions += 1
      return state
    }
  }

  /// Takes over what a durable transaction changed.
  func finishTransaction(_ batch: Batch) {
    let (packages, holdsSamples) = (batch.packages.packages, !batch.latest.isEmpty)
    state.withLock { state in
      state.packages = packages
      state.holdsSamples = holdsSamples
      state.noticeRoom = state.noticeRoom.map { $0 - batch.noticed }
    }
  }

  /// Takes over that samples were written.
  func noteSamples(_ latest: LatestSamples) {
    let holdsSamples = !latest.isEmpty
    state.withLock { $0.holdsSamples = holdsSamples }
  }

  /// Tells of a durable batch.
  func follow(_ effects: Batch.Effects) { followers(effects) }

  /// Tells of a replaced database.
  func replaced() { replacements(()) }
}

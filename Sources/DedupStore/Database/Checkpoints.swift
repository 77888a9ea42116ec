import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// Moves pages from the WAL into the database while commits go on (sqlite.org/wal.html, "Checkpointing").
///
/// SQLite would do it inside a commit, and all clients of that commit would wait until thousands of pages are copied
/// and synced. Here another connection copies while commits go on. The pages that they add meanwhile are few, and the
/// writer moves them, because only the writer can restart the WAL.
///
/// A failure here affects no mail: all of it is in the WAL, and stays there until a later attempt.
final class Checkpoints: Sendable {
  private final class Frames: Sendable {
    let count = Atomic(0)
  }

  /// The frames that one copying may leave, and the maximum number of rounds when more was added meanwhile.
  private static let rest = 256
  private static let rounds = 3

  private let beside: DatabaseQueue
  private let thread = DispatchQueue(label: "dedup-store-checkpoint")
  private let frames = Frames()
  private let plan: Mutex<CheckpointPlan>

  /// Takes over the checkpoints of a pool.
  ///
  /// - Parameter pool: the pool, which does no checkpoints by itself any more.
  init(of pool: DatabasePool) throws {
    var configuration = Configuration()
    configuration.label = "dedup-store-checkpoint"
    beside = try DatabaseQueue(path: pool.path, configuration: configuration)
    let length = try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA wal_autocheckpoint") }
    plan = Mutex(CheckpointPlan(length: length ?? 1000))
    // Never released: nothing says when SQLite calls the hook for the last time, and it is a few octets for each
    // database.
    let context = Unmanaged.passRetained(frames).toOpaque()
    pool.writeWithoutTransaction { db in
      _ = sqlite3_wal_hook(
        db.sqliteConnection,
        { context, _, _, frames in
          if let context {
            Unmanaged<Frames>.fromOpaque(context).takeUnretainedValue().count.store(Int(frames), ordering: .relaxed)
          }
          return SQLITE_OK
        }, context)
    }
  }

  /// Does the step that is due. Call it after each commit, with the connection that made the commit and before any
  /// other code uses it.
  func step(_ db: Database) {
    switch next() {
    case .nothing: break
    case .copy: thread.async { self.copy() }
    case .wait:
      waitUntilIdle()
      if next() == .finish { finish(db) }
    case .finish: finish(db)
    }
  }

  /// Returns when no copying is in progress. It stays so for a caller that holds the committing connection, and SQLite
  /// refuses two checkpoints at once.
  func waitUntilIdle() { thread.sync {} }

  /// Stops checkpoints for good; the pool stays open.
  func close() {
    waitUntilIdle()
    try? beside.close()
  }

  private func next() -> CheckpointPlan.Step {
    plan.withLock { $0.next(frames: frames.count.load(ordering: .relaxed)) }
  }

  private func copy() {
    for _ in 1...Self.rounds {
      guard let left = try? beside.writeWithoutTransaction(Self.move) else {
        return plan.withLock { $0.copied(failedAt: frames.count.load(ordering: .relaxed)) }
      }
      if left <= Self.rest { break }
    }
    plan.withLock { $0.copied() }
  }

  private func finish(_ db: Database) {
    let left = try? Self.move(db)
    plan.withLock { $0.finished(keeping: left == 0 ? nil : frames.count.load(ordering: .relaxed)) }
  }

  /// Moves the frames that no reader needs.
  ///
  /// - Returns: the number of frames left.
  private static func move(_ db: Database) throws -> Int {
    let moved = try db.checkpoint(.passive)
    return moved.walFrameCount - moved.checkpointedFrameCount
  }
}

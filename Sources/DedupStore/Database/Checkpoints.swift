import Dispatch
import GRDB
import GRDBSQLite
import Synchronization

/// Moves pages from the WAL into the database beside the commits (sqlite.org/wal.html, "Checkpointing").
///
/// SQLite does it inside a commit, and all clients of that one wait until thousands of pages are copied and synced. Here
/// another connection copies while commits go on. What they added meanwhile is little, and is moved by the writer, for
/// only who writes can begin the WAL anew.
///
/// A failure here concerns no mail: all of it stands in the WAL, and stays there until a later attempt.
final class Checkpoints: Sendable {
  private final class Frames: Sendable {
    let count = Atomic(0)
  }

  /// What one copying may leave, and how often it begins again when more was added meanwhile.
  private static let rest = 256
  private static let rounds = 3

  private let beside: DatabaseQueue
  private let thread = DispatchQueue(label: "dedup-store-checkpoint")
  private let frames = Frames()
  private let plan: Mutex<CheckpointPlan>

  /// - Parameter pool: does no checkpoints of its own accord any more.
  init(of pool: DatabasePool) throws {
    var configuration = Configuration()
    configuration.label = "dedup-store-checkpoint"
    beside = try DatabaseQueue(path: pool.path, configuration: configuration)
    let length = try pool.writeWithoutTransaction { try Int.fetchOne($0, sql: "PRAGMA wal_autocheckpoint") }
    plan = Mutex(CheckpointPlan(length: length ?? 1000))
    // Never released: nothing says when SQLite calls for the last time, and it is a few octets for each database.
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

  /// Does what is due. To be called after each commit, with the connection that made it and before anybody else has it.
  func step(_ db: Database) {
    switch next() {
    case .nothing: break
    case .copy: thread.async { self.copy() }
    case .wait:
      settle()
      if next() == .finish { finish(db) }
    case .finish: finish(db)
    }
  }

  /// Returns when nothing is copied any more. For whoever has the connection that commits it stays so, and SQLite refuses
  /// a checkpoint beside another one.
  func settle() { thread.sync {} }

  /// Ends for good; the pool stays open.
  func close() {
    settle()
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

  /// Moves what nobody reads.
  ///
  /// - Returns: how many frames are left.
  private static func move(_ db: Database) throws -> Int {
    let moved = try db.checkpoint(.passive)
    return moved.walFrameCount - moved.checkpointedFrameCount
  }
}

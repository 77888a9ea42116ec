import DedupCore
import GRDB
import Synchronization

/// Turns a batch of jobs into one durable transaction, and sees to what follows from it.
final class Writer: Sendable {
  let pool: DatabasePool
  private let bodies: BodyFiles
  private let limits: StoreLimits
  private let render: Batch.Render
  private let identity: FileIdentity
  private let policy: Mutex<WindowPolicy>
  private let follow = Callback<Batch.Effects>()

  init(
    _ pool: DatabasePool, _ bodies: BodyFiles, _ limits: StoreLimits, policy: WindowPolicy,
    render: @escaping Batch.Render
  ) throws {
    self.render = render
    self.pool = pool
    self.bodies = bodies
    self.limits = limits
    self.policy = Mutex(policy)
    identity = try FileIdentity(path: pool.path)
  }

  func setPolicy(_ policy: WindowPolicy) { self.policy.withLock { $0 = policy } }

  /// Who hears of each durable batch.
  func onCommit(_ follow: (@Sendable (Batch.Effects) -> Void)?) { self.follow.set(follow) }

  /// Runs `jobs` in one transaction and returns once it is synced.
  func commit(_ jobs: (Batch) throws -> Void) throws {
    try identity.check(path: pool.path)
    let effects = try pool.writeWithoutTransaction { db in try commit(jobs, db) }
    effects.orphans.forEach(bodies.remove)
    follow(effects)
  }

  /// Something useful for an idle moment. Returns whether there is more.
  func tidy() throws -> Bool { try pool.writeWithoutTransaction(Housekeeping.shrink) }

  /// Moves the WAL into the database and closes both. On a full disk the first may fail; the WAL then stays, and
  /// the next start reads it.
  func close() throws {
    let checkpoint = Result { try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) } }
    try pool.close()
    try checkpoint.get()
  }

  private func commit(_ jobs: (Batch) throws -> Void, _ db: Database) throws -> Batch.Effects {
    // Left open by a rollback that failed; nothing of it was acknowledged.
    if db.isInsideTransaction { try db.rollback() }
    let batch = Batch(db, directory: bodies.folder, policy: policy.withLock { $0 }, limits: limits, render: render)
    try db.inTransaction(.immediate) {
      try jobs(batch)
      try batch.flush()
      return .commit
    }
    return batch.effects
  }
}

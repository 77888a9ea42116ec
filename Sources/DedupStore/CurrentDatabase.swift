import DedupCore
import GRDB
import Synchronization

/// The database in use, which another one may replace at any moment.
final class CurrentDatabase: Sendable {
  struct Opened: Sendable {
    let pool: DatabasePool
    let identity: FileIdentity
    /// Of how many.
    let generation: Int
  }

  private let state: Mutex<Opened>

  init(_ pool: DatabasePool) throws {
    state = Mutex(Opened(pool: pool, identity: try FileIdentity(path: pool.path), generation: 0))
  }

  var opened: Opened { state.withLock { $0 } }

  func replace(with pool: DatabasePool) throws {
    let identity = try FileIdentity(path: pool.path)
    state.withLock { $0 = Opened(pool: pool, identity: identity, generation: $0.generation + 1) }
  }
}

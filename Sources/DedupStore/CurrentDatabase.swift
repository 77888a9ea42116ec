import DedupCore
import GRDB
import Synchronization

/// The database in use, which another one may replace at any moment. There may be none, after a start on a disk that
/// did not take one: until it does, everything fails with the reason.
final class CurrentDatabase: Sendable {
  struct Opened: Sendable {
    let pool: DatabasePool
    let identity: FileIdentity
    /// Of how many.
    let generation: Int
  }

  /// The generation while there is no database.
  static let none = -1

  private let state: Mutex<Result<Opened, StoreFailure>>

  init(_ pool: DatabasePool) throws {
    state = Mutex(.success(Opened(pool: pool, identity: try FileIdentity(path: pool.path), generation: 0)))
  }

  init(missing failure: StoreFailure) { state = Mutex(.failure(failure)) }

  var opened: Opened {
    get throws(StoreFailure) { try state.withLock { $0 }.get() }
  }

  func replace(with pool: DatabasePool) throws {
    let identity = try FileIdentity(path: pool.path)
    state.withLock { state in
      let generation = (try? state.get().generation) ?? Self.none
      state = .success(Opened(pool: pool, identity: identity, generation: generation + 1))
    }
  }
}

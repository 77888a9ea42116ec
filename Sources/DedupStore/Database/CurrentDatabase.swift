import DedupCore
import GRDB
import Synchronization

/// The database in use, which another one may replace at any moment. There may be none after a start on a disk that did
/// not allow one: until it does, everything fails with the reason.
final class CurrentDatabase: Sendable {
  struct Opened: Sendable {
    let pool: DatabasePool
    /// The checkpoints of this database; nil if SQLite does them inside commits.
    let checkpoints: Checkpoints?
    let identity: FileIdentity
    /// The number of this database among those opened so far, counting from 0.
    let generation: Int

    fileprivate init(_ pool: DatabasePool, generation: Int) throws {
      self.pool = pool
      identity = try FileIdentity(path: pool.path)
      checkpoints = try? Checkpoints(of: pool)
      self.generation = generation
    }
  }

  /// The generation while there is no database.
  static let none = -1

  private let state: Mutex<Result<Opened, StoreFailure>>

  init(_ pool: DatabasePool) throws {
    state = Mutex(.success(try Opened(pool, generation: 0)))
  }

  init(missing failure: StoreFailure) { state = Mutex(.failure(failure)) }

  var opened: Opened {
    get throws(StoreFailure) { try state.withLock { $0 }.get() }
  }

  func replace(with pool: DatabasePool) throws {
    let generation = (try? opened.generation) ?? Self.none
    let opened = try Opened(pool, generation: generation + 1)
    state.withLock { $0 = .success(opened) }
  }
}

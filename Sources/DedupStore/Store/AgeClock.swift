import DedupCore
import GRDB
import Synchronization

/// The `SeenTime` of this process, based on what earlier processes saw.
final class AgeClock: Sendable {
  /// The setting of the store that holds the latest time seen, in milliseconds.
  private static let setting = "clock.seen"
  /// The interval between writes.
  private static let pause = Duration.seconds(60)

  private struct State {
    var seen: SeenTime
    var at: ContinuousClock.Instant
    var writtenAt: ContinuousClock.Instant
  }

  private let wall: @Sendable () -> Timestamp
  private let state = Mutex<State?>(nil)

  init(wall: @escaping @Sendable () -> Timestamp) { self.wall = wall }

  /// The time for ages. Before `start` it is that of the wall clock.
  func now() -> Timestamp {
    let wall = wall()
    return state.withLock { state in
      guard var known = state else { return wall }
      let now = ContinuousClock.now
      known.seen.look(wall: wall, elapsed: known.at.duration(to: now))
      known.at = now
      state = known
      return known.seen.time
    }
  }

  /// Reads the time that an earlier process saw; only the first call counts.
  func start(_ db: Database) throws {
    guard state.withLock({ $0 == nil }) else { return }
    let remembered = try SettingTable.value(Self.setting, db).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
    let wall = wall()
    state.withLock { state in
      state = state ?? State(seen: SeenTime(remembered: remembered, wall: wall), at: .now, writtenAt: .now)
    }
  }

  /// True if it is time to write the time seen.
  var isDue: Bool {
    state.withLock { state in
      guard let known = state else { return false }
      return known.writtenAt.duration(to: .now) >= Self.pause
    }
  }

  /// Writes the time seen. Call it in a transaction.
  func write(_ db: Database) throws {
    try SettingTable.set(Self.setting, String(now().milliseconds), db)
    state.withLock { $0?.writtenAt = .now }
  }
}

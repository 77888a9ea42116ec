import Synchronization

/// Tells a bad sector from a disk that is away for a moment: data that cannot be read for long enough counts as
/// damaged.
final class ReadPatience<Key: Hashable & Sendable>: Sendable {
  private struct Trouble {
    var first: ContinuousClock.Instant
    var last: ContinuousClock.Instant
  }

  /// The time after a failure when it is forgotten: a later failure counts as the first of a new series.
  private static var memory: Duration { .seconds(600) }

  private let patience: Duration
  private let troubles = Mutex<[Key: Trouble]>([:])

  init(_ patience: Duration) { self.patience = patience }

  /// Records one more failure. Returns true if the trouble has lasted too long; it is then forgotten.
  func isOver(_ key: Key, at now: ContinuousClock.Instant = .now) -> Bool {
    troubles.withLock { troubles in
      troubles = troubles.filter { $0.value.last.duration(to: now) < Self.memory }
      guard let trouble = troubles[key] else {
        troubles[key] = Trouble(first: now, last: now)
        return false
      }
      guard trouble.first.duration(to: now) >= patience else {
        troubles[key]?.last = now
        return false
      }
      troubles[key] = nil
      return true
    }
  }
}

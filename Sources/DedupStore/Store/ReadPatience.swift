import Synchronization

/// Tells a bad sector from a disk that is away for a moment: what cannot be read for long enough counts as damaged.
final class ReadPatience<Key: Hashable & Sendable>: Sendable {
  private struct Trouble {
    var first: ContinuousClock.Instant
    var last: ContinuousClock.Instant
  }

  /// A failure so long after the one before begins anew.
  private static var memory: Duration { .seconds(600) }

  private let patience: Duration
  private let troubles = Mutex<[Key: Trouble]>([:])

  init(_ patience: Duration) { self.patience = patience }

  /// Takes note of one more failure. Returns whether it lasts too long; then it is forgotten.
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

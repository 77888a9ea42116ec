import DedupStore
import Synchronization

/// The mail that was queued since the runner last took it.
final class Arrivals: Sendable {
  private let added = Mutex<AddedMail?>(nil)

  /// Adds queued mail.
  ///
  /// - Returns: True if the runner has to be told.
  func add(_ more: AddedMail) -> Bool {
    added.withLock { added in
      guard added != nil else {
        added = more
        return true
      }
      added?.join(more)
      return false
    }
  }

  func take() -> AddedMail? {
    added.withLock { added in
      defer { added = nil }
      return added
    }
  }
}

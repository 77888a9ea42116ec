import Synchronization

/// The memory that all clients together may use for unfinished data: messages, their headers and command lines.
///
/// Finished data is not counted: it is on its way to the disk. Nor is less than one `grain` per connection, so that
/// most mail costs nothing here.
final class MemoryBudget: Sendable {
  /// The unit of accounting in octets: what a connection holds is rounded down to a multiple of it.
  static let grain = 16 * 1024

  private let used = Atomic(0)

  /// The number of octets counted now.
  var inUse: Int { used.load(ordering: .relaxed) }

  func change(by octets: Int) { used.add(octets, ordering: .relaxed) }

  /// True if more than half of `limit` is in use; data that can go to the disk should then go there.
  func isScarce(_ limit: Int) -> Bool { inUse > limit / 2 }

  func isExceeded(_ limit: Int) -> Bool { inUse > limit }
}

import Synchronization

/// Memory that all clients together may have for what is unfinished: messages, their headers, command lines.
///
/// What is finished is not counted: it is on its way to the disk. Neither is the first `grain` of each connection, so
/// that most mail costs nothing here.
final class MemoryBudget: Sendable {
  /// Octets; less is not counted.
  static let grain = 16 * 1024

  private let used = Atomic(0)

  /// Octets that are counted now.
  var inUse: Int { used.load(ordering: .relaxed) }

  func change(by octets: Int) { used.add(octets, ordering: .relaxed) }

  /// More than half of `limit` is in use, so what can go to the disk should go.
  func isScarce(_ limit: Int) -> Bool { inUse > limit / 2 }

  func isExceeded(_ limit: Int) -> Bool { inUse > limit }
}

import Synchronization

/// The number of messages that are arriving: begun and not complete.
package final class ArrivingMessages: Sendable {
  private let messages = Atomic(0)

  package init() {}

  package var count: Int { messages.load(ordering: .relaxed) }

  func begin() { messages.add(1, ordering: .relaxed) }

  func end() { messages.subtract(1, ordering: .relaxed) }
}

import Synchronization

/// Events for one task, which takes all that came meanwhile at once: they come in bursts, and waking a task costs more
/// than what it does with one of them.
final class EventQueue<Event: Sendable>: Sendable {
  /// Rings when there is something to take. For one task only.
  let bell: AsyncStream<Void>

  private let ringer: AsyncStream<Void>.Continuation
  private let waiting = Mutex<[Event]>([])

  init() { (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func add(_ event: Event) {
    let isFirst = waiting.withLock { waiting in
      waiting.append(event)
      return waiting.count == 1
    }
    // For the others it rang already.
    if isFirst { ringer.yield() }
  }

  /// In the order in which they came.
  func take() -> [Event] {
    waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }
}

import Synchronization

/// A queue of events for one task, which takes all pending events at once: they come in bursts, and waking a task costs
/// more than handling one of them.
final class EventQueue<Event: Sendable>: Sendable {
  /// A stream that yields when there is something to take. For one task only.
  let bell: AsyncStream<Void>

  private let ringer: AsyncStream<Void>.Continuation
  private let waiting = Mutex<[Event]>([])

  init() { (bell, ringer) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1)) }

  func add(_ event: Event) {
    let isFirst = waiting.withLock { waiting in
      waiting.append(event)
      return waiting.count == 1
    }
    // It has already rung for the others.
    if isFirst { ringer.yield() }
  }

  /// Removes and returns the events, in the order in which they came.
  func take() -> [Event] {
    waiting.withLock { waiting in
      defer { waiting = [] }
      return waiting
    }
  }
}

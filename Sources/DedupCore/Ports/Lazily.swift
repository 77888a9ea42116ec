import Synchronization

/// A value that is computed once, on first access. Threads that ask for it meanwhile wait for it.
final class Lazily<Value: Sendable>: Sendable {
  private enum State {
    case pending(@Sendable () -> Value)
    case known(Value)
  }

  private let state: Mutex<State>

  init(_ value: @escaping @Sendable () -> Value) { state = Mutex(.pending(value)) }

  var value: Value {
    state.withLock { state in
      switch state {
      case .known(let value): return value
      case .pending(let work):
        let value = work()
        state = .known(value)
        return value
      }
    }
  }
}

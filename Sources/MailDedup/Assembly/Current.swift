import Synchronization

/// A value that running parts read anew for each mail, so that a reload reaches them.
final class Current<Value: Sendable>: Sendable {
  private let state: Mutex<Value>

  init(_ value: Value) { state = Mutex(value) }

  var value: Value { state.withLock { $0 } }

  /// Changes the value in place.
  func change(_ change: (inout Value) -> Void) { state.withLock { change(&$0) } }

  /// Replaces the value.
  ///
  /// - Returns: The previous value.
  @discardableResult
  func adopt(_ value: Value) -> Value {
    state.withLock { state in
      defer { state = value }
      return state
    }
  }
}

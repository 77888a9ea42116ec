import DedupCore
import Dispatch
import Synchronization

/// A gate that lets readers in until it is closed. Closing it waits for the readers inside.
final class ReadGate: Sendable {
  private struct State {
    var inside = 0
    var isClosed = false
  }

  private let state = Mutex(State())
  private let empty = DispatchSemaphore(value: 0)

  func enter() throws(StoreFailure) {
    let isOpen = state.withLock { state in
      if !state.isClosed { state.inside += 1 }
      return !state.isClosed
    }
    guard isOpen else { throw StoreFailure(.closed, "the store is closed") }
  }

  func leave() {
    let wasLast = state.withLock { state in
      state.inside -= 1
      return state.isClosed && state.inside == 0
    }
    if wasLast { empty.signal() }
  }

  /// Closes the gate and returns when no reader is inside any more. Call it only once.
  func close() {
    let isEmpty = state.withLock { state in
      state.isClosed = true
      return state.inside == 0
    }
    if !isEmpty { empty.wait() }
  }
}

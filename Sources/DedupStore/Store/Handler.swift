import Synchronization

/// A closure that can be set, replaced and called from any thread.
///
/// The closure lives inside a struct for a reason: a `Mutex` around a bare closure wraps it in one more thunk at each
/// access, a chain that grows until the stack overflows.
final class Handler<Argument>: Sendable {
  private struct Box: Sendable {
    var call: (@Sendable (Argument) -> Void)?
  }

  private let box = Mutex(Box())

  func set(_ call: (@Sendable (Argument) -> Void)?) { box.withLock { $0 = Box(call: call) } }

  func callAsFunction(_ argument: Argument) { box.withLock { $0 }.call?(argument) }
}

import DedupCore
import Dispatch
import GRDB
import Synchronization

/// Lets retention go on while mail comes without a pause: once a second it looks, beside the thread that commits, for
/// what has to go, and has that removed by small jobs that share the commits of mails.
final class BusyRetention: Sendable {
  private let queue = DispatchQueue(label: "dedup-store.retention", qos: .utility)
  private let isStopping = Atomic(false)

  /// What is found at once, and removed in steps.
  private static let rowsALook = 500

  /// - Parameters:
  ///   - isBusy: whether the store has idle moments of its own.
  ///   - find: looks for work, off the thread that commits.
  ///   - carryOut: does one step of it, and blocks until that is durable.
  func start(
    isBusy: @escaping @Sendable () -> Bool, find: @escaping @Sendable (Int) -> Purge.Work?,
    carryOut: @escaping @Sendable (Purge.Work) -> Bool
  ) {
    queue.asyncAfter(deadline: .now() + 1) { [weak self] in
      guard let self, !hasToStop else { return }
      if isBusy() { work(until: .now + .milliseconds(900), find, carryOut) }
      start(isBusy: isBusy, find: find, carryOut: carryOut)
    }
  }

  private func work(
    until end: ContinuousClock.Instant, _ find: (Int) -> Purge.Work?, _ carryOut: (Purge.Work) -> Bool
  ) {
    while !hasToStop, ContinuousClock.now < end, let found = find(Self.rowsALook) {
      for step in found.steps where !hasToStop && ContinuousClock.now < end {
        guard carryOut(step) else { return }
      }
    }
  }

  private var hasToStop: Bool { isStopping.load(ordering: .relaxed) }

  /// Blocks until nothing is under way any more.
  func stop() {
    isStopping.store(true, ordering: .relaxed)
    queue.sync {}
  }
}

import DedupCore
import Dispatch
import GRDB
import Synchronization

/// Keeps retention going while mail comes without a pause: once a second it looks, off the commit thread, for data to
/// remove, and has that removed by small jobs that share the commits of mails.
final class BusyRetention: Sendable {
  private let queue = DispatchQueue(label: "dedup-store.retention", qos: .utility)
  private let isStopping = Atomic(false)

  /// The number of rows found in one look, which are then removed in steps.
  private static let rowsALook = 500

  /// Starts looking, once a second.
  ///
  /// - Parameters:
  ///   - isBusy: returns true if the store has no idle moments of its own.
  ///   - find: looks for work, off the commit thread.
  ///   - carryOut: does one step of the work, and blocks until that is durable.
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

  /// Stops, and blocks until no work is in progress.
  func stop() {
    isStopping.store(true, ordering: .relaxed)
    queue.sync {}
  }
}

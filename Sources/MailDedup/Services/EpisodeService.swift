import DedupCore
import DedupStore
import EventLog
import HostSystem
import Logging
import ServiceLifecycle

/// A service that sends what becomes due without a mail: digests of the storm cap, and all-clears.
struct EpisodeService: Service {
  let store: SQLiteStore
  let logger: Logger

  /// The longest pause between checks: wall clocks jump, and new errors begin to wait.
  private static let longestSleep = Duration.seconds(10)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let pause = await step(now: WallClock.now())
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Sends what is due.
  ///
  /// - Returns: The time to wait before the next check.
  private func step(now: Timestamp) async -> Duration {
    do {
      guard let next = try await store.sendWhatIsDue(now: now) else { return Self.longestSleep }
      return min(max(next, .milliseconds(100)), Self.longestSleep)
    } catch {
      logger.event(.error, .noticeFailed, [.error: "\(error)"])
      return Self.longestSleep
    }
  }
}

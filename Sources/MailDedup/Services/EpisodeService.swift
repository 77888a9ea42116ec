import DedupCore
import DedupStore
import HostSystem
import Logging
import ServiceLifecycle

/// Sends what becomes due without a mail: digests of the storm cap, and all-clears.
struct EpisodeService: Service {
  let store: SQLiteStore
  let logger: Logger

  /// Wall clocks jump and new errors begin to wait, so what is due is looked up anew this often.
  private static let longestSleep = Duration.seconds(10)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let pause = await step(now: WallClock.now())
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// - Returns: how long to wait before the next look.
  private func step(now: Timestamp) async -> Duration {
    do {
      guard let next = try await store.tellWhatIsDue(now: now) else { return Self.longestSleep }
      return min(max(next, .milliseconds(100)), Self.longestSleep)
    } catch {
      logger.error("notice-failed", metadata: ["error": "\(error)"])
      return Self.longestSleep
    }
  }
}

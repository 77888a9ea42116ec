import ControlAPI
import DedupConfig
import DedupCore
import HostSystem
import Logging
import ServiceLifecycle

/// Sends the daily summary at its local time, once for each period, also after a downtime.
struct SummaryService: Service {
  private let mailer: SummaryMailer
  private let logger: Logger

  init(mailer: SummaryMailer, logger: Logger) {
    self.mailer = mailer
    self.logger = logger
  }

  /// Wall clocks jump, machines sleep and the time may be changed, so the plan is made anew this often.
  private static let longestSleep = Duration.seconds(60)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let pause = await step(now: WallClock.now())
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Does what the plan says.
  ///
  /// - Returns: how long to wait before the next look.
  private func step(now: Timestamp) async -> Duration {
    let settings = mailer.settings
    guard settings.enabled else { return Self.longestSleep }
    let schedule = DailySchedule(timeOfDay: settings.time.hour * 60 + settings.time.minute) { LocalTime.offset(at: $0) }
    do {
      switch schedule.plan(now: now, lastEnd: try await mailer.lastEnd()) {
      case .wait(let next): return min(max(next.since(now), .milliseconds(100)), Self.longestSleep)
      case .begin(let end): try await mailer.remember(end: end)
      case .send(let from, let to): log(try await mailer.sendDaily(from: from, to: to))
      }
      return .zero
    } catch {
      logger.error("summary-failed", metadata: ["error": "\(error)"])
      return Self.longestSleep
    }
  }

  private func log(_ sent: SummarySent?) {
    guard let sent else { return logger.info("summary-skipped", metadata: ["reason": "nothing to tell, or nobody"]) }
    logger.info("summary-queued", metadata: ["id": "\(sent.id)", "to": "\(sent.recipients.joined(separator: ","))"])
  }
}

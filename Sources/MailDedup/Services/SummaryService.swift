import ControlAPI
import DedupConfig
import DedupCore
import EventLog
import HostSystem
import Logging
import ServiceLifecycle

/// A service that sends the daily and the weekly summary at their local time, once for each period, even after a
/// downtime.
struct SummaryService: Service {
  private let mailer: SummaryMailer
  private let logger: Logger

  init(mailer: SummaryMailer, logger: Logger) {
    self.mailer = mailer
    self.logger = logger
  }

  /// The longest pause between checks: wall clocks jump, machines sleep, and the configured time may change.
  private static let longestSleep = Duration.seconds(60)

  func run() async throws {
    await cancelWhenGracefulShutdown {
      while !Task.isCancelled {
        let now = WallClock.now()
        var pause = Self.longestSleep
        for kind in SummaryMailer.Kind.allCases { pause = min(pause, await step(kind, now: now)) }
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Does what the schedule says.
  ///
  /// - Returns: The time to wait before the next check.
  func step(_ kind: SummaryMailer.Kind, now: Timestamp) async -> Duration {
    guard let schedule = schedule(of: kind) else { return Self.longestSleep }
    do {
      switch schedule.plan(now: now, lastEnd: try await mailer.lastEnd(of: kind)) {
      case .wait(let next): return min(max(next.since(now), .milliseconds(100)), Self.longestSleep)
      case .begin(let end): try await mailer.remember(end: end, of: kind)
      case .send(let from, let to): log(kind, try await mailer.send(kind, SummaryPeriod(from: from, to: to)))
      }
      return .zero
    } catch {
      logger.event(.error, .summaryFailed, [.kind: "\(kind)", .error: "\(error)"])
      return Self.longestSleep
    }
  }

  /// Returns the schedule, or nil if this summary is not sent.
  private func schedule(of kind: SummaryMailer.Kind) -> SummarySchedule? {
    let settings = mailer.settings
    guard kind == .daily ? settings.enabled : settings.weekly != nil else { return nil }
    return SummarySchedule(
      timeOfDay: settings.time.hour * 60 + settings.time.minute, weekday: kind == .daily ? nil : settings.weekly
    ) { LocalTime.offset(at: $0) }
  }

  private func log(_ kind: SummaryMailer.Kind, _ sent: [SummarySent]) {
    if sent.isEmpty {
      logger.event(.info, .summarySkipped, [.kind: "\(kind)", .reason: "nothing to tell, or nobody"])
    }
    for mail in sent {
      logger.event(
        .info, .summaryQueued,
        [.kind: "\(kind)", .id: "\(mail.id)", .recipient: "\(mail.recipients.joined(separator: ","))"])
    }
  }
}

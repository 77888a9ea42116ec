import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem
import Logging
import SMTPServer

/// Reads the configuration again: all of it takes effect, or nothing and the old one stays. Each part reads its `Current`
/// anew for the next mail or connection; what is under way ends as it began.
actor Reloader {
  private let path: String
  private var running: Configuration
  private let relay: RunningRelay
  private let logger: Logger
  private var latest: Task<ReloadReport, Never>?
  private var isClosed = false
  /// Nil before the first.
  private(set) var last: ReloadReport?

  /// - Parameter running: what the relay was made of, read from `path`.
  init(path: String, running: Configuration, relay: RunningRelay) {
    self.path = path
    self.running = running
    self.relay = relay
    logger = relay.logger
  }

  /// One at a time, in the order of the calls. A caller that is cancelled does not stop it halfway.
  func reload() async -> ReloadReport {
    let previous = latest
    let task = Task {
      _ = await previous?.value
      return await step()
    }
    latest = task
    return await task.value
  }

  /// Waits for what is under way; from then on nothing is reloaded.
  func close() async {
    isClosed = true
    _ = await latest?.value
  }

  private func step() async -> ReloadReport {
    var report = ReloadReport(at: .now, problems: [], changed: [], awaitingRestart: [])
    relay.manager.reloading()
    defer { relay.manager.ready(report.problems.first.map { "reload refused: \($0)" } ?? "configuration reloaded") }
    do {
      if isClosed { throw StartFailure(.unavailable, "the relay is stopping") }
      let (new, warnings) = try ConfigurationFile.load(path)
      for warning in warnings { logger.warning("configuration", metadata: ["problem": "\(warning)"]) }
      let change = ConfigurationChange(from: running, to: new)
      try await adopt(new.keepingWhatIsFixed(in: running), change)
      (report.changed, report.awaitingRestart) = (change.live, change.awaitingRestart)
      report.changes = change.values.map { .init(key: $0.key, old: $0.old, new: $0.new) }
    } catch {
      report.problems = "\(error)".split(separator: "\n").map(String.init)
    }
    log(report)
    last = report
    return report
  }

  /// First everything that can fail, the listener last; from there on nothing does.
  private func adopt(_ new: Configuration, _ change: ConfigurationChange) async throws {
    let misplaced = StartTrial.misplaced(new)
    guard misplaced.isEmpty else { throw StartFailure(.configuration, misplaced.joined(separator: "\n")) }
    let entrance = try Entrance(new, hostname: relay.hostname, logger: logger)
    var route = try Route(
      new, largeMessages: relay.store.largeMessages, hostname: relay.hostname, group: relay.delivery.group,
      logger: logger)
    try await relay.listener.adopt(entrance.terms)
    running = new
    relay.log.adopt(new.log)
    relay.entrance.adopt(entrance)
    relay.reader.adopt(new.reader)
    relay.store.setPolicy(new.window)
    relay.store.setRetention(Retention(new.store))
    relay.summary.adopt(new.summary)
    route.turns = relay.route.value.turns + (change.concernsRoute ? 1 : 0)
    await relay.route.adopt(route).retire()
    if change.concernsRoute { await hurry() }
  }

  /// What waits because of the old way is tried on the new one now. Its age and attempts stay what they are.
  private func hurry() async {
    do { try await relay.store.makeDue(now: WallClock.now()) } catch {
      logger.warning("queue-not-hurried", metadata: ["error": "\(error)"])
    }
  }

  private func log(_ report: ReloadReport) {
    for problem in report.problems { logger.error("reload-refused", metadata: ["problem": "\(problem)"]) }
    guard report.problems.isEmpty else { return }
    logger.notice("configuration-reloaded", metadata: ["changed": "\(report.changed.joined(separator: ","))"])
    for change in report.changes ?? [] {
      logger.notice(
        "configuration-changed", metadata: ["key": "\(change.key)", "old": "\(change.old)", "new": "\(change.new)"])
    }
    for key in report.awaitingRestart {
      logger.warning("needs-restart", metadata: ["key": "\(key)", "reason": "takes effect after a restart"])
    }
  }
}

import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import EventLog
import Foundation
import HostSystem
import Logging
import SMTPServer

/// An actor that reads the configuration again: either all of it takes effect, or nothing does and the old one stays.
/// Each part reads its `Live` anew for the next mail or connection; work in progress ends as it began.
actor Reloader {
  private let path: String
  private var running: Configuration
  private let relay: RunningRelay
  private let logger: Logger
  private var latest: Task<ReloadReport, Never>?
  private var isClosed = false
  /// The report of the latest reload, or nil before the first.
  private(set) var last: ReloadReport?

  /// Creates the reloader of a running relay.
  ///
  /// - Parameter running: The configuration that the relay was created with, read from `path`.
  init(path: String, running: Configuration, relay: RunningRelay) {
    self.path = path
    self.running = running
    self.relay = relay
    logger = relay.logger
  }

  /// Reloads the configuration. Reloads run one at a time, in the order of the calls. A caller that is cancelled does
  /// not stop a reload halfway.
  func reload() async -> ReloadReport {
    let previous = latest
    let task = Task {
      _ = await previous?.value
      return await step()
    }
    latest = task
    return await task.value
  }

  /// Waits for reloads in progress; afterwards nothing is reloaded any more.
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
      for warning in warnings { logger.event(.warning, .configuration, [.problem: "\(warning)"]) }
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

  /// Takes the configuration over: first everything that can fail, the listener last; nothing fails after that.
  private func adopt(_ new: Configuration, _ change: ConfigurationChange) async throws {
    let misplaced = StartCheck.misplaced(new)
    guard misplaced.isEmpty else { throw StartFailure(.configuration, misplaced.joined(separator: "\n")) }
    let listenerSetup = try ListenerSetup(new, hostname: relay.hostname, logger: logger)
    var destinations = try Destinations(
      new, largeMessages: relay.store.largeMessages, hostname: relay.hostname, group: relay.delivery.group,
      logger: logger)
    try FleetLink.check(new.fleet, group: relay.delivery.group, logger: logger)
    try await relay.listener.adopt(listenerSetup.terms)
    running = new
    relay.log.adopt(new.log)
    relay.listenerSetup.adopt(listenerSetup)
    relay.reader.adopt(new.reader)
    relay.store.setPolicy(new.window)
    relay.store.setRetention(Retention(new.store))
    relay.summary.adopt(new.summary)
    destinations.turns = relay.destinations.value.turns + (change.concernsRoute ? 1 : 0)
    await relay.destinations.adopt(destinations).retire()
    await relay.fleet.adopt(new)
    relay.runner.adoptLimits()
    if change.concernsRoute { await hurry() }
    StartCheck(new).warnOfSecrets(logger)
  }

  /// Makes mail due that waits because of the old route, so that the new one is tried now. Its age and attempts are
  /// kept.
  private func hurry() async {
    do { try await relay.store.makeDue(now: WallClock.now()) } catch {
      logger.event(.warning, .queueNotHurried, [.error: "\(error)"])
    }
  }

  private func log(_ report: ReloadReport) {
    for problem in report.problems { logger.event(.error, .reloadRefused, [.problem: "\(problem)"]) }
    guard report.problems.isEmpty else { return }
    logger.event(.notice, .configurationReloaded, [.changed: "\(report.changed.joined(separator: ","))"])
    for change in report.changes ?? [] {
      logger.event(
        .notice, .configurationChanged, [.key: "\(change.key)", .old: "\(change.old)", .new: "\(change.new)"])
    }
    for key in report.awaitingRestart {
      logger.event(.warning, .needsRestart, [.key: "\(key)", .reason: "takes effect after a restart"])
    }
  }
}

import ArgumentParser
import ControlAPI
import DedupCore
import Foundation

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Show whether the relay is running, what it has done so far, and what is waiting.")

  @ParentCommand var dedupctl: DedupCtl
  @OptionGroup var relay: RelayOptions
  @OptionGroup var format: OutputOptions
  @OptionGroup var watching: WatchOptions

  func run() async throws { try await watching.repeating(show) }

  private func show() async throws {
    let status = try await relay.service(or: dedupctl.relay).status()
    if format.output == .json { return try Output.json(status) }
    let time = watching.watch ? [("Time", Output.local(.now, "%Y-%m-%d %H:%M:%S %Z"))] : []
    for (name, value) in time + Self.facts(status) {
      Output.line(name.padding(toLength: 12, withPad: " ", startingAt: 0) + printable(value))
    }
    if watching.watch { Output.line("") }
  }

  private static func facts(_ status: StatusReport) -> [(String, String)] {
    let totals = status.totals
    var facts = [("Version", status.version)]
    if let daemon = status.daemon {
      facts += [
        (
          "Daemon",
          "pid \(daemon.pid), up \(uptime(daemon.uptimeSeconds)), "
            + DisplayText.count(daemon.connections, "connection")
        ),
        ("Listening", daemon.listening.joined(separator: ", ")), ("Next hop", daemon.nextHop),
      ]
      facts += Self.delivery(daemon)
      for host in daemon.smarthosts ?? [] {
        if let failure = host.outage { facts.append(("Fails", failure)) }
        if let limits = Self.limits(of: host) { facts.append(("Takes", limits)) }
      }
      if let reload = daemon.lastReload { facts.append(("Reloaded", Self.reload(reload))) }
      if let encryption = daemon.encryption { facts += Self.encryption(encryption) }
      for hop in daemon.rejecting ?? [] { facts.append(("Rejecting", Self.rejecting(hop))) }
      if let full = daemon.trouble.diskFullSince {
        facts.append(("Disk", "full since \(Output.time(full)); free some space"))
      }
      if let trouble = trouble(daemon.trouble) { facts.append(("Trouble", trouble)) }
      for database in daemon.trouble.setAside ?? [] {
        facts.append(("Set aside", "\(database.path), a database, \(Output.time(database.at)); remove it when done"))
      }
    } else {
      facts.append(("Daemon", "down"))
    }
    facts += [
      ("Accepted", DisplayText.count(totals.accepted, "mail")),
      ("Passed", DisplayText.count(totals.passed, "that is no error report", "that are no error reports")),
      ("Doubtful", "\(totals.doubtful) forwarded because of a doubt"),
      ("Forwarded", DisplayText.count(totals.forwarded, "error report")),
      ("Held back", DisplayText.count(totals.suppressed, "error report")),
      ("Queue", queue(status.queue)),
    ]
    if let doubts = status.queue.doubts, doubts > 0 {
      facts.append(("Unclear", "\(doubts) held back and kept, too many alike; see dedupctl queue list --held"))
    }
    return facts
  }

  /// Returns the limits of a host, or nil for a host that takes whatever it gets.
  private static func limits(of host: SmarthostReport) -> String? {
    let parts = [
      host.mostConnections.map { "\($0) connection\($0 == 1 ? "" : "s") at once" },
      host.mostMailsPerConnection.map { "\($0) mail\($0 == 1 ? "" : "s") on a connection" },
      host.mostRecipients.map { "\($0) recipient\($0 == 1 ? "" : "s") at once" },
    ].compactMap { $0 }
    return parts.isEmpty ? nil : "\(host.host): \(parts.joined(separator: ", ")), as far as was seen"
  }

  private static func reload(_ report: ReloadReport) -> String {
    let time = Output.time(report.at)
    if let problem = report.problems.first { return "\(time), refused; the old configuration stays: \(problem)" }
    let waiting = report.awaitingRestart.joined(separator: ", ")
    return time + (waiting.isEmpty ? "" : "; \(waiting) take effect after a restart")
  }

  private static func delivery(_ daemon: DaemonStatus) -> [(String, String)] {
    let routes = (daemon.routes ?? []).map { route in
      ("Route", "\(route.name): \(route.nextHop)\(route.sender.map { ", senders as \($0)" } ?? "")")
    }
    let limits = (daemon.pacing ?? []).map { ("Limits", pacing($0)) }
    let growth = daemon.growth.map { ("Queue grows", "since \(Output.time($0.since)), \($0.waiting) mails wait") }
    return routes + limits + [growth].compactMap { $0 }
  }

  private static func pacing(_ report: PacingReport) -> String {
    let parts = [
      report.rate.map { "\(report.ofPeriod) of \($0)" },
      report.daily.map { "\(report.ofDay) of \($0) within 24 h" },
      report.lastLeaves.map { "\(report.waiting) mails wait, the last leaves at \(Output.time($0))" },
      report.inDigests ? "errors go out in digests" : nil,
    ]
    return "\(report.nextHop): " + parts.compactMap { $0 }.joined(separator: ", ")
  }

  private static func rejecting(_ hop: RejectingReport) -> String {
    let took = hop.tookUntil.map { ", took the last one at \(Output.time($0))" } ?? ""
    return "\(hop.nextHop) rejects mail about errors since \(Output.time(hop.since)), \(hop.mails) so far\(took): "
      + hop.reason
  }

  private static func encryption(_ report: EncryptionReport) -> [(String, String)] {
    let state =
      report.leavesInClear
      ? "OFF, error mail leaves in clear until the certificates can be used"
      : "error mail, to \(report.certificates.count) certificate\(report.certificates.count == 1 ? "" : "s")"
    return [("Encrypted", state)] + (report.problems + report.warnings).map { ("Certificate", $0) }
  }

  /// Returns the failures of the database, or nil as long as it took every mail.
  private static func trouble(_ report: TroubleReport) -> String? {
    let counted = report.counted ?? 0
    let mails = report.spooled + report.cutThrough + report.refused + counted
    guard report.spoolWaiting + mails > 0 else { return nil }
    return "the database could not take \(mails) mails: "
      + "\(report.spooled) spooled (\(report.spoolWaiting) wait there), \(report.cutThrough) sent on at once, "
      + (counted > 0 ? "\(counted) counted as the same error, " : "")
      + "\(report.refused) refused; the log says why"
  }

  private static func queue(_ queue: QueueReport) -> String {
    guard queue.waiting > 0 else { return "empty" }
    let oldest = queue.oldest.map { ", the oldest since \(Output.time($0))" } ?? ""
    let held = queue.held > 0 ? ", \(queue.held) held" : ""
    return "\(queue.waiting) waiting, \(Output.size(queue.octets))\(oldest)\(held)"
  }

  private static func uptime(_ seconds: Int) -> String {
    let (days, hours, minutes) = (seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    return hours > 0 ? "\(hours) h \(minutes) min" : minutes > 0 ? "\(minutes) min" : "\(seconds) s"
  }
}

extension SmarthostReport {
  private static let mostNamed = 3

  /// The outage in words: since when and why the host fails, and when it is tried again; nil while it works.
  var outage: String? {
    guard let failure else { return nil }
    let named = failsFor?.prefix(Self.mostNamed).joined(separator: ", ") ?? ""
    let more = (failsFor?.count ?? 0) > Self.mostNamed ? " and others" : ""
    let limits = failsFor == nil ? "" : " for mail \(named)\(more) only"
    let since = failsSince.map { " since \(Output.local($0, "%Y-%m-%d %H:%M:%S %Z"))" } ?? ""
    let next = nextLook.map { "; tried again within \(max(1, Int($0.timeIntervalSinceNow.rounded(.up)))) s" } ?? ""
    let admin = failureKind == "needs-admin" ? "; an admin has to correct that" : ""
    return "\(host)\(limits)\(since): \(failure)\(next)\(admin)"
  }
}

import ControlAPI
import DedupCore
import DedupStore
import EventLog
import Foundation
import HostSystem
import Logging
import MailEncryption
import MailMessage
import SMTPServer

/// The control API over the parts of the running daemon.
struct LiveControl: ControlService {
  let relay: RunningRelay
  private let reloader: Reloader
  let stored: StoredState
  private let startedAt: Date
  private let metricsNow: Metrics

  init(_ relay: RunningRelay, reloader: Reloader) {
    (self.relay, self.reloader, startedAt) = (relay, reloader, .now)
    stored = StoredState(reader: relay.store, now: WallClock.now, builder: relay.mailer.builder)
    metricsNow = Metrics(relay: relay, reloader: reloader, startedAt: startedAt)
  }

  var store: SQLiteStore { relay.store }
  var destinations: Live<Destinations> { relay.destinations }
  var runner: QueueRunner { relay.runner }
  var logger: Logger { relay.logger }

  func status() async throws -> StatusReport {
    try await stored.status(
      daemon: DaemonStatus(
        pid: Int(ProcessInfo.processInfo.processIdentifier), startedAt: startedAt,
        uptimeSeconds: Int(Date.now.timeIntervalSince(startedAt)),
        listening: relay.listener.endpoints.map(\.description),
        nextHop: destinations.value.transport.nextHop, connections: relay.listener.counts.open, trouble: trouble,
        lastReload: await reloader.last,
        encryption: EncryptionReport(destinations.value.encryption, at: WallClock.now()),
        rejecting: rejecting, routes: routes, pacing: pacing,
        growth: relay.queueWatch.standing.map { GrowthReport($0) },
        smarthosts: await smarthosts), uncounted: relay.safetyNet.uncounted.totals)
  }

  func metrics() async throws -> String { try await metricsNow.text() }

  func obstacles() async -> [String] {
    var obstacles: [String] = []
    if relay.listener.endpoints.isEmpty { obstacles.append("nothing is listened on") }
    do { _ = try await store.setting("ready") } catch { obstacles.append("the store does not answer: \(error)") }
    if let growth = relay.queueWatch.standing {
      obstacles.append("the queue grows: \(growth.waiting) mails wait")
    }
    if relay.safetyNet.waiting > 0 { obstacles.append("\(relay.safetyNet.waiting) mails wait in the emergency spool") }
    return obstacles
  }

  private var routes: [RouteReport]? {
    let routes = destinations.value.routes
    return routes.isEmpty
      ? nil
      : routes.map { RouteReport(name: $0.name ?? "", nextHop: $0.transport.nextHop, sender: $0.rewrite?.address.text) }
  }

  private var pacing: [PacingReport]? {
    let standings = runner.pacingStandings
    return standings.isEmpty ? nil : standings.map { PacingReport($0, inDigests: store.noticeMode != .oneByOne) }
  }

  private var rejecting: [RejectingReport]? {
    let hops = runner.rejectionWatch.rejecting.sorted { $0.key < $1.key }
    return hops.isEmpty ? nil : hops.map { RejectingReport(nextHop: $0.key, $0.value) }
  }

  /// The smarthosts that mail waits for because an admin sent it there.
  private var reroutedTo: [Smarthost] {
    get async { (try? await store.reroutedTo()) ?? [] }
  }

  private var smarthosts: [SmarthostReport]? {
    get async {
      let reports = await destinations.value.hostReports(rerouted: await reroutedTo)
      return reports.isEmpty ? nil : reports.map { SmarthostReport($0, at: .now) }
    }
  }

  private var trouble: TroubleReport {
    let (counts, setAside) = (relay.safetyNet.counts, setAside)
    return TroubleReport(
      spoolWaiting: relay.safetyNet.waiting, spooled: counts.spooled, cutThrough: counts.cutThrough,
      refused: counts.refused,
      setAside: setAside.isEmpty ? nil : setAside, counted: counts.counted > 0 ? counts.counted : nil,
      diskFullSince: relay.safetyNet.isFullSince(now: WallClock.now()).map { Date($0) })
  }

  private var setAside: [SetAsideReport] { store.setAside.map { SetAsideReport(path: $0.path, at: Date($0.at)) } }

  func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview {
    try await stored.previewSummary(request, health: relay.mailer.health())
  }

  func sendSummary(_ request: SummaryRequest) async throws -> SummarySent {
    let now = WallClock.now()
    let sites = try await stored.sites(named: request.site, until: now)
    return try await relay.mailer.sendNow(request.period(until: now), sites: sites)
  }

  func purge(_ request: PurgeRequest) async throws -> PurgeReport {
    let (selection, now) = (try request.selection, WallClock.now())
    for id in request.ids ?? [] { _ = try Self.one(try await store.errors(idPrefix: id, site: request.site)) }
    if request.isTrial { return PurgeReport(try await store.samples(selection, now: now), setAside: setAside) }
    let removed = try await store.purgeSamples(selection, now: now)
    logger.event(
      .notice, .samplesRemoved,
      [.mails: "\(removed.mails)", .octets: "\(removed.octets)", .errors: "\(removed.errors)"])
    return PurgeReport(removed, setAside: setAside)
  }

  func reload() async throws -> ReloadReport { await reloader.reload() }
}

extension EncryptionReport {
  /// Creates the report, or nil if nothing is to be encrypted.
  init?(_ encryption: ErrorMailEncryption, at now: Timestamp) {
    guard encryption.isOn else { return nil }
    self.init(
      certificates: encryption.recipients.map { recipient in
        CertificateReport(
          file: recipient.file, subject: recipient.certificate.subject, expires: Date(recipient.certificate.validUntil))
      },
      problems: encryption.problems(at: now), warnings: encryption.warnings(at: now),
      leavesInClear: encryption.reasonForClear(at: now) != nil)
  }
}

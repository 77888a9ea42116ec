import DedupConfig
import DedupCore
import DedupStore
import EventLog
import Fingerprint
import HostSystem
import Logging
import NIOCore
import NIOPosix
import SMTPServer

/// The parts of the relay in the order of their dependencies, created once. Reload, control API and metrics access them
/// here; everything that a reload may replace is in a `Live`.
struct RunningRelay: Sendable {
  let hostname: String
  let log: LogOutput
  let manager: ServiceManager
  /// The event loops of all connections that clients open: SMTP and the control API.
  let group: MultiThreadedEventLoopGroup
  let delivery: DeliveryLoop
  let store: SQLiteStore
  let reader: Live<ReportReader>
  let destinations: Live<Destinations>
  let listenerSetup: Live<ListenerSetup>
  let summary: Live<Configuration.Summary>
  let spool: EmergencySpool
  /// The counting of error mail while the disk is full, or nil if there was no room for the reserve: then error mail is
  /// not deduplicated while the disk is full.
  let counting: DiskFullCounting?
  let safetyNet: SafetyNet
  let intake: Intake
  let listener: SMTPListener
  let fleet: FleetLink
  let runner: QueueRunner
  let mailer: SummaryMailer
  let queueWatch: QueueWatch

  var logger: Logger { log.logger }

  /// Creates the parts. The listener is not bound yet.
  ///
  /// - Parameters:
  ///   - store: The open store; the caller closes it after everything else has ended.
  ///   - arriving: The messages that the store waits for, counted by the listener.
  ///   - inherited: The sockets that the service manager opened for us.
  /// - Throws: `StartFailure` if a certificate, a users file or another configured file cannot be used.
  init(
    _ configuration: Configuration, store: SQLiteStore, reader: Live<ReportReader>, arriving: ArrivingMessages,
    inherited: [InheritedSocket], manager: ServiceManager, hostname: String, log: LogOutput
  ) throws(StartFailure) {
    let logger = log.logger
    (self.hostname, self.log, self.manager, self.store, self.reader) = (hostname, log, manager, store, reader)
    group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    delivery = DeliveryLoop()
    let destinations = Live(
      try Destinations(
        configuration, largeMessages: store.largeMessages, hostname: hostname, group: delivery.group, logger: logger))
    self.destinations = destinations
    spool = EmergencySpool(directory: configuration.store.spool)
    counting = Self.counting(configuration, store, logger)
    let rejections = RejectionLog(logger: logger)
    let safetyNet = SafetyNet(
      spool: spool, counting: counting, destinations: destinations, rejections: rejections, logger: logger)
    self.safetyNet = safetyNet
    let pacing = ReplyPacing()
    intake = Intake(
      store: store, reader: reader, safetyNet: safetyNet, pacing: pacing, hostname: hostname, logger: logger)
    listenerSetup = Live(try ListenerSetup(configuration, hostname: hostname, logger: logger))
    let terms = listenerSetup.value.terms
    listener = SMTPListener(
      settings: terms.settings, identity: terms.identity, authenticator: terms.authenticator, handler: intake,
      largeMessages: store.largeMessages, arriving: arriving, pacing: pacing, group: group,
      inherited: inherited.descriptors(for: terms.settings, logger), logger: logger)
    summary = Live(configuration.summary)
    mailer = SummaryMailer(store: store, settings: summary, hostname: hostname) {
      RelayHealth(
        spoolWaiting: safetyNet.waiting, refused: safetyNet.counts.refused, setAside: store.setAside.map(\.path))
    }
    try FleetLink.check(configuration.fleet, group: delivery.group, logger: logger)
    fleet = FleetLink(configuration, store: store, hostname: hostname, group: delivery.group, logger: logger)
    runner = QueueRunner(
      store: store, destinations: destinations, executor: delivery, rejections: rejections, fleet: fleet,
      logger: logger)
    runner.adoptLimits()
    queueWatch = QueueWatch(
      store: store, pacing: runner.pacing, mailer: mailer, postmaster: { destinations.value.bounces.postmaster },
      logger: logger)
  }

  private static func counting(
    _ configuration: Configuration, _ store: SQLiteStore, _ logger: Logger
  ) -> DiskFullCounting? {
    do {
      let reserve = try CountReserve(directory: configuration.store.directory)
      return DiskFullCounting(reserve: reserve, policy: { store.policy }, logger: logger)
    } catch {
      logger.event(.warning, .noReserve, [.error: "\(error)"])
      return nil
    }
  }
}

extension [InheritedSocket] {
  /// Returns the descriptors of these sockets by the endpoints that they listen on. A socket whose endpoint
  /// `[listener]` does not name is logged: clients would wait there in vain.
  fileprivate func descriptors(
    for settings: ListenerSettings, _ logger: Logger
  ) -> [ListenerSettings.Endpoint: CInt] {
    var descriptors: [ListenerSettings.Endpoint: CInt] = [:]
    for socket in self {
      let place = ListenerSettings.Endpoint(socket.address).place
      descriptors[place] = socket.descriptor
      if settings.endpoints.contains(where: { $0.place == place }) { continue }
      logger.event(
        .warning, .socketUnused,
        [
          .endpoint: "\(socket.address)",
          .reason: "the service manager listens there, but [listener] does not name it: clients would wait in vain",
        ])
    }
    return descriptors
  }
}

extension ListenerSettings.Endpoint {
  fileprivate init(_ address: InheritedSocket.Address) {
    switch address {
    case .address(let host, let port): self.init(host: host, port: port)
    case .socket(let path): self = .socket(path: path, mode: 0)
    }
  }
}

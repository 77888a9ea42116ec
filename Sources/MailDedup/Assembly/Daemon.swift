import DedupConfig
import DedupCore
import DedupStore
import EventLog
import Fingerprint
import HostSystem
import Logging
import RelayMail
import SMTPServer
import ServiceLifecycle
import UnixSignals

/// The relay as a process: creates its parts, starts them, and ends them in order.
struct Daemon {
  private let path: String
  let configuration: Configuration
  private let hostname: String
  private let log: LogOutput
  let logger: Logger

  /// Creates the relay, and its log.
  ///
  /// - Parameter path: The path that `configuration` was read from; a reload reads it again.
  init(_ configuration: Configuration, path: String) {
    self.path = path
    self.configuration = configuration
    hostname = configuration.listener.hostname ?? HostName.current()
    log = LogOutput(configuration.log)
    logger = log.logger
  }

  /// The time for which SIGTERM waits for clients that are sending; after that, it waits for deliveries. The packaged
  /// systemd unit allows 60 s for everything (`TimeoutStopSec`).
  private static let shutdownPatience = Duration.seconds(20)

  /// Runs until a signal ends the relay, and returns with everything acknowledged on disk.
  ///
  /// - Throws: `StartFailure` if a part cannot start.
  func run() async throws {
    let terminal = Terminal()
    let inherited = InheritedSocket.all()
    let descriptors = Descriptors.raiseLimit()
    // Trapped from here on: the default action of SIGHUP ends the process.
    let hangUps = await UnixSignalsSequence(trapping: .sighup)
    let (judge, arriving) = (Live(configuration.judge), ArrivingMessages())
    try refuseMisplaced()
    let store = try openStore(judge, arriving)
    defer { store.close() }
    try await prepareControl()
    let relay = try RunningRelay(
      configuration, store: store, judge: judge, arriving: arriving, inherited: inherited,
      manager: ServiceManager(), hostname: hostname, log: log)
    let bound = try await start(relay.listener)
    warn(ofDescriptors: descriptors)
    StartCheck(configuration).warnOfSecrets(logger)
    let reloader = Reloader(path: path, running: configuration, relay: relay)
    let hangUp = HangUpService(hangUps: hangUps, terminal: terminal, reloader: reloader)
    let (controlIsReady, ready) = AsyncStream.makeStream(of: Never.self)
    let control = try control(relay, reloader) { ready.finish() }
    try await run(services(relay, control) + [listening(relay, bound, after: controlIsReady)], hangUp)
    logger.event(.notice, .stopped)
  }

  /// Runs the services until SIGTERM, SIGINT or the end of the terminal, and shuts them down from the last to the
  /// first.
  private func run(_ services: [any Service], _ hangUp: HangUpService) async throws {
    typealias Member = ServiceGroupConfiguration.ServiceConfiguration
    let members =
      services.map { Member(service: $0) }
      + [Member(service: hangUp, successTerminationBehavior: .gracefullyShutdownGroup)]
    var settings = ServiceGroupConfiguration(
      services: members, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
    settings.maximumGracefulShutdownDuration = Self.shutdownPatience + QueueRunner.lastDeliveries + .seconds(5)
    try await ServiceGroup(configuration: settings).run()
  }

  /// Returns all services except the listener, which follows them. They end from the last to the first: no new mail,
  /// then no new deliveries, then no replies of the control API.
  private func services(_ relay: RunningRelay, _ control: ControlEndpoint) -> [any Service] {
    let watch = EncryptionWatch(destinations: relay.destinations, logger: logger)
    return notifiers(relay) + [
      control, FleetService(link: relay.fleet), relay.runner, relay.queueWatch,
      SpoolImporter(
        spool: relay.spool, store: relay.store, reserve: relay.counting?.reserve, safetyNet: relay.safetyNet,
        judge: relay.intake.judge, logger: logger),
      ReplacementNotifier(
        store: relay.store, mailer: relay.mailer, postmaster: relay.destinations.value.bounces.postmaster,
        logger: logger),
      SummaryService(mailer: relay.mailer, logger: logger), EpisodeService(store: relay.store, logger: logger),
      RetentionService(store: relay.store, logger: logger), StartupTrimmer(),
      FileRefresher {
        relay.listenerSetup.value.refresh()
        watch.look()
      },
      WatchdogService(manager: relay.manager, groups: [relay.group, relay.delivery.group]),
    ]
  }

  private func notifiers(_ relay: RunningRelay) -> [any Service] {
    guard let counting = relay.counting else { return [] }
    return [
      DiskFullNotifier(
        counting: counting, store: relay.store, mailer: relay.mailer, destinations: relay.destinations,
        directory: configuration.store.directory, logger: logger)
    ]
  }

  private func listening(
    _ relay: RunningRelay, _ bound: [ListenerSettings.Endpoint], after controlIsReady: AsyncStream<Never>
  ) -> ListenerService {
    ListenerService(
      listener: relay.listener, patience: Self.shutdownPatience, controlIsReady: controlIsReady,
      announce: {
        let nextHop = relay.destinations.value.transport.nextHop
        Announcement(bound: bound, nextHop: nextHop, delivery: configuration.delivery).print()
        let addresses = bound.map(\.description).joined(separator: ", ")
        relay.manager.ready("listening on \(addresses), delivering to \(nextHop)")
      }, manager: relay.manager)
  }
}

extension Daemon {
  /// Refuses folders that can never work. Called before the listener starts: there would be no place for accepted mail.
  private func refuseMisplaced() throws(StartFailure) {
    let problems = StartCheck.misplaced(configuration)
    if !problems.isEmpty { throw StartFailure(.configuration, problems.joined(separator: "\n")) }
  }

  private func openStore(_ judge: Live<MailJudge>, _ arriving: ArrivingMessages) throws -> SQLiteStore {
    var limits = StoreLimits()
    limits.retention = Retention(configuration.store)
    do {
      return try SQLiteStore(
        directory: configuration.store.directory, policy: configuration.window,
        explain: { message, packages in judge.value.reader.explain(message) { packages }.text }, logger: logger,
        limits: limits, now: WallClock.now,
        letterhead: Letterhead(hostname: hostname) { LocalTime.offset(at: $0) / 60 }, naming: FleetNames.naming,
        arriving: { arriving.count })
    } catch {
      throw StartFailure(error.kind == .locked ? .locked : .store, error.description)
    }
  }

  private func start(_ listener: SMTPListener) async throws -> [ListenerSettings.Endpoint] {
    do {
      return try await listener.start()
    } catch {
      throw StartFailure(.unavailable, error.description)
    }
  }

  private func warn(ofDescriptors limit: Int) {
    logger.event(.info, .descriptors, [.limit: "\(limit)"])
    let wanted = configuration.listener.maximumConnections
    let possible = ListenerSetup.connections(of: configuration, descriptors: limit)
    guard possible < wanted else { return }
    logger.event(
      .warning, .descriptorsShort,
      [
        .limit: "\(limit)", .connections: "\(possible)",
        .reason: """
        listener.maximum-connections = \(wanted) needs \(wanted + Descriptors.reserve) descriptors; raise the hard limit \
        (LimitNOFILE of systemd, ulimit -Hn) or lower the key
        """,
      ])
  }
}

extension Retention {
  init(_ store: Configuration.Store) {
    self.init(sampleAge: store.sampleAge, sampleOctets: store.sampleSize, history: store.history)
  }
}

import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import Fingerprint
import Glibc
import HostSystem
import Logging
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import ServiceLifecycle
import UnixSignals

/// The relay, put together from its parts.
struct Daemon {
  private let path: String
  private let configuration: Configuration
  private let hostname: String
  private let log: LogOutput
  private let logger: Logger

  /// - Parameter path: where `configuration` was read, and will be again.
  init(_ configuration: Configuration, path: String) {
    self.path = path
    self.configuration = configuration
    hostname = configuration.listener.hostname ?? HostName.current()
    log = LogOutput(configuration.log)
    logger = log.logger
  }

  /// How long SIGTERM waits for clients that are sending; then it waits for deliveries. systemd gives 90 s for all.
  private static let shutdownPatience = Duration.seconds(20)

  /// Returns after a signal, with everything acknowledged on disk.
  ///
  /// - Throws: `StartFailure` when a part cannot start.
  func run() async throws {
    let terminal = Terminal()
    let manager = ServiceManager()
    let inherited = InheritedSocket.all()
    let descriptors = Descriptors.raiseLimit()
    // From here on: its default is to end the process.
    let hangUps = await UnixSignalsSequence(trapping: .sighup)
    let reader = Current(configuration.reader)
    let arriving = ArrivingMessages()
    try refuseMisplaced()
    let store = try openStore(reader, arriving)
    defer { store.close() }
    try prepareControlSocket()
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let delivery = DeliveryLoop()
    let route = Current(
      try Route(
        configuration, largeMessages: store.largeMessages, hostname: hostname, group: delivery.group,
        logger: logger))
    let spool = EmergencySpool(directory: configuration.store.spool)
    let counting = diskFullCounting(store)
    let net = SafetyNet(spool: spool, counting: counting, route: route, logger: logger)
    let pacing = ReplyPacing()
    let intake = Intake(
      store: store, reader: reader, safetyNet: net, pacing: pacing, hostname: hostname, logger: logger)
    let entrance = Current(try Entrance(configuration, hostname: hostname, logger: logger))
    let terms = entrance.value.terms
    let listener = SMTPListener(
      settings: terms.settings, identity: terms.identity, authenticator: terms.authenticator, handler: intake,
      largeMessages: store.largeMessages, arriving: arriving, pacing: pacing, group: group,
      inherited: doors(inherited, terms.settings), logger: logger)
    let bound = try await start(listener)
    tell(ofDescriptors: descriptors)
    let summary = Current(configuration.summary)
    let mailer = SummaryMailer(store: store, settings: summary, hostname: hostname) {
      RelayHealth(
        spoolWaiting: net.waiting, refused: net.counts.refused, setAside: store.setAside.map(\.path))
    }
    let reloader = Reloader(
      path: path, running: configuration,
      parts: LiveParts(
        hostname: hostname, group: delivery.group, log: log, store: store, listener: listener, entrance: entrance,
        reader: reader, route: route, summary: summary, manager: manager),
      logger: logger)
    let runner = QueueRunner(store: store, route: route, executor: delivery, logger: logger)
    let queueWatch = QueueWatch(
      store: store, pacing: runner.pacing, mailer: mailer, postmaster: { route.value.bounces.postmaster },
      logger: logger)
    let watch = EncryptionWatch(route: route, logger: logger)
    let control = ControlServer(
      service: LiveControl(
        store: store, mailer: mailer, listener: listener, net: net, route: route, runner: runner,
        queueWatch: queueWatch, reloader: reloader, logger: logger),
      socket: configuration.control.socket, socketGroup: try socketGroup(), door: try controlDoor(), group: group,
      logger: logger)
    let teller = ReplacementTeller(
      store: store, mailer: mailer, postmaster: route.value.bounces.postmaster, logger: logger)

    // Shut down in the order from the last to the first: no reload, no new mail, then no new deliveries, then no answers.
    let notifiers = counting.map {
      [
        DiskFullNotifier(
          counting: $0, store: store, mailer: mailer, route: route, directory: configuration.store.directory,
          logger: logger) as any Service
      ]
    }
    let services: [any Service] = [
      ControlEndpoint(server: control), runner, queueWatch,
      SpoolImporter(
        spool: spool, store: store, reserve: counting?.reserve, judge: intake.judge, logger: logger), teller,
      SummaryService(mailer: mailer, logger: logger), EpisodeService(store: store, logger: logger),
      RetentionService(store: store, logger: logger),
      StartupTrimmer(),
      FileRefresher {
        entrance.value.refresh()
        watch.look()
      },
      WatchdogService(manager: manager, groups: [group, delivery.group]),
      ListenerService(
        listener: listener, patience: Self.shutdownPatience,
        announce: {
          announce(bound, nextHop: route.value.transport.nextHop)
          let addresses = bound.map(\.description).joined(separator: ", ")
          manager.ready("listening on \(addresses), delivering to \(route.value.transport.nextHop)")
        }, manager: manager),
    ]
    try await run((notifiers ?? []) + services, HangUpService(hangUps: hangUps, terminal: terminal, reloader: reloader))
    logger.notice("stopped")
  }

  /// Until SIGTERM, SIGINT or the end of the terminal.
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
}

extension Daemon {
  /// Before anybody is let in whose mail would have no place.
  private func refuseMisplaced() throws(StartFailure) {
    let problems = StartTrial.misplaced(configuration)
    if !problems.isEmpty { throw StartFailure(.configuration, problems.joined(separator: "\n")) }
  }

  private func openStore(_ reader: Current<ReportReader>, _ arriving: ArrivingMessages) throws -> SQLiteStore {
    var limits = StoreLimits()
    limits.retention = Retention(configuration.store)
    do {
      return try SQLiteStore(
        directory: configuration.store.directory, policy: configuration.window,
        explain: { message, packages in reader.value.explain(message) { packages }.text }, logger: logger,
        limits: limits, now: WallClock.now,
        letterhead: Letterhead(hostname: hostname) { LocalTime.offset(at: $0) / 60 },
        arriving: { arriving.count })
    } catch {
      throw StartFailure(error.kind == .locked ? .locked : .store, error.description)
    }
  }

  /// Nil when there is no room for the reserve: error mail is then not deduplicated while the disk is full.
  private func diskFullCounting(_ store: SQLiteStore) -> DiskFullCounting? {
    do {
      let reserve = try CountReserve(directory: configuration.store.directory)
      return DiskFullCounting(reserve: reserve, policy: { store.policy }, logger: logger)
    } catch {
      logger.warning("no-reserve", metadata: ["error": "\(error)"])
      return nil
    }
  }

  private func tell(ofDescriptors limit: Int) {
    logger.info("descriptors", metadata: ["limit": "\(limit)"])
    let wanted = configuration.listener.maximumConnections
    let possible = Entrance.connections(of: configuration, descriptors: limit)
    guard possible < wanted else { return }
    logger.warning(
      "descriptors-short",
      metadata: [
        "limit": "\(limit)", "connections": "\(possible)",
        "reason": """
        listener.maximum-connections = \(wanted) needs \(wanted + Descriptors.reserve) descriptors; raise the hard limit \
        (LimitNOFILE of systemd, ulimit -Hn) or lower the key
        """,
      ])
  }

  /// Before anybody is taken in: another relay may be behind that socket, which has another store.
  private func prepareControlSocket() throws(StartFailure) {
    let socket = configuration.control.socket
    do { try ControlServer.prepare(socket) } catch {
      throw StartFailure(.unavailable, "control.socket = \(socket): \(error)")
    }
  }

  private func socketGroup() throws(StartFailure) -> UInt32? {
    guard let name = configuration.control.socketGroup else { return nil }
    guard let id = GroupName.id(of: name) else {
      throw StartFailure(.configuration, "control.socket-group: there is no group \"\(name)\" on this machine")
    }
    return id
  }

  private func controlDoor() throws(StartFailure) -> ControlServer.Door? {
    guard let address = configuration.control.address, let path = configuration.control.tokenFile else { return nil }
    do throws(SecretSource.Failure) {
      return ControlServer.Door(
        host: address.host, port: address.port, token: try SecretSource.file(path).revealed)
    } catch {
      throw StartFailure(.configuration, "control.token-file: \(error)")
    }
  }

  /// The sockets that the service manager opened, by the endpoints that they are for.
  private func doors(
    _ inherited: [InheritedSocket], _ settings: ListenerSettings
  ) -> [ListenerSettings.Endpoint: CInt] {
    var doors: [ListenerSettings.Endpoint: CInt] = [:]
    for socket in inherited {
      let endpoint: ListenerSettings.Endpoint =
        switch socket.address {
        case .address(let host, let port): .init(host: host, port: port)
        case .socket(let path): .socket(path: path, mode: 0)
        }
      doors[endpoint.place] = socket.descriptor
      guard settings.endpoints.contains(where: { $0.place == endpoint.place }) else {
        logger.warning(
          "socket-unused",
          metadata: [
            "endpoint": "\(socket.address)",
            "reason": "the service manager listens there, but [listener] does not name it: clients would wait in vain",
          ])
        continue
      }
    }
    return doors
  }

  private func start(_ listener: SMTPListener) async throws -> [ListenerSettings.Endpoint] {
    do {
      return try await listener.start()
    } catch {
      throw StartFailure(.unavailable, error.description)
    }
  }

  /// What a person who started it by hand wants to know.
  private func announce(_ bound: [ListenerSettings.Endpoint], nextHop: String) {
    print("MailDedup \(MailDedupVersion.text)")
    for endpoint in bound { print("listening on \(endpoint)") }
    let hint =
      configuration.delivery.smarthosts.isEmpty && !configuration.delivery.discards
      ? " until [delivery] smarthost is set" : ""
    print("delivering to \(nextHop)\(hint)")
    if case .address(let host, let port, _) = bound.first {
      print(Self.djangoSettings(host: host, port: port))
    }
    // Standard output is a pipe as often as a terminal; whoever waits for these lines must get them now.
    fflush(nil)
  }

  /// In both forms: a project of Django 6.1 has `MAILERS`, and does not start with the other settings beside it.
  private static func djangoSettings(host: String, port: Int) -> String {
    """
    The settings of your Django site:
        EMAIL_HOST = "\(host)"
        EMAIL_PORT = \(port)
        EMAIL_TIMEOUT = 30
    or, where its settings have MAILERS (Django 6.1):
        MAILERS = {"default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "\(host)", "port": \(port), "timeout": 30},
        }}
    """
  }
}

extension Retention {
  init(_ store: Configuration.Store) {
    self.init(sampleAge: store.sampleAge, sampleOctets: store.sampleSize, history: store.history)
  }
}

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
  private let configuration: Configuration
  private let hostname: String
  private let logger: Logger

  init(_ configuration: Configuration) {
    self.configuration = configuration
    hostname = configuration.listener.hostname ?? HostName.current()
    logger = Self.logger(configuration.log)
  }

  /// How long SIGTERM waits for what is in flight.
  private static let shutdownPatience = Duration.seconds(20)

  /// Returns after a signal, with everything acknowledged on disk.
  ///
  /// - Throws: `StartFailure` when a part cannot start.
  func run() async throws {
    let reader = ReportReader(rules: configuration.rules)
    let store = try openStore(reader)
    defer { store.close() }
    let group = MultiThreadedEventLoopGroup(numberOfThreads: System.coreCount)
    let transport = try NextHop.transport(configuration.delivery, hostname: hostname, group: group, logger: logger)
    let spool = EmergencySpool(directory: configuration.store.spool)
    let net = SafetyNet(spool: spool, transport: transport, logger: logger)
    let intake = Intake(store: store, reader: reader, safetyNet: net, hostname: hostname, logger: logger)
    let identity = try identity()
    let users = try users()
    let listener = SMTPListener(
      settings: listenerSettings, identity: identity, authenticator: users.map(Authenticator.init), handler: intake,
      largeMessages: store.largeMessages, group: group, logger: logger)
    let bound = try await start(listener)
    let mailer = SummaryMailer(store: store, settings: configuration.summary, hostname: hostname)
    let control = ControlServer(
      service: LiveControl(
        store: store, mailer: mailer, listener: listener, net: net, listening: bound.map(\.description),
        nextHop: transport.nextHop),
      socket: configuration.control.socket, group: group, logger: logger)
    let runner = QueueRunner(
      store: store, transport: transport, policy: configuration.delivery.retry,
      bounces: BounceWriter(
        hostname: hostname, policy: configuration.delivery.retry, postmaster: configuration.delivery.postmaster),
      concurrency: configuration.delivery.connections, logger: logger)

    // Shut down in the order from the last to the first: no new mail, then no new deliveries, then no answers.
    let importer = SpoolImporter(spool: spool, store: store, judge: intake.judge, logger: logger)
    let teller = ReplacementTeller(
      store: store, mailer: mailer, postmaster: configuration.delivery.postmaster, logger: logger)
    var services: [any Service] = [ControlEndpoint(server: control), runner, importer, teller]
    if configuration.summary.enabled {
      let time = configuration.summary.time
      services.append(
        SummaryService(mailer: mailer, timeOfDay: time.hour * 60 + time.minute, logger: logger))
    }
    services.append(
      FileRefresher {
        identity?.refresh()
        users?.refresh()
      })
    services.append(
      ListenerService(listener: listener, patience: Self.shutdownPatience) {
        announce(bound, nextHop: transport.nextHop)
      })
    var settings = ServiceGroupConfiguration(
      services: services, gracefulShutdownSignals: [.sigterm, .sigint, .sighup], logger: logger)
    settings.maximumGracefulShutdownDuration = Self.shutdownPatience + .seconds(5)
    try await ServiceGroup(configuration: settings).run()
    logger.notice("stopped")
  }
}

extension Daemon {
  private static func logger(_ settings: Configuration.Log) -> Logger {
    let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
    return Logger(label: "maildedup") { _ in
      switch settings.format {
      // Under systemd standard error goes to the journal, which has its own time (systemd.exec, JOURNAL_STREAM).
      case .text: LineLogHandler(level: level, showsTime: getenv("JOURNAL_STREAM") == nil)
      case .json: JSONLogHandler(level: level)
      }
    }
  }

  private func openStore(_ reader: ReportReader) throws -> SQLiteStore {
    var limits = StoreLimits()
    limits.retention = Retention(
      sampleAge: configuration.store.sampleAge, sampleOctets: configuration.store.sampleSize,
      history: configuration.store.history)
    do {
      return try SQLiteStore(
        directory: configuration.store.directory, policy: configuration.window, explain: { reader.explain($0).text },
        logger: logger, limits: limits, now: WallClock.now)
    } catch {
      throw StartFailure(error.kind == .locked ? .locked : .store, error.description)
    }
  }

  private var listenerSettings: ListenerSettings {
    let listener = configuration.listener
    let plain = listener.addresses.map { ListenerSettings.Endpoint(host: $0.host, port: $0.port) }
    let secure = listener.tlsAddresses.map {
      ListenerSettings.Endpoint(host: $0.host, port: $0.port, isImplicitTLS: true)
    }
    let socket = listener.socket.map {
      ListenerSettings.Endpoint.socket(path: $0, mode: listener.socketMode.bits)
    }
    var settings = ListenerSettings(endpoints: plain + secure + [socket].compactMap { $0 }, hostname: hostname)
    settings.limits = configuration.limits
    settings.maximumConnections = listener.maximumConnections
    settings.maximumPerClient = listener.maximumConnectionsPerClient
    settings.networks = configuration.access.networks
    settings.proxies = configuration.access.proxies
    settings.allowsPlaintextAuthOnLoopback = configuration.auth.allowsPlaintextOnLoopback
    settings.maximumPerLoopbackClient = listener.maximumConnectionsPerLoopbackClient
    return settings
  }

  /// Nil without `[tls]`.
  private func identity() throws -> TLSIdentity? {
    guard let certificate = configuration.tls.certificate, let key = configuration.tls.key else { return nil }
    do {
      return try TLSIdentity(certificate: certificate, key: key, logger: logger)
    } catch {
      throw StartFailure(.configuration, error.description)
    }
  }

  /// Nil without `[auth]`.
  private func users() throws -> PasswordFile? {
    guard let path = configuration.auth.users else { return nil }
    do {
      return try PasswordFile(path: path, logger: logger)
    } catch {
      throw StartFailure(.configuration, error.description)
    }
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
      print("The settings of your Django site:")
      print("    EMAIL_HOST = \"\(host)\"")
      print("    EMAIL_PORT = \(port)")
      print("    EMAIL_TIMEOUT = 30")
    }
    // Standard output is a pipe as often as a terminal; whoever waits for these lines must get them now.
    fflush(nil)
  }
}

import DedupConfig
import DedupCore
import DedupStore
import EventLog
import Fleet
import HostSystem
import Logging
import NIOCore
import NIOPosix
import SMTPProtocol
import ServiceLifecycle
import Synchronization

/// The fleet that this relay belongs to, if it belongs to one. Without one nothing runs here.
final class FleetLink: Sendable {
  private struct State {
    var settings: Configuration.Fleet
    /// True if nothing of the mail may leave in clear.
    var isSecret: Bool
    var member: FleetMember?
    var admin: FleetAdmin?
    var tasks: [Task<Void, Never>] = []
    var hasBegun = false
    /// Rows whose counts changed without a mail.
    var changed: Set<Int64> = []

    init(_ configuration: Configuration) {
      settings = configuration.fleet
      isSecret = !configuration.encryption.certificates.isEmpty
    }
  }

  private let store: SQLiteStore
  private let hostname: String
  private let group: any EventLoopGroup
  private let logger: Logger
  private let state: Mutex<State>

  /// Creates the link. It connects once `begin` was called.
  init(_ configuration: Configuration, store: SQLiteStore, hostname: String, group: any EventLoopGroup, logger: Logger)
  {
    (self.store, self.hostname, self.group, self.logger) = (store, hostname, group, logger)
    state = Mutex(State(configuration))
  }

  /// The longest time that the first deliveries after a start wait for the first connection.
  private static let firstConnection = Duration.seconds(1)
  private static let storePause = Duration.seconds(5)

  /// True if the configuration names an engine.
  var isOn: Bool { state.withLock { $0.settings.engine != nil } }

  /// The member; nil without a fleet, or while the store does not say who we are.
  var member: FleetMember? { state.withLock { $0.member } }

  /// The carrier of what admins say; nil as long as there is no member.
  var admin: FleetAdmin? { state.withLock { $0.admin } }

  var settings: Configuration.Fleet { state.withLock { $0.settings } }

  /// Takes over another configuration.
  func adopt(_ configuration: Configuration) async {
    let mustBegin = state.withLock { state in
      let new = State(configuration)
      guard new.settings != state.settings || new.isSecret != state.isSecret else { return false }
      for task in state.tasks { task.cancel() }
      (state.settings, state.isSecret, state.tasks) = (new.settings, new.isSecret, [])
      (state.member, state.admin) = (nil, nil)
      return state.hasBegun
    }
    if mustBegin { await connect() }
  }

  /// Waits a moment for what comes of the first connection, so that the first mail after a start is not sent alone.
  func settled() async {
    let polls = 50
    for _ in 0..<polls where isOn && member?.client.wasTried != true {
      try? await Task.sleep(for: Self.firstConnection / polls)
    }
  }

  /// Connects.
  func begin() async {
    state.withLock { $0.hasBegun = true }
    await connect()
  }

  /// Ends the connection.
  func end() {
    let tasks = state.withLock { state in
      defer { (state.tasks, state.member, state.admin, state.hasBegun) = ([], nil, nil, false) }
      return state.tasks
    }
    for task in tasks { task.cancel() }
  }

  /// Notes an error whose counts changed without a mail.
  func noteChange(_ row: Int64) { state.withLock { _ = $0.changed.insert(row) } }

  func takeChanged() -> Set<Int64> {
    state.withLock { state in
      defer { state.changed = [] }
      return state.changed
    }
  }

  private func connect() async {
    let settings = settings
    guard let engine = settings.engine else { return }
    do {
      let member = try FleetMember(
        .init(
          engine: .init(address: engine, caFile: settings.caFile, login: Self.login(settings)), name: settings.name,
          patience: settings.patience, store: try await store.fleetStoreID()),
        group: group, logger: logger, clock: BootClock.now)
      run(member, settings)
    } catch {
      logger.event(.error, .fleetOff, [.reason: "\(error)"])
      let again = Task { [weak self] in
        try? await Task.sleep(for: Self.storePause)
        if !Task.isCancelled { await self?.connect() }
      }
      state.withLock { $0.tasks.append(again) }
    }
  }

  private func run(_ member: FleetMember, _ settings: Configuration.Fleet) {
    state.withLock { state in
      guard state.hasBegun, state.settings == settings else { return }
      let presence = FleetPresence(
        member: member, store: store, isSecret: state.isSecret, relay: settings.relay ?? hostname,
        changed: { [weak self] in self?.takeChanged() ?? [] }, logger: logger)
      let admin = FleetAdmin(member: member, store: store, logger: logger)
      (state.member, state.admin) = (member, admin)
      state.tasks = [
        Task { await member.client.run() }, Task { await presence.run() }, Task { await admin.run() },
      ]
    }
  }

  /// Returns the source of the login; nil if there is none. The file is read anew each time, off the event loop.
  static func login(
    _ settings: Configuration.Fleet
  ) -> (@Sendable () async throws(EngineFailure) -> EngineSession.Login)? {
    guard let path = settings.passwordFile else { return nil }
    let username = settings.username
    return { () async throws(EngineFailure) in
      do {
        let secret = try await NIOThreadPool.singleton.runIfActive { try SecretSource.file(path) }
        return EngineSession.Login(username: username, password: secret.revealed)
      } catch {
        throw .refused("fleet.password-file: \(error)")
      }
    }
  }
}

extension FleetLink {
  /// Checks the files that the settings name. Whether the engine answers is no reason to refuse them: it may come later.
  static func check(
    _ settings: Configuration.Fleet, group: any EventLoopGroup, logger: Logger
  ) throws(StartFailure) {
    guard let engine = settings.engine else { return }
    do throws(EngineFailure) {
      _ = try EngineClient(.init(address: engine, caFile: settings.caFile), group: group, logger: logger)
    } catch {
      throw StartFailure(.configuration, "fleet.ca-file: \(error)")
    }
    guard let path = settings.passwordFile else { return }
    do throws(SecretSource.Failure) { try SecretSource.checkPermissions(of: path) } catch {
      throw StartFailure(.configuration, "fleet.password-file: \(error)")
    }
  }

  /// Connects once, and says what the engine is: nil without a fleet, else one line each, the warnings apart.
  static func probe(
    _ settings: Configuration.Fleet, group: any EventLoopGroup, logger: Logger
  ) async -> (found: String?, warnings: [String])? {
    guard let engine = settings.engine else { return nil }
    do throws(EngineFailure) {
      let client = try EngineClient(
        .init(address: engine, caFile: settings.caFile, login: login(settings)), group: group, logger: logger)
      let facts = try await client.probe()
      return ("\(engine) answers: \(facts.version), primary", facts.warnings)
    } catch {
      return (nil, ["\(error); until it answers, each relay sends by itself"])
    }
  }
}

/// The service that connects the relay to its fleet, and ends that after the deliveries.
struct FleetService: Service {
  let link: FleetLink

  func run() async throws {
    await link.begin()
    try? await gracefulShutdown()
    link.end()
  }
}

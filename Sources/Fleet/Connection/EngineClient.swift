package import DedupCore
import EventLog
package import Logging
package import NIOCore
import Synchronization

/// The engine as a relay knows it: one connection that is made again and again. Requests made while there is none fail at
/// once; nothing is kept for later.
package final class EngineClient: Sendable {
  package struct Settings: Sendable {
    package var address: EngineAddress
    /// A file of certificates to trust; nil: those of the system.
    package var caFile: String?
    /// Reads the login anew for each connection; nil if there is none. It may block.
    package var login: (@Sendable () async throws(EngineFailure) -> EngineSession.Login)?

    package init(
      address: EngineAddress, caFile: String? = nil,
      login: (@Sendable () async throws(EngineFailure) -> EngineSession.Login)? = nil
    ) {
      (self.address, self.caFile, self.login) = (address, caFile, login)
    }
  }

  /// The state of the connection.
  package struct Standing: Hashable, Sendable {
    package var facts: EngineFacts?
    /// The reason why there is no connection; nil if there is one, or none was tried yet.
    package var failure: EngineFailure?
  }

  private struct State {
    var connection: EngineConnection?
    var failure: EngineFailure?
    var wasTried = false
  }

  private let settings: Settings
  private let tls: EngineTLS?
  private let group: any EventLoopGroup
  private let logger: Logger
  private let state = Mutex(State())
  private static let backOff = BackOff(shortest: .milliseconds(500), longest: .seconds(10))
  private static let askPatience = Duration.seconds(3)

  /// Creates a client without a connection.
  ///
  /// - Throws: `.refused` if the certificates to trust cannot be read.
  package init(_ settings: Settings, group: any EventLoopGroup, logger: Logger) throws(EngineFailure) {
    (self.settings, self.group, self.logger) = (settings, group, logger)
    tls = settings.address.usesTLS ? try EngineTLS(caFile: settings.caFile) : nil
  }

  package var standing: Standing {
    state.withLock { Standing(facts: $0.connection?.facts, failure: $0.connection == nil ? $0.failure : nil) }
  }

  /// True if a connection was tried since the start, whatever came of it.
  package var wasTried: Bool { state.withLock { $0.wasTried } }

  /// Keeps a connection until the task is cancelled.
  package func run() async {
    var failures = 0
    while !Task.isCancelled {
      do throws(EngineFailure) {
        let connection = try await connect()
        failures = 0
        adopt(connection)
        await withTaskCancellationHandler {
          await connection.closed()
        } onCancel: {
          connection.cut()
        }
        note(.lost)
      } catch {
        note(error)
      }
      failures += 1
      try? await Task.sleep(for: Self.backOff.wait(after: failures) * Double.random(in: 0.5...1))
    }
    state.withLock { $0.connection = nil }
  }

  /// Connects once, and says what the engine is.
  package func probe() async throws(EngineFailure) -> EngineFacts {
    let connection = try await connect()
    connection.cut()
    return connection.facts
  }

  /// Runs a script on the engine.
  package func run(
    _ script: FleetScript, keys: [String], _ arguments: [String], patience: Duration
  ) async -> Result<RESPValue, EngineFailure> {
    guard let connection = state.withLock({ $0.connection }), connection.isOpen else { return .failure(.notConnected) }
    let arguments = [arguments.first ?? "", connection.facts.run] + arguments.dropFirst()
    return await connection.run(script, keys: keys, arguments, patience: patience)
  }

  /// Sends a plain command to the engine.
  package func command(_ words: [String], patience: Duration) async -> Result<RESPValue, EngineFailure> {
    guard let connection = state.withLock({ $0.connection }), connection.isOpen else { return .failure(.notConnected) }
    return await connection.command(words, patience: patience)
  }

  /// Closes the connection, which seems to hang; another one is made.
  package func cut() { state.withLock { $0.connection }?.cut() }

  /// Asks the Sentinels whether the primary is still the one that is connected, and closes the connection if not. Without
  /// Sentinels it does nothing.
  package func lookForPrimary() async {
    guard case .sentinels(let nodes, let primary) = settings.address.place,
      let connection = state.withLock({ $0.connection }),
      let place = try? await self.primary(primary, nodes), place != connection.place
    else { return }
    logger.event(.notice, .fleetEngineMoved, [.engine: "\(place)"])
    connection.cut()
  }

  private func adopt(_ connection: EngineConnection) {
    state.withLock { ($0.connection, $0.failure, $0.wasTried) = (connection, nil, true) }
    logger.event(.notice, .fleetEngine, [.place: "\(connection.place)", .version: "\(connection.facts.version)"])
    for warning in connection.facts.warnings { logger.event(.warning, .fleetEngine, [.problem: "\(warning)"]) }
  }

  private func note(_ failure: EngineFailure) {
    let isNews = state.withLock { state in
      defer { (state.connection, state.failure, state.wasTried) = (nil, failure, true) }
      return state.failure != failure
    }
    if isNews, !Task.isCancelled {
      logger.event(.warning, .fleetEngineAway, [.engine: "\(settings.address)", .reason: "\(failure)"])
    }
  }

  private func connect() async throws(EngineFailure) -> EngineConnection {
    let login = try await settings.login?()
    var place = settings.address.place
    if case .sentinels(let nodes, let primary) = place { place = try await self.primary(primary, nodes) }
    let session = EngineSession(login: login, database: settings.address.database)
    return try await EngineConnection.open(to: place, session, tls: tls, on: group)
  }

  /// Asks the Sentinels, one after the other, where the primary is.
  private func primary(_ name: String, _ nodes: [EngineAddress.Node]) async throws(EngineFailure) -> EngineAddress.Place
  {
    var last = EngineFailure.unreachable("no Sentinel is named")
    for node in nodes {
      do throws(EngineFailure) {
        let session = EngineSession(login: nil, isEngine: false)
        let sentinel = try await EngineConnection.open(
          to: .host(node.host, port: node.port), session, tls: tls, on: group)
        defer { sentinel.cut() }
        let answer = await sentinel.command(["SENTINEL", "get-master-addr-by-name", name], patience: Self.askPatience)
        guard let items = try answer.get().items, items.count == 2, let host = items[0].text,
          let port = items[1].number, (1...65_535).contains(port)
        else { throw .refused("Sentinel \(node) does not know a primary \(name)") }
        return .host(host, port: Int(port))
      } catch {
        last = error
      }
    }
    throw last
  }
}

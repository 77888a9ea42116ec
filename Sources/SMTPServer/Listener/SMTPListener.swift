import EventLog
import Listening
package import Logging
package import MailMessage
package import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import Synchronization

import Glibc

/// Listens for SMTP and hands complete transactions to a `TransactionHandler`.
///
/// Promises: one `SessionHandler` per connection, on one event loop; every complete transaction is handed over exactly
/// once, and nothing short of CRLF.CRLF ever is. Limits: the numbers of connections in `ListenerSettings`, and
/// `SessionLimits` for each connection. Errors: `ListenerFailure` from `start` and `adopt`, none otherwise.
package final class SMTPListener: Sendable {
  private static let backlog: Int32 = 1024

  let handler: any TransactionHandler
  let largeMessages: any LargeMessages
  private let group: any EventLoopGroup
  let logger: Logger
  private let inherited: [ListenerSettings.Endpoint: CInt]
  let table: ConnectionTable
  let arriving: ArrivingMessages
  private let entrance = AcceptBacklog()
  let memory = MemoryBudget()
  let state: Mutex<State>
  let sessions = Atomic<UInt64>(0)

  /// The terms for new connections.
  package struct Terms: Sendable {
    package var settings: ListenerSettings
    /// The certificate and key; without them there is neither STARTTLS nor an endpoint with implicit TLS.
    package var identity: TLSIdentity?
    /// The check of logins; without it there is no AUTH.
    package var authenticator: Authenticator?

    package init(settings: ListenerSettings, identity: TLSIdentity? = nil, authenticator: Authenticator? = nil) {
      self.settings = settings
      self.identity = identity
      self.authenticator = authenticator
    }
  }

  /// An endpoint that is bound.
  struct Door {
    var endpoint: ListenerSettings.Endpoint
    /// The listening channels: one, or one for each event loop.
    let channels: [any Channel]
    /// The file of a Unix socket that we bound ourselves, or nil.
    var file: SocketFile?

    static func === (one: Door, other: Door) -> Bool { one.channels.first === other.channels.first }

    /// The endpoint with the port that the kernel chose.
    var bound: ListenerSettings.Endpoint {
      guard case .address(let host, let port, let isImplicitTLS) = endpoint else { return endpoint }
      return .address(host: host, port: channels.first?.localAddress?.port ?? port, isImplicitTLS: isImplicitTLS)
    }
  }

  struct State {
    var terms: Terms
    var doors: [Door] = []

    mutating func take(_ terms: Terms) {
      self.terms = terms
      for index in doors.indices {
        let place = doors[index].endpoint.place
        if let endpoint = terms.settings.endpoints.first(where: { $0.place == place }) {
          doors[index].endpoint = endpoint
        }
      }
    }
  }

  /// - Parameters:
  ///   - largeMessages: stores messages that are too large for memory.
  ///   - arriving: counts the arriving messages of our clients.
  ///   - pacing: paces the replies of `handler`, if `handler` uses it.
  ///   - group: carries the connections; the caller shuts it down, after the listener.
  ///   - inherited: sockets opened by another process, by the endpoint with their address. They stay open when we stop
  ///     listening, so clients that connect in the meantime wait for the next listener.
  package init(
    settings: ListenerSettings, identity: TLSIdentity? = nil, authenticator: Authenticator? = nil,
    handler: any TransactionHandler, largeMessages: any LargeMessages = MemoryMessages(),
    arriving: ArrivingMessages = ArrivingMessages(), pacing: ReplyPacing = ReplyPacing(), group: any EventLoopGroup,
    inherited: [ListenerSettings.Endpoint: CInt] = [:], logger: Logger
  ) {
    table = ConnectionTable(pacing)
    self.arriving = arriving
    self.inherited = Dictionary(inherited.map { ($0.key.place, $0.value) }) { $1 }
    let terms = Terms(settings: settings, identity: identity, authenticator: authenticator)
    state = Mutex(State(terms: terms))
    self.handler = handler
    self.largeMessages = largeMessages
    self.group = group
    self.logger = logger
  }

  /// The numbers of connections, now and since the start.
  package var counts: ConnectionCounts { table.counts }

  /// The bound endpoints in the order of the settings, with the ports that the kernel chose.
  package var endpoints: [ListenerSettings.Endpoint] {
    state.withLock { state in
      state.terms.settings.endpoints.compactMap { endpoint in
        state.doors.first { $0.endpoint.place == endpoint.place }?.bound
      }
    }
  }

  /// Binds all endpoints or none.
  ///
  /// - Returns: the bound endpoints.
  @discardableResult
  package func start() async throws(ListenerFailure) -> [ListenerSettings.Endpoint] {
    try await adopt(state.withLock { $0.terms })
    return endpoints
  }

  /// Adopts new terms for future connections; open ones keep theirs, even if their endpoint is no longer listened on.
  /// If a new endpoint cannot be bound, everything stays as it was. Must not be called concurrently.
  package func adopt(_ terms: Terms) async throws(ListenerFailure) {
    let wanted = terms.settings.endpoints
    // A plain-text greeting where TLS was asked for would be worse than not listening.
    if terms.identity == nil, let endpoint = wanted.first(where: \.isImplicitTLS) {
      throw ListenerFailure(withoutCertificate: endpoint)
    }
    let doors = state.withLock { $0.doors }
    let added = wanted.filter { endpoint in !doors.contains { $0.endpoint.place == endpoint.place } }
    let removed = doors.filter { door in !wanted.contains { $0.place == door.endpoint.place } }
    let inTheWay = removed.filter { door in added.contains { $0.contends(with: door.endpoint) } }
    await close(inTheWay)
    do throws(ListenerFailure) {
      for endpoint in added { try await bind(endpoint) }
      for endpoint in wanted { try setMode(of: endpoint) }
    } catch {
      await close(state.withLock { $0.doors }.filter { door in added.contains { $0.place == door.endpoint.place } })
      await reopen(inTheWay)
      throw error
    }
    state.withLock { $0.take(terms) }
    await close(removed.filter { door in !inTheWay.contains { $0 === door } })
    for door in state.withLock({ $0.doors }) where !doors.contains(where: { $0 === door }) {
      logger.event(.info, .listening, [.endpoint: door.bound.description])
    }
  }

  /// Binds again what was closed for a new endpoint that could not be bound.
  private func reopen(_ doors: [Door]) async {
    for door in doors {
      do throws(ListenerFailure) { try await bind(door.endpoint) } catch {
        logger.event(.error, .notReopened, [.endpoint: door.endpoint.description, .error: error.description])
      }
    }
  }

  private func bind(_ endpoint: ListenerSettings.Endpoint) async throws(ListenerFailure) {
    do {
      if let descriptor = inherited[endpoint.place] {
        let copy = dup(descriptor)
        guard copy >= 0 else { throw IOError(errnoCode: errno, reason: "dup") }
        return add([try await bootstrap(endpoint, on: group).withBoundSocket(copy).get()], endpoint)
      }
      switch endpoint {
      case .address(let host, let port, _):
        let channel = try await bootstrap(endpoint, on: group.next()).bind(host: host, port: port).get()
        add([channel] + (await siblings(of: channel, endpoint)), endpoint)
      case .socket(let path, let mode):
        try SocketFile.clear(path)
        let descriptor = try SocketFile.listen(at: path, mode: mode, backlog: Self.backlog)
        let file = SocketFile(ownedAt: path)
        do {
          add([try await bootstrap(endpoint, on: group).withBoundSocket(descriptor).get()], endpoint, file)
        } catch {
          file.remove()
          throw error
        }
      }
    } catch {
      throw ListenerFailure(endpoint, error)
    }
  }

  /// Listens at the same address on each other event loop (SO_REUSEPORT, socket(7)): the loop that accepts a connection
  /// keeps it, which saves three hops between threads. The first socket was bound without sharing, so that an address
  /// in use is detected.
  private func siblings(of first: any Channel, _ endpoint: ListenerSettings.Endpoint) async -> [any Channel] {
    guard let address = first.localAddress else { return [] }
    var siblings: [any Channel] = []
    do {
      let share = ChannelOptions.Types.SocketOption.socketOption(.init(rawValue: SO_REUSEPORT))
      try await first.setOption(share, value: 1).get()
      for loop in group.makeIterator() where loop !== first.eventLoop {
        let bootstrap = bootstrap(endpoint, on: loop).serverChannelOption(share, value: 1)
        siblings.append(try await bootstrap.bind(to: address).get())
      }
    } catch {
      // The channels that exist accept all connections.
      logger.event(.debug, .notShared, [.endpoint: endpoint.description, .error: "\(error)"])
    }
    return siblings
  }

  /// Sets the mode of a socket that is kept and whose mode may have changed.
  private func setMode(of endpoint: ListenerSettings.Endpoint) throws(ListenerFailure) {
    guard case .socket(let path, let mode) = endpoint, inherited[endpoint.place] == nil else { return }
    do throws(SocketFile.Obstacle) { try SocketFile.set(mode, of: path) } catch {
      throw ListenerFailure(endpoint, error)
    }
  }

  private func add(_ channels: [any Channel], _ endpoint: ListenerSettings.Endpoint, _ file: SocketFile? = nil) {
    state.withLock { $0.doors.append(Door(endpoint: endpoint, channels: channels, file: file)) }
  }

  private func close(_ doors: [Door]) async {
    if doors.isEmpty { return }
    state.withLock { state in
      state.doors.removeAll { door in doors.contains { $0 === door } }
    }
    let channels = doors.flatMap(\.channels)
    for channel in channels { try? await channel.triggerUserOutboundEvent(AcceptPause.Close()).get() }
    await entrance.cleared(within: .seconds(5))
    for channel in channels { try? await channel.close() }
    for door in doors { door.file?.remove() }
  }

  /// Stops accepting, lets messages in flight and first messages arrive and get their reply, and replies 421 to every
  /// other client.
  ///
  /// - Parameters:
  ///   - limit: the time after which every remaining client is cut off.
  ///   - silence: the time without octets in the middle of a message after which a client is cut off earlier.
  ///   - idleness: the same between messages.
  package func shutdown(
    within limit: Duration, silence: Duration = .seconds(5), idleness: Duration = .seconds(1)
  ) async {
    await close(state.withLock { $0.doors })
    let channels = table.shutDown()
    for channel in channels {
      channel.triggerUserOutboundEvent(SessionHandler.DrainRequest(), promise: nil)
      channel.triggerUserOutboundEvent(DrainWatch.Watch(silence: silence, idleness: idleness), promise: nil)
    }
    let loop = group.any()
    let closed = EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
    let patience = loop.scheduleTask(in: TimeAmount(limit)) { for channel in channels { channel.close(promise: nil) } }
    try? await closed.get()
    patience.cancel()
    logger.event(.info, .stopped, [.connections: "\(channels.count)"])
  }

  /// Returns a bootstrap that listens on an endpoint.
  ///
  /// - Parameter group: carries the endpoint and its connections.
  private func bootstrap(
    _ endpoint: ListenerSettings.Endpoint, on group: any EventLoopGroup
  ) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: Self.backlog)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pause = AcceptPause { error in
            self.logger.event(.warning, .acceptPaused, [.endpoint: endpoint.description, .error: "\(error)"])
          }
          try channel.pipeline.syncOperations.addHandlers(pause, self.entrance.doorkeeper)
        }
      }
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.syncOptions?.setOption(.recvAllocator, value: SessionHandler.commandBuffer)
          // A client may close its sending side and still wait for our reply.
          try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: true)
          try self.welcome(channel, at: endpoint)
        }
      }
  }
}

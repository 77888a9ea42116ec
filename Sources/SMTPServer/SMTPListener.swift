package import Logging
package import MailMessage
package import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import Synchronization

/// Listens for SMTP and hands complete transactions to a `TransactionHandler`.
///
/// Promises: one `SessionHandler` a connection, on one event loop; every complete transaction is handed over exactly
/// once and nothing short of CRLF.CRLF ever is (R2). Limits: the numbers of connections in `ListenerSettings`, and
/// `SessionLimits` for each of them. Errors: `ListenerFailure` at the start, none afterwards.
package final class SMTPListener: Sendable {
  private let settings: Mutex<ListenerSettings>
  private let handler: any TransactionHandler
  private let largeMessages: any LargeMessages
  private let group: any EventLoopGroup
  private let logger: Logger
  private let identity: TLSIdentity?
  private let authenticator: Authenticator?
  private let table = ConnectionTable()
  private let servers = Mutex<[any Channel]>([])
  private let sessions = Atomic<UInt64>(0)

  /// - Parameters:
  ///   - identity: the certificate; without it there is neither STARTTLS nor an endpoint with implicit TLS.
  ///   - authenticator: who may log in; without it there is no AUTH.
  ///   - largeMessages: where messages grow that are too large for memory.
  ///   - group: carries the connections; the caller shuts it down, after the listener.
  package init(
    settings: ListenerSettings, identity: TLSIdentity? = nil, authenticator: Authenticator? = nil,
    handler: any TransactionHandler, largeMessages: any LargeMessages = MemoryMessages(), group: any EventLoopGroup,
    logger: Logger
  ) {
    self.identity = identity
    self.authenticator = authenticator
    self.settings = Mutex(settings)
    self.handler = handler
    self.largeMessages = largeMessages
    self.group = group
    self.logger = logger
  }

  /// Connections now and since the start.
  package var counts: ConnectionCounts { table.counts }

  /// Binds all endpoints or none.
  ///
  /// - Returns: what is bound, in the order of the settings, with the ports that the kernel chose.
  package func start() async throws(ListenerFailure) -> [ListenerSettings.Endpoint] {
    var bound: [ListenerSettings.Endpoint] = []
    for endpoint in settings.withLock({ $0.endpoints }) {
      do throws(ListenerFailure) {
        bound.append(try await bind(endpoint))
      } catch {
        await stopListening()
        throw error
      }
    }
    for endpoint in bound { logger.event(.info, .listening, [.endpoint: endpoint.description]) }
    return bound
  }

  private func bind(_ endpoint: ListenerSettings.Endpoint) async throws(ListenerFailure) -> ListenerSettings.Endpoint {
    // Greeting in plain text where TLS was asked for would be worse than not to listen.
    if endpoint.isImplicitTLS, identity == nil { throw ListenerFailure(withoutCertificate: endpoint) }
    do {
      switch endpoint {
      case .address(let host, let port, let isImplicitTLS):
        let server = try await bootstrap(endpoint).bind(host: host, port: port).get()
        servers.withLock { $0.append(server) }
        return .init(host: host, port: server.localAddress?.port ?? port, isImplicitTLS: isImplicitTLS)
      case .socket(let path, let mode):
        try await SocketFile.clear(path, group: group)
        let server = try await bootstrap(endpoint).bind(unixDomainSocketPath: path).get()
        servers.withLock { $0.append(server) }
        try SocketFile.set(mode, of: path)
        return endpoint
      }
    } catch {
      throw ListenerFailure(endpoint, error)
    }
  }

  /// Takes new settings for the connections to come; the open ones keep theirs. The endpoints stay as they are.
  package func adopt(_ settings: ListenerSettings) { self.settings.withLock { $0 = settings } }

  /// Stops accepting, lets messages in flight arrive and be answered, says 421 to everybody else.
  ///
  /// - Parameter limit: after this time whoever is still here is cut off.
  package func shutdown(within limit: Duration) async {
    await stopListening()
    let channels = table.shutDown()
    for channel in channels { channel.triggerUserOutboundEvent(SessionHandler.DrainRequest(), promise: nil) }
    let loop = group.any()
    let closed = EventLoopFuture.andAllComplete(channels.map(\.closeFuture), on: loop)
    let patience = loop.scheduleTask(in: TimeAmount(limit)) { for channel in channels { channel.close(promise: nil) } }
    try? await closed.get()
    patience.cancel()
    logger.event(.info, .stopped, [.connections: "\(channels.count)"])
  }

  private func stopListening() async {
    let channels = servers.withLock { servers in
      defer { servers = [] }
      return servers
    }
    for channel in channels { try? await channel.close() }
  }

  private func bootstrap(_ endpoint: ListenerSettings.Endpoint) -> ServerBootstrap {
    ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 1024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      // Out of file descriptors, accept fails at once and again: without this the loop would spin.
      .serverChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(AcceptBackoffHandler())
        }
      }
      // A client may close its sending side and still wait for our answer.
      .childChannelOption(.allowRemoteHalfClosure, value: true)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture { try self.welcome(channel, at: endpoint) }
      }
  }

  private func welcome(_ channel: any Channel, at endpoint: ListenerSettings.Endpoint) throws {
    let settings = settings.withLock { $0 }
    let peer = Peer(of: channel, at: endpoint)
    let admission = table.admit(channel, settings)
    guard admission == .admitted else { return try refuse(channel, from: peer, admission) }
    // By the future and not by a handler, so that a connection that dies before it is active is counted out as well.
    channel.closeFuture.whenComplete { _ in self.table.remove(channel) }
    guard case .direct(let address) = peer, settings.proxies.contains(where: { $0.contains(address) }) else {
      return try begin(channel, from: peer, at: endpoint, settings)
    }
    let proxy = ProxyHandler(proxy: peer, patience: settings.limits.handshake, logger: logger) { source in
      var client = peer
      if case .client(let source) = source { client = .proxied(source, by: address) }
      self.logger.event(.debug, .proxied, [.client: client.name, .proxy: peer.name])
      try self.begin(channel, from: client, at: endpoint, settings)
    }
    try channel.pipeline.syncOperations.addHandler(proxy)
  }

  /// The client is known: the session may begin.
  private func begin(
    _ channel: any Channel, from peer: Peer, at endpoint: ListenerSettings.Endpoint, _ settings: ListenerSettings
  ) throws {
    let admission = table.assign(channel, to: peer, settings)
    guard admission == .admitted else { return try refuse(channel, from: peer, admission) }
    let number = sessions.wrappingAdd(1, ordering: .relaxed).newValue
    let session = SessionHandler(
      client: peer.name, name: "s" + String(number, radix: 36), settings: settings,
      policy: policy(for: peer, at: endpoint, settings), identity: identity, authenticator: authenticator,
      table: table, transactions: handler, largeMessages: largeMessages, logger: logger)
    if endpoint.isImplicitTLS, let identity {
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: identity.context))
    }
    try channel.pipeline.syncOperations.addHandler(session)
  }

  private func refuse(_ channel: any Channel, from peer: Peer, _ admission: ConnectionTable.Admission) throws {
    logger.event(.info, .refused, [.client: peer.name, .reason: "\(admission)"])
    try channel.pipeline.syncOperations.addHandler(RefusalHandler(admission))
  }

  private func policy(
    for peer: Peer, at endpoint: ListenerSettings.Endpoint, _ settings: ListenerSettings
  ) -> SessionPolicy {
    var policy = SessionPolicy()
    policy.security = endpoint.isImplicitTLS ? .implicitTLS : .plain
    policy.offersStartTLS = identity != nil
    policy.maySend = peer.maySend(settings.networks)
    if authenticator != nil {
      let isPrivate = peer == .socket || peer.isLocal && settings.allowsPlaintextAuthOnLoopback
      policy.authentication = isPrivate ? .always : .insideTLS
    }
    return policy
  }
}

/// Says 421 in place of the banner (RFC 5321 section 3.8) and closes.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let reply: Reply

  init(_ admission: ConnectionTable.Admission) {
    reply = admission == .shuttingDown ? .shuttingDown : .tooManyConnections
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.encoded)), promise: nil)
    context.close(promise: nil)
  }
}

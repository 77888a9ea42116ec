import EventLog
import Logging
import NIOCore
import NIOSSL
import SMTPProtocol
import Synchronization

/// The path of an accepted connection to its session.
extension SMTPListener {
  /// Leads an accepted connection to its session, to its wait for a place or to its refusal.
  ///
  /// - Parameter bound: the endpoint as it was bound. Its choice of implicit TLS may have changed since.
  func welcome(_ channel: any Channel, at bound: ListenerSettings.Endpoint) throws {
    let terms = state.withLock { $0.terms }
    let settings = terms.settings
    let endpoint = settings.endpoints.first { $0.place == bound.place } ?? bound
    let peer = Peer(of: channel, at: endpoint)
    guard let address = peer.asProxy(settings.proxies) else {
      return try enter(channel, from: peer, at: endpoint, terms)
    }
    let admission = table.admit(channel, isProxied: true, settings)
    guard admission == .admitted else { return try refuse(channel, from: peer, admission) }
    noteEnd(of: channel)
    let patience = min(settings.limits.handshake, settings.limits.idleBeforeLogin)
    let handler = ProxyHandler(proxy: peer, patience: patience, logger: logger) { source in
      var client = peer
      if case .client(let source) = source { client = .proxied(source, by: address) }
      self.logger.event(.debug, .proxied, [.client: client.name, .proxy: peer.name])
      let admission = self.assign(channel, to: client, terms)
      guard admission == .admitted else { return try self.refuse(channel, from: client, admission) }
      try self.begin(channel, from: client, at: endpoint, terms)
    }
    try channel.pipeline.syncOperations.addHandler(handler)
  }

  /// Begins the session of a known client. A client that may send waits if there is no place: a client without a queue,
  /// such as Django, loses its mail to a 421.
  private func enter(
    _ channel: any Channel, from peer: Peer, at endpoint: ListenerSettings.Endpoint, _ terms: Terms
  ) throws {
    let settings = terms.settings
    let admission = admit(channel, from: peer, terms, isCalled: false)
    if admission == .admitted { return try begin(channel, from: peer, at: endpoint, terms) }
    guard peer.maySend(settings.networks), let line = line(after: admission, of: peer, settings) else {
      return try refuse(channel, from: peer, admission)
    }
    let handler = WaitingHandler(
      table: table, line: line, isLocal: peer.isLocal, settings: settings,
      enter: {
        let admission = self.admit(channel, from: peer, terms, isCalled: true)
        if admission == .admitted {
          try self.begin(channel, from: peer, at: endpoint, terms)
          return .begun
        }
        return self.line(after: admission, of: peer, settings).map { .waits($0) } ?? .refused(admission)
      },
      refuse: { self.refusal(of: peer, $0) })
    try channel.pipeline.syncOperations.addHandler(handler)
    handler.wait(channel)
  }

  /// Gives a known client its place, and takes the place back if the client has too many.
  private func admit(
    _ channel: any Channel, from peer: Peer, _ terms: Terms, isCalled: Bool
  ) -> ConnectionTable.Admission {
    let admission = table.admit(channel, isProxied: false, isCalled: isCalled, terms.settings)
    guard admission == .admitted else { return admission }
    noteEnd(of: channel)
    return assign(channel, to: peer, terms, isCalled: isCalled)
  }

  private func assign(
    _ channel: any Channel, to peer: Peer, _ terms: Terms, isCalled: Bool = false
  ) -> ConnectionTable.Admission {
    let isStranger = !peer.maySend(terms.settings.networks)
    return table.assign(
      channel, to: peer.countedAs(isStranger: isStranger), isLocal: peer.isLocal, isStranger: isStranger,
      isCalled: isCalled, terms.settings)
  }

  /// Frees the place at the end. It relies on the close future rather than a handler, so that a connection that dies
  /// before it is active is counted out as well.
  private func noteEnd(of channel: any Channel) {
    channel.closeFuture.whenComplete { _ in self.table.remove(channel) }
  }

  /// Returns the line in which a client that was not admitted waits, or nil if it may not wait.
  private func line(
    after admission: ConnectionTable.Admission, of peer: Peer, _ settings: ListenerSettings
  ) -> ConnectionTable.Line? {
    switch admission {
    case .tooMany: .all
    case .tooManyOfClient: .client(peer.countedAs(isStranger: false))
    case .admitted, .tooManyBeforeLogin, .shuttingDown: nil
    }
  }

  private func begin(
    _ channel: any Channel, from peer: Peer, at endpoint: ListenerSettings.Endpoint, _ terms: Terms
  ) throws {
    let settings = terms.settings
    let counted = peer.countedAs(isStranger: !peer.maySend(settings.networks))
    let number = sessions.wrappingAdd(1, ordering: .relaxed).newValue
    let drainWatch = DrainWatch(handler)
    let session = SessionHandler(
      client: peer.name, counted: counted, greetingDelay: settings.greetingDelay(for: peer),
      name: "s" + String(number, radix: 36), settings: settings, policy: policy(for: peer, at: endpoint, terms),
      identity: terms.identity, authenticator: terms.authenticator, table: table, memory: memory,
      drainWatch: drainWatch,
      arriving: arriving, largeMessages: largeMessages, logger: logger)
    if endpoint.isImplicitTLS {
      // An endpoint about to be closed may still get a connection after the certificate is gone.
      guard let identity = terms.identity else { throw ChannelError.inappropriateOperationForState }
      try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: identity.context))
    }
    try channel.pipeline.syncOperations.addHandler(session)
  }

  private func refuse(_ channel: any Channel, from peer: Peer, _ admission: ConnectionTable.Admission) throws {
    try channel.pipeline.syncOperations.addHandler(RefusalHandler(refusal(of: peer, admission)))
  }

  private func refusal(of peer: Peer, _ admission: ConnectionTable.Admission) -> Reply {
    logger.event(.info, .refused, [.client: peer.name, .reason: "\(admission)"])
    if admission == .shuttingDown { return .shuttingDown }
    table.count { $0.refused += 1 }
    return .tooManyConnections
  }

  private func policy(
    for peer: Peer, at endpoint: ListenerSettings.Endpoint, _ terms: Terms
  ) -> SessionPolicy {
    var policy = SessionPolicy()
    policy.security = endpoint.isImplicitTLS ? .implicitTLS : .plain
    policy.offersStartTLS = terms.identity != nil
    policy.maySend = peer.maySend(terms.settings.networks)
    policy.mends = terms.settings.mendsMessages
    if terms.authenticator != nil {
      let isPrivate = peer == .socket || peer.isLocal && terms.settings.allowsPlaintextAuthOnLoopback
      policy.authentication = isPrivate ? .always : .insideTLS
    }
    return policy
  }
}

/// Replies 421 in place of the banner (RFC 5321 section 3.8) and closes.
private final class RefusalHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let reply: Reply

  init(_ reply: Reply) { self.reply = reply }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.encoded)), promise: nil)
    context.close(promise: nil)
  }
}

import DedupCore
import MailMessage
import NIOCore
import NIOPosix
import SMTPProtocol
import Synchronization

/// A connection to a smarthost: greeted, encrypted and logged in as configured, carrying one mail at a time.
final class SmarthostConnection: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<SmarthostHandler>
  /// The extensions that the server announced.
  let capabilities: ServerCapabilities

  private init(
    _ channel: any Channel, _ handler: NIOLoopBound<SmarthostHandler>, _ capabilities: ServerCapabilities
  ) {
    self.channel = channel
    self.handler = handler
    self.capabilities = capabilities
  }

  /// True if the server has not closed the connection, as far as we know.
  var isOpen: Bool { channel.isActive }

  /// True if all traffic goes through TLS.
  var isEncrypted: Bool {
    get async { (try? await channel.eventLoop.submit { self.handler.value.isEncrypted }.get()) ?? false }
  }

  /// The reply that refused STARTTLS, after which the connection went on in the clear; nil if none did.
  var refusalOfTLS: Reply? {
    get async { try? await channel.eventLoop.submit { self.handler.value.refusalOfTLS }.get() }
  }

  /// Connects and does everything that precedes the first mail. A caller on a loop of `group` stays on it.
  static func open(
    to link: SmarthostLink, credentials: ClientCredentials?, _ settings: SMTPTransportSettings, _ tls: TLSClient,
    on group: any EventLoopGroup
  ) async throws(Trouble) -> SmarthostConnection {
    let handlers = Handlers()
    let bootstrap = ClientBootstrap(group: group.any())
      .connectTimeout(TimeAmount(settings.timeouts.connect))
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let handler = SmarthostHandler(
            link, credentials: credentials, settings: settings, tls: tls, loop: channel.eventLoop)
          if link.tls == .implicit {
            try channel.pipeline.syncOperations.addHandler(tls.handler(for: link.smarthost, link.tls))
          }
          try channel.pipeline.syncOperations.addHandler(handler)
          try handlers.add(NIOLoopBound(handler, eventLoop: channel.eventLoop), of: channel)
        }
      }
    return try await handlers.unlessCancelled { () async throws(Trouble) in
      let channel: any Channel
      do {
        channel = try await bootstrap.connect(host: link.smarthost.host, port: link.smarthost.port).get()
      } catch {
        throw .unreachable(describe(error, link.smarthost))
      }
      guard let handler = handlers.handler(of: channel) else { throw .lost(at: .greeting) }
      return try await greeted(channel, handler)
    }
  }

  private static func greeted(
    _ channel: any Channel, _ handler: NIOLoopBound<SmarthostHandler>
  ) async throws(Trouble) -> SmarthostConnection {
    let (trouble, capabilities): (Trouble?, ServerCapabilities)
    do {
      (trouble, capabilities) = try await channel.eventLoop.flatSubmit {
        handler.value.readiness.map { ($0, handler.value.capabilities) }
      }.get()
    } catch {
      throw .lost(at: .greeting)
    }
    if let trouble { throw trouble }
    return SmarthostConnection(channel, handler, capabilities)
  }

  /// Sends one mail. The next one may only be sent after this one is done.
  func deliver(_ job: ClientSession.Job, message: Message) async -> ClientSession.Delivery {
    let promise = channel.eventLoop.makePromise(of: ClientSession.Delivery.self)
    channel.eventLoop.execute { self.handler.value.deliver(job, message: message, promise: promise) }
    do {
      return try await withTaskCancellationHandler {
        try await promise.futureResult.get()
      } onCancel: {
        cut()
      }
    } catch {
      return .unknown(job)
    }
  }

  /// Waits until the connection is closed.
  func closed() async { _ = try? await channel.closeFuture.get() }

  /// Sends QUIT. The connection closes when the server has answered, or soon after.
  func quit() { channel.eventLoop.execute { self.handler.value.quit() } }

  /// Closes the connection at once. A mail in progress ends as deferred.
  func cut() { channel.eventLoop.execute { self.handler.value.cut() } }
}

/// The handlers of the connections that one name with several addresses may need. They are kept here instead of being
/// looked up in the pipeline: a connection that has been closed has no handler there any more, and its handler knows
/// why it was closed.
private final class Handlers: Sendable {
  private struct State {
    var handlers: [ObjectIdentifier: NIOLoopBound<SmarthostHandler>] = [:]
    var channels: [any Channel] = []
    var isCancelled = false
  }

  private let state = Mutex(State())

  func add(_ handler: NIOLoopBound<SmarthostHandler>, of channel: any Channel) throws {
    try state.withLock { state in
      if state.isCancelled { throw ChannelError.ioOnClosedChannel }
      state.handlers[ObjectIdentifier(channel)] = handler
      state.channels.append(channel)
    }
  }

  func handler(of channel: any Channel) -> NIOLoopBound<SmarthostHandler>? {
    state.withLock { $0.handlers[ObjectIdentifier(channel)] }
  }

  /// Runs `body`, and closes all connections if the task is cancelled, which ends whatever `body` waits for.
  func unlessCancelled<Value: Sendable>(
    _ body: () async throws(Trouble) -> Value
  ) async throws(Trouble) -> Value {
    let result = await withTaskCancellationHandler {
      do throws(Trouble) { return Result<Value, Trouble>.success(try await body()) } catch { return .failure(error) }
    } onCancel: {
      let channels = state.withLock { state in
        state.isCancelled = true
        return state.channels
      }
      for channel in channels { channel.close(promise: nil) }
    }
    return try result.get()
  }
}

package import DedupCore
import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// A connection to an engine, or to a Sentinel, that may be asked.
final class EngineConnection: Sendable {
  private let channel: any Channel
  private let handler: NIOLoopBound<EngineHandler>
  let facts: EngineFacts
  let place: EngineAddress.Place

  private init(
    _ channel: any Channel, _ handler: NIOLoopBound<EngineHandler>, _ facts: EngineFacts, _ place: EngineAddress.Place
  ) {
    (self.channel, self.handler, self.facts, self.place) = (channel, handler, facts, place)
  }

  private static let patience = Duration.seconds(5)

  /// Connects, encrypts, logs in and loads the scripts.
  ///
  /// - Parameter place: A host or a socket.
  static func open(
    to place: EngineAddress.Place, _ session: EngineSession, tls: EngineTLS?, on group: any EventLoopGroup
  ) async throws(EngineFailure) -> EngineConnection {
    let loop = group.any()
    let made = Handlers()
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(TimeAmount(patience)).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        if let tls, case .host(let host, _) = place {
          try channel.pipeline.syncOperations.addHandler(tls.handler(for: host))
        }
        let handler = EngineHandler(session, loop: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandler(handler)
        made.add(NIOLoopBound(handler, eventLoop: channel.eventLoop), of: channel)
      }
    }
    let channel: any Channel
    do {
      switch place {
      case .host(let host, let port): channel = try await bootstrap.connect(host: host, port: port).get()
      case .socket(let path): channel = try await bootstrap.connect(unixDomainSocketPath: path).get()
      case .sentinels: throw EngineFailure.notConnected
      }
    } catch {
      throw .unreachable("no connection to \(place): \(Self.words(error))")
    }
    guard let handler = made.handler(of: channel) else { throw .lost }
    return try await ready(channel, handler, place)
  }

  private static func ready(
    _ channel: any Channel, _ handler: NIOLoopBound<EngineHandler>, _ place: EngineAddress.Place
  ) async throws(EngineFailure) -> EngineConnection {
    let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { channel.close(promise: nil) }
    defer { alarm.cancel() }
    let answer: Result<EngineFacts, EngineFailure>
    do {
      answer = try await channel.eventLoop.flatSubmit { handler.value.readiness }.get()
    } catch {
      throw .lost
    }
    do throws(EngineFailure) {
      return EngineConnection(channel, handler, try answer.get(), place)
    } catch {
      try? await channel.close()
      throw error
    }
  }

  private static func words(_ error: any Error) -> String {
    if let error = error as? NIOConnectionError {
      return error.connectionErrors.first.map { words($0.error) } ?? "the name has no address"
    }
    if let error = error as? IOError { return String(cString: strerror(error.errnoCode)) }
    if case .connectTimeout = error as? ChannelError { return "it does not answer" }
    return "\(error)"
  }

  var isOpen: Bool { channel.isActive }

  func run(
    _ script: FleetScript, keys: [String], _ arguments: [String], patience: Duration
  ) async -> Result<RESPValue, EngineFailure> {
    await answer { $0.run(script, keys: keys, arguments, patience: patience, promise: $1) }
  }

  func command(_ words: [String], patience: Duration) async -> Result<RESPValue, EngineFailure> {
    await answer { $0.command(words, patience: patience, promise: $1) }
  }

  private func answer(
    _ ask: @escaping @Sendable (EngineHandler, EventLoopPromise<EngineHandler.Answer>) -> Void
  ) async -> Result<RESPValue, EngineFailure> {
    let promise = channel.eventLoop.makePromise(of: EngineHandler.Answer.self)
    channel.eventLoop.execute { ask(self.handler.value, promise) }
    do { return try await promise.futureResult.get() } catch { return .failure(.lost) }
  }

  /// Waits until the connection is closed.
  func closed() async { _ = try? await channel.closeFuture.get() }

  /// Closes it at once.
  func cut() { channel.eventLoop.execute { self.handler.value.cut() } }
}

extension EngineAddress.Place: CustomStringConvertible {
  package var description: String {
    switch self {
    case .host(let host, let port): "\(EngineAddress.Node(host: host, port: port))"
    case .socket(let path): path
    case .sentinels(_, let primary): "the primary \(primary)"
    }
  }
}

/// The handlers of the connections that one name with several addresses may need.
private final class Handlers: Sendable {
  private let handlers = Mutex<[ObjectIdentifier: NIOLoopBound<EngineHandler>]>([:])

  func add(_ handler: NIOLoopBound<EngineHandler>, of channel: any Channel) {
    handlers.withLock { $0[ObjectIdentifier(channel)] = handler }
  }

  func handler(of channel: any Channel) -> NIOLoopBound<EngineHandler>? {
    handlers.withLock { $0[ObjectIdentifier(channel)] }
  }
}

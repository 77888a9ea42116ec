import EventLog
import Foundation
import Hummingbird
import HummingbirdCore
import Listening
package import Logging
package import NIOCore
import Synchronization

/// The server of the control API over HTTP: on a Unix socket that only its owner and group may open, and on a TCP port
/// for clients that show a token.
package struct ControlServer: Sendable {
  /// A TCP port on this machine.
  package struct TCPListener: Sendable {
    package var host: String
    package var port: Int
    /// The token that clients have to show (RFC 6750 section 2.1).
    package var token: String
    /// The time for which a connection may be open without the token having been shown.
    package var patience: Duration

    package init(host: String, port: Int, token: String, patience: Duration = .seconds(10)) {
      self.host = host
      self.port = port
      self.token = token
      self.patience = patience
    }
  }

  private let service: any ControlService
  private let socket: String
  private let socketGroup: UInt32?
  private let tcp: TCPListener?
  private let group: any EventLoopGroup
  private let logger: Logger
  private let onReady: @Sendable () -> Void

  /// Makes a server. `run` starts it.
  ///
  /// - Parameters:
  ///   - socket: the path of the socket. `prepare` clears it.
  ///   - socketGroup: the group whose members may open the socket, or nil for the group of the process.
  ///   - onReady: called once the socket answers.
  package init(
    service: any ControlService, socket: String, socketGroup: UInt32? = nil, tcp: TCPListener? = nil,
    group: any EventLoopGroup, logger: Logger, onReady: @escaping @Sendable () -> Void = {}
  ) {
    self.service = service
    self.socket = socket
    self.socketGroup = socketGroup
    self.tcp = tcp
    self.group = group
    self.logger = logger
    self.onReady = onReady
  }

  /// Runs until the task is cancelled or a graceful shutdown is requested.
  package func run() async throws {
    try Self.prepare(socket)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await runSocket() }
      if let tcp { group.addTask { await serve(tcp) } }
      try await group.waitForAll()
    }
  }

  /// Serves the Unix socket. The server binds to a name of its own, because it would remove any socket that exists at
  /// ours, at its end as well. Once it listens, the socket is renamed to our name, unless something exists there.
  private func runSocket() async throws {
    let ownName = "\(SocketFile.folder(of: socket))/.ctl\(getpid())"
    let outcome = Mutex<Result<SocketFile, SocketFile.Obstacle>?>(nil)
    let application = Application(
      router: Self.router(service), server: .forgiving(),
      configuration: .init(address: .unixDomainSocket(path: ownName)),
      onServerRunning: { [socket, socketGroup, onReady] channel in
        if let socketGroup { chown(ownName, uid_t.max, socketGroup) }
        chmod(ownName, 0o660)
        do throws(SocketFile.Obstacle) {
          try SocketFile.rename(ownName, to: socket)
          outcome.withLock { $0 = .success(SocketFile(ownedAt: socket)) }
        } catch {
          outcome.withLock { $0 = .failure(error) }
          return channel.close(promise: nil)
        }
        await restAfterFailures(channel)
        onReady()
      },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    defer { if case .success(let file) = outcome.withLock({ $0 }) { file.remove() } }
    try await application.run()
    if case .failure(let obstacle) = outcome.withLock({ $0 }) { throw obstacle }
  }

  /// Serves the TCP port. A failure there is logged and ends nothing else: mail and the socket do not depend on it.
  private func serve(_ tcp: TCPListener) async {
    do { try await run(tcp) } catch {
      let code = (error as? IOError)?.errnoCode
      logger.event(
        .error, .controlPortClosed,
        [
          .address: "\(tcp.host):\(tcp.port)",
          .error:
            "\(code.map { String(cString: strerror($0)) } ?? "it cannot be listened on"); mend that, then restart",
        ])
    }
  }

  private func run(_ tcp: TCPListener) async throws {
    let application = Application(
      router: Self.router(service, token: tcp.token),
      server: .forgiving(.init(additionalChannelHandlers: [LoginDeadline(TimeAmount(tcp.patience))])),
      configuration: .init(
        address: .hostname(tcp.host, port: tcp.port),
        availableConnectionsDelegate: .maximum(LoginDeadline.mostConnections, logger: quiet)),
      onServerRunning: { channel in await restAfterFailures(channel) },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    try await application.run()
  }

  /// Makes a listener pause after a failed accept, so that it does not spin while no descriptors are free.
  private func restAfterFailures(_ channel: any Channel) async {
    try? await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.addHandler(AcceptPause(), position: .first)
    }.get()
  }

  private var quiet: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }

  /// Makes the folder of a socket, and removes a socket there that a killed daemon left.
  ///
  /// - Throws: `SocketFile.Obstacle` if the path holds anything else, if another process answers there, or if the
  ///   folder is not writable.
  package static func prepare(_ socket: String) throws {
    let folder = SocketFile.folder(of: socket)
    // A failure shows in the check of the folder, which reports it in words.
    try? FileManager.default.createDirectory(
      atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o750])
    try SocketFile.checkFolder(folder)
    try SocketFile.clear(socket)
  }

  /// Returns the router of all operations and of the paths for monitors.
  ///
  /// - Parameter token: the token that clients have to show, or nil if every client that can connect may ask.
  static func router(_ service: any ControlService, token: String? = nil) -> Router<ControlContext> {
    let router = Router(context: ControlContext.self)
    if let token { router.add(middleware: TokenCheck(token: token)) }
    addMonitoring(to: router, service)
    for operation in Operations.all {
      router.on(RouterPath(operation.path.replacing("{id}", with: ":id")), method: operation.method.http) {
        try await answer(operation, service, $0, $1)
      }
    }
    return router
  }

  /// The maximum number of octets in the body of a request. No operation needs more.
  static let longestBody = 64 << 10

  private static func answer(
    _ operation: any AnyOperation, _ service: any ControlService, _ request: Request, _ context: ControlContext
  ) async throws -> Response {
    let query = request.uri.queryParameters
    // The router leaves values in the path as they were sent: `4:3e12` comes as `4%3A3e12`.
    let id = context.parameters.get("id").map { $0.removingPercentEncoding ?? $0 } ?? ""
    let values = RequestValues(id: id) { query.get($0) }
    do {
      return response(.ok, try await operation.respond(service, values) { try await body(of: request) })
    } catch {
      let problem = error as? ControlProblem ?? ControlProblem(unexpected: error)
      return response(problem.status, try ControlJSON.encode(problem))
    }
  }

  private static func body(of request: Request) async throws -> Data {
    let tooLarge = ControlProblem("the limit is \(longestBody) octets a request", .tooLarge)
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > longestBody { throw tooLarge }
    do {
      return Data(try await request.body.collect(upTo: longestBody).readableBytesView)
    } catch is NIOTooManyBytesError {
      throw tooLarge
    }
  }

  static func response(_ status: HTTPResponse.Status, _ body: Data) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(bytes: body)))
  }
}

extension ControlProblem {
  fileprivate var status: HTTPResponse.Status {
    switch kind {
    case .malformed: .badRequest
    case .tooLarge: .contentTooLarge
    case .nothingMatched: .notFound
    case .ambiguous: .conflict
    case .refused: .unprocessableContent
    case nil: .internalServerError
    }
  }
}

extension OperationMethod {
  fileprivate var http: HTTPRequest.Method {
    switch self {
    case .get: .get
    case .post: .post
    case .delete: .delete
    }
  }
}

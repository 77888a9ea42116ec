import Foundation
import Hummingbird
package import Logging
package import NIOCore

/// Answers the control API over HTTP on a Unix socket that only its owner and group may open, and on a TCP port to
/// whoever shows a token.
package struct ControlServer: Sendable {
  /// A TCP port on this machine.
  package struct Door: Sendable {
    package var host: String
    package var port: Int
    /// What clients have to show (RFC 6750 section 2.1).
    package var token: String

    package init(host: String, port: Int, token: String) {
      self.host = host
      self.port = port
      self.token = token
    }
  }

  private let service: any ControlService
  private let socket: String
  private let socketGroup: UInt32?
  private let door: Door?
  private let group: any EventLoopGroup
  private let logger: Logger
  private let onReady: @Sendable () -> Void

  /// - Parameters:
  ///   - socket: path of the socket; one that was left behind by a killed daemon is replaced.
  ///   - socketGroup: whose members may open it; nil: the group of the process.
  ///   - onReady: called once the socket answers.
  package init(
    service: any ControlService, socket: String, socketGroup: UInt32? = nil, door: Door? = nil,
    group: any EventLoopGroup, logger: Logger, onReady: @escaping @Sendable () -> Void = {}
  ) {
    self.service = service
    self.socket = socket
    self.socketGroup = socketGroup
    self.door = door
    self.group = group
    self.logger = logger
    self.onReady = onReady
  }

  /// Runs until the task is cancelled or a graceful shutdown is asked for.
  package func run() async throws {
    try prepareSocket()
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await runSocket() }
      if let door { group.addTask { try await run(door) } }
      try await group.waitForAll()
    }
    unlink(socket)
  }

  private func runSocket() async throws {
    let application = Application(
      router: Self.router(service),
      configuration: .init(address: .unixDomainSocket(path: socket)),
      onServerRunning: { [socket, socketGroup, onReady] _ in
        if let socketGroup { chown(socket, uid_t.max, socketGroup) }
        chmod(socket, 0o660)
        onReady()
      },
      eventLoopGroupProvider: .shared(group), logger: quiet)
    try await application.run()
  }

  private func run(_ door: Door) async throws {
    let application = Application(
      router: Self.router(service, token: door.token),
      configuration: .init(address: .hostname(door.host, port: door.port)),
      eventLoopGroupProvider: .shared(group), logger: quiet)
    try await application.run()
  }

  private var quiet: Logger {
    var quiet = logger
    quiet.logLevel = max(logger.logLevel, .warning)
    return quiet
  }

  private func prepareSocket() throws {
    let folder = (socket as NSString).deletingLastPathComponent
    try FileManager.default.createDirectory(
      atPath: folder.isEmpty ? "." : folder, withIntermediateDirectories: true,
      attributes: [.posixPermissions: 0o750])
    // Only the instance that holds the lock of the store gets here, so nobody answers on a socket that is left over.
    unlink(socket)
  }

  /// - Parameter token: nil: whoever gets here may ask.
  static func router(_ service: any ControlService, token: String? = nil) -> Router<BasicRequestContext> {
    let router = Router()
    if let token { router.add(middleware: TokenCheck(token: token)) }
    router.get("\(ControlPath.status)") { _, _ in try await answer { try await service.status() } }
    router.get("\(ControlPath.summary)") { request, _ in
      try await answer { try await service.previewSummary(SummaryRequest(request)) }
    }
    router.post("\(ControlPath.summary)") { request, _ in
      try await answer { try await service.sendSummary(SummaryRequest(request)) }
    }
    router.post("\(ControlPath.purge)") { request, _ in
      try await answer { try await service.purge(try await body(of: request)) }
    }
    router.post("\(ControlPath.reload)") { _, _ in try await answer { try await service.reload() } }
    addMonitoring(to: router, service)
    addAdmin(to: router, service)
    addQueue(to: router, service)
    addErrors(to: router, service)
    return router
  }

  /// What an admin says about errors.
  private static func addAdmin(to router: Router<BasicRequestContext>, _ service: any ControlService) {
    router.get("\(ControlPath.silences)") { request, _ in
      let all = request.uri.queryParameters["all"] == "true"
      return try await answer { try await service.silences(all: all) }
    }
    router.post("\(ControlPath.silences)") { request, _ in
      try await answer { try await service.silence(try await body(of: request)) }
    }
    router.delete("\(ControlPath.silences)/:id") { _, context in
      let id = try context.parameters.require("id", as: Int.self)
      return try await answer { try await service.endSilence(id) }
    }
    router.post("\(ControlPath.resolve)") { request, _ in
      try await answer { try await service.resolve(try await body(of: request)) }
    }
    router.post("\(ControlPath.merge)") { request, _ in
      try await answer {
        let merge: MergeRequest = try await body(of: request)
        return try await service.merge(merge.ids, into: merge.into)
      }
    }
    router.post("\(ControlPath.split)") { request, _ in
      try await answer { try await service.split(try await body(of: request)) }
    }
  }

  /// The JSON of a request; nothing that is asked for is longer.
  static func body<Value: Decodable>(of request: Request) async throws -> Value {
    let bytes = try await request.body.collect(upTo: 64 << 10)
    do {
      return try ControlJSON.decode(Value.self, from: Data(bytes.readableBytesView))
    } catch {
      throw ControlProblem("the request is not what this path takes: \(error)", .malformed)
    }
  }

  static func answer(_ work: () async throws -> some Encodable) async throws -> Response {
    do {
      return response(.ok, try ControlJSON.encode(try await work()))
    } catch {
      let problem = error as? ControlProblem ?? ControlProblem(unexpected: error)
      return response(problem.status, try ControlJSON.encode(problem))
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
    case .nothingMatched: .notFound
    case .ambiguous: .conflict
    case .refused: .unprocessableContent
    case nil: .internalServerError
    }
  }
}

extension SummaryRequest {
  fileprivate init(_ request: Request) {
    let query = request.uri.queryParameters
    self.init(days: query.get("days", as: Int.self) ?? 1, site: query.get("site"))
  }
}

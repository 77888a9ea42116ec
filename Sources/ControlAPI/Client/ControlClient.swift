import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// A client of a running daemon, over its Unix socket or its TCP port. It opens a connection for each request.
package struct ControlClient: Sendable {
  /// The address at which the daemon answers.
  package enum Address: Sendable, CustomStringConvertible {
    case socket(String)
    /// The TCP port, and the token that has to be shown there.
    case tcp(host: String, port: Int, token: String)

    package var description: String {
      switch self {
      case .socket(let path): path
      case .tcp(let host, let port, _): "\(host):\(port)"
      }
    }
  }

  private let address: Address
  private let patience: Duration?

  /// Makes a client.
  ///
  /// - Parameter patience: the time that each answer may take; nil for 15 s for a question and 300 s for an order, which
  ///   may test slow hosts or read a token from a command. A daemon that is stuck takes the connection and never answers.
  package init(_ address: Address, patience: Duration? = nil) { (self.address, self.patience) = (address, patience) }

  package init(socket: String, patience: Duration? = nil) { self.init(.socket(socket), patience: patience) }

  /// Sends a request to the daemon and returns its answer.
  ///
  /// - Throws: `Unreachable`, or the `ControlProblem` that the daemon reports.
  func ask<Request, Answer>(_ operation: Operation<Request, Answer>, _ request: Request) async throws -> Answer {
    let written = try operation.form.write(request)
    let path = written.path(operation.path)
    let answer = try await exchange(
      operation.method.http, path, written.body, within: patience ?? operation.method.patience)
    do { return try ControlJSON.decode(Answer.self, from: answer) } catch {
      throw ControlProblem(
        "the answer of the daemon on \(address) is of another version than this dedupctl; install both from one release"
      )
    }
  }

  /// Returns the text at one of the paths of `MonitoringPath`.
  func text(of path: String) async throws -> String {
    String(decoding: try await exchange(.GET, path, within: patience ?? .seconds(10)), as: UTF8.self)
  }

  /// Sends a request and returns the octets of the answer.
  ///
  /// - Throws: `Unreachable` if no daemon answers within the patience, and the `ControlProblem` that it reports.
  private func exchange(
    _ method: HTTPMethod, _ path: String, _ body: Data = Data(), within patience: Duration
  ) async throws -> Data {
    let channel = try await connect()
    let isOverdue = Atomic(false)
    let deadline = channel.channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { [inner = channel.channel] in
      isOverdue.store(true, ordering: .relaxed)
      inner.close(promise: nil)
    }
    defer { deadline.cancel() }
    let (status, answer): (HTTPResponseStatus, Data)
    do { (status, answer) = try await exchange(on: channel, method, path, body) } catch {
      if isOverdue.load(ordering: .relaxed) { throw Unreachable(silentFor: patience, at: address) }
      if let error = error as? IOError { throw Unreachable(error, at: address) }
      throw error
    }
    guard status == .ok else {
      throw (try? ControlJSON.decode(ControlProblem.self, from: answer))
        ?? ControlProblem("the daemon on \(address) answered \(status.code) \(status.reasonPhrase); its log says why")
    }
    return answer
  }

  private typealias HTTPChannel = NIOAsyncChannel<NIOHTTPClientResponseFull, HTTPClientRequestPart>

  private func connect() async throws -> HTTPChannel {
    do {
      let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton).connectTimeout(.seconds(5))
      switch address {
      case .socket(let path):
        return try await bootstrap.connect(unixDomainSocketPath: path, channelInitializer: Self.speak)
      case .tcp(let host, let port, _):
        return try await bootstrap.connect(host: host, port: port, channelInitializer: Self.speak)
      }
    } catch {
      throw Unreachable(error, at: address)
    }
  }

  private static func speak(_ channel: any Channel) -> EventLoopFuture<HTTPChannel> {
    channel.eventLoop.makeCompletedFuture {
      try channel.pipeline.syncOperations.addHTTPClientHandlers()
      try channel.pipeline.syncOperations.addHandler(
        NIOHTTPClientResponseAggregator(maxContentLength: maximumAnswer))
      return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
    }
  }

  /// The maximum number of octets in an answer. It may hold the mails of several errors; the store limits the size of
  /// each mail.
  private static let maximumAnswer = 64 * 1024 * 1024

  private func exchange(
    on channel: HTTPChannel, _ method: HTTPMethod, _ path: String, _ body: Data
  ) async throws -> (HTTPResponseStatus, Data) {
    try await channel.executeThenClose { inbound, outbound in
      var headers = HTTPHeaders([("Host", "localhost"), ("Connection", "close"), ("Content-Length", "\(body.count)")])
      if case .tcp(_, _, let token) = address { headers.add(name: "Authorization", value: "Bearer \(token)") }
      let head = HTTPRequestHead(version: .http1_1, method: method, uri: path, headers: headers)
      let content: [HTTPClientRequestPart] = body.isEmpty ? [] : [.body(.byteBuffer(ByteBuffer(bytes: body)))]
      // In one flush: without a body the head alone is a complete request, and the daemon may answer it and close the
      // connection before a second write.
      try await outbound.write(contentsOf: [.head(head)] + content + [.end(nil)])
      for try await answer in inbound {
        return (answer.head.status, Data((answer.body ?? ByteBuffer()).readableBytesView))
      }
      throw ControlProblem("the daemon closed the connection without an answer; its log says why")
    }
  }
}

extension OperationMethod {
  fileprivate var http: HTTPMethod { HTTPMethod(rawValue: rawValue) }

  fileprivate var patience: Duration { self == .get ? .seconds(15) : .seconds(300) }
}

import HummingbirdCore
import Logging
import NIOCore
import Synchronization

/// A connection that the HTTP server accepted.
///
/// The danger: a connection that arrives while the server shuts down may be accepted and then forgotten, and NIO ends
/// the process if the writer of a `NIOAsyncChannel` is released without having been finished. A connection that is
/// never taken is closed here instead.
final class AcceptedConnection: ServerChildChannelValue {
  let channel: any Channel
  private let open: Mutex<HTTP1Channel.Value?>

  init(_ connection: HTTP1Channel.Value) {
    channel = connection.channel
    open = Mutex(connection)
  }

  /// Returns the connection at the first call, and nil afterwards.
  func take() -> HTTP1Channel.Value? {
    open.withLock { open in
      defer { open = nil }
      return open
    }
  }

  deinit {
    guard let connection = take() else { return }
    Task { try? await connection.executeThenClose { _, _ in } }
  }
}

/// The HTTP/1.1 of Hummingbird, over connections that may be forgotten.
struct ForgivingHTTP: ServerChildChannel {
  let http: HTTP1Channel

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
    http.setup(channel: channel, logger: logger).map(AcceptedConnection.init)
  }

  func handle(value: AcceptedConnection, logger: Logger) async {
    guard let connection = value.take() else { return }
    await http.handle(value: connection, logger: logger)
  }
}

extension HTTPServerBuilder {
  static func forgiving(_ configuration: HTTP1Channel.Configuration = .init()) -> HTTPServerBuilder {
    .init { ForgivingHTTP(http: HTTP1Channel(responder: $0, configuration: configuration)) }
  }
}

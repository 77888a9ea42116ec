import Hummingbird
import NIOCore

/// Closes a connection on which no client has shown the token within `patience`, whatever it sends or does not send.
///
/// A connection on which the token was shown belongs to an admin or a monitor, and stays open.
final class LoginDeadline: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = Any
  typealias OutboundIn = Any

  /// The event that the client showed the token.
  struct Met: Sendable {}

  /// The maximum number of open connections. A further client waits until one of them is closed.
  static let mostConnections = 64

  private let patience: TimeAmount
  private var alarm: Scheduled<Void>?

  init(_ patience: TimeAmount) { self.patience = patience }

  func handlerAdded(context: ChannelHandlerContext) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: patience) { context.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { alarm?.cancel() }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is Met else { return context.triggerUserOutboundEvent(event, promise: promise) }
    alarm?.cancel()
    promise?.succeed()
  }
}

/// The context of a request to the control API: what Hummingbird needs, and the connection of the request.
struct ControlContext: RequestContext {
  var coreContext: CoreRequestContextStorage
  let channel: any Channel

  init(source: ApplicationRequestContextSource) {
    coreContext = .init(source: source)
    channel = source.channel
  }
}

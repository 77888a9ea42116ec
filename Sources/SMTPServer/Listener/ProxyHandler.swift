import EventLog
import Logging
import NIOCore
import SMTPProtocol

/// Reads the PROXY header of a connection from a proxy, first in its pipeline. Then `begin` adds the other handlers
/// behind it, and it removes itself: they see a connection that becomes active now and begins with the octets after the
/// header.
///
/// Limits: `ProxyHeader.longest` octets, and `patience` until the header is complete.
final class ProxyHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let proxy: Peer
  private let patience: Duration
  private let logger: Logger
  private let begin: (ProxyHeader.Source) throws -> Void
  /// The octets received so far, or nil when the header is complete or none will be read.
  private var received: ByteBuffer? = ByteBuffer()
  private var alarm: Scheduled<Void>?

  init(proxy: Peer, patience: Duration, logger: Logger, begin: @escaping (ProxyHeader.Source) throws -> Void) {
    self.proxy = proxy
    self.patience = patience
    self.logger = logger
    self.begin = begin
  }

  func handlerAdded(context: ChannelHandlerContext) {
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(patience)) { [weak self] in
      self?.end(context, .warning, .refused, "proxy-header-too-late")
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { alarm?.cancel() }

  /// Keeps the event back: for the handlers behind this one the connection does not exist yet.
  func channelActive(context: ChannelHandlerContext) {}

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received?.writeImmutableBuffer(unwrapInboundIn(data))
    guard var octets = received else { return }
    switch ProxyHeader.read(octets.readableBytesView) {
    case .incomplete: break
    case .unfit(let fault): end(context, .warning, .refused, fault.rawValue)
    case .complete(let source, let length):
      octets.moveReaderIndex(forwardBy: length)
      start(context, source, octets)
    }
  }

  private func start(_ context: ChannelHandlerContext, _ source: ProxyHeader.Source, _ rest: ByteBuffer) {
    received = nil
    do { try begin(source) } catch { return errorCaught(context: context, error: error) }
    context.fireChannelActive()
    if rest.readableBytes > 0 { context.fireChannelRead(wrapInboundOut(rest)) }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard let event = event as? ChannelEvent, event == .inputClosed else {
      return context.fireUserInboundEventTriggered(event)
    }
    end(context, .debug, .closed, ServerSession.Ending.gone.rawValue)
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is SessionHandler.DrainRequest else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    end(context, .debug, .closed, ServerSession.Ending.shutdown.rawValue)
    promise?.succeed()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    logger.event(.debug, .closed, [.client: proxy.name, .error: "\(error)"])
    context.close(promise: nil)
  }

  /// Closes without a reply: a peer that does not speak our protocol would not understand one.
  private func end(_ context: ChannelHandlerContext, _ level: Logger.Level, _ event: LogVerb, _ reason: String) {
    guard received != nil else { return }
    received = nil
    logger.event(level, event, [.client: proxy.name, .reason: reason])
    context.close(promise: nil)
  }
}

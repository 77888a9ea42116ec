import NIOCore
import NIOSSL
import SMTPProtocol
import Synchronization

/// Whether a client that says nothing keeps us waiting, or waits for us while its message is made durable.
final class Presence: TransactionHandler {
  /// Asks from now on that octets come at least this often.
  struct Watch {
    let patience: Duration
  }

  private let next: any TransactionHandler
  private let underway = Atomic(0)
  /// An answer was given, and may still be on its way to the event loop.
  private let hasAnswered = Atomic(false)

  init(_ next: any TransactionHandler) { self.next = next }

  var isOurTurn: Bool { underway.load(ordering: .relaxed) > 0 }

  /// Whether it was our turn since the last call: whoever would be cut off now might lose that answer.
  func wasOurTurn() -> Bool { hasAnswered.exchange(false, ordering: .sequentiallyConsistent) }

  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void) {
    underway.add(1, ordering: .relaxed)
    next.handle(transaction) { [self] answer in
      reply(answer)
      hasAnswered.store(true, ordering: .sequentiallyConsistent)
      underway.subtract(1, ordering: .relaxed)
    }
  }

  /// Stands before the session.
  var handler: any ChannelHandler { Watcher(self) }

  private final class Watcher: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let presence: Presence
    private var isWatching = false
    private var hasHeard = false

    init(_ presence: Presence) { self.presence = presence }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      hasHeard = true
      context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
      guard let watch = event as? Watch else {
        return context.triggerUserOutboundEvent(event, promise: promise)
      }
      if !isWatching { watchOn(context, watch.patience) }
      isWatching = true
      promise?.succeed()
    }

    private func watchOn(_ context: ChannelHandlerContext, _ patience: Duration) {
      hasHeard = false
      context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(patience)) { [self] in
        guard context.channel.isActive else { return }
        if hasHeard || presence.isOurTurn || presence.wasOurTurn() { return watchOn(context, patience) }
        cut(context)
      }
    }

    /// By the channel, so that TLS is on the way wherever it stands. Closed below TLS, which would wait for a farewell.
    private func cut(_ context: ChannelHandlerContext) {
      context.channel.writeAndFlush(ByteBuffer(bytes: Reply.shuttingDown.encoded), promise: nil)
      let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
      (tls ?? context).close(promise: nil)
    }
  }
}

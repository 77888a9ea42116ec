import NIOCore
import NIOSSL
import SMTPProtocol
import Synchronization

/// Whether a client that says nothing keeps us waiting, or waits for us while its message is made durable.
final class Presence: TransactionHandler {
  /// Asks from now on that octets come at least this often: in the middle of a mail, and outside of one.
  struct Watch {
    let silence: Duration
    let idleness: Duration
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

  /// Stands before everybody else, and is told `Watch` when it does.
  func watcher(of session: SessionHandler) -> any ChannelHandler { Watcher(self, session) }

  private final class Watcher: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let presence: Presence
    private let session: SessionHandler
    private var isWatching = false
    private var heardAt = NIODeadline.now()

    init(_ presence: Presence, _ session: SessionHandler) {
      self.presence = presence
      self.session = session
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      if isWatching { heardAt = .now() }
      context.fireChannelRead(data)
    }

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
      guard let watch = event as? Watch else {
        return context.triggerUserOutboundEvent(event, promise: promise)
      }
      if !isWatching { begin(context, watch) }
      promise?.succeed()
    }

    private func begin(_ context: ChannelHandlerContext, _ watch: Watch) {
      isWatching = true
      heardAt = .now()
      look(context, watch)
    }

    private func look(_ context: ChannelHandlerContext, _ watch: Watch) {
      // Looked at more often than that: a mail may begin or end meanwhile.
      let pause = TimeAmount.nanoseconds(TimeAmount(min(watch.idleness, watch.silence)).nanoseconds / 4 + 1)
      context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
        guard context.channel.isActive else { return }
        if presence.isOurTurn || presence.wasOurTurn() { heardAt = .now() }
        let patience = TimeAmount(session.isIdle ? watch.idleness : watch.silence)
        if NIODeadline.now() - heardAt >= patience { cut(context) } else { look(context, watch) }
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

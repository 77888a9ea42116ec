import NIOCore
import NIOSSL
import SMTPProtocol
import Synchronization

/// Tells whether a silent client keeps us waiting or waits for us while its message is made durable.
final class DrainWatch: TransactionHandler {
  /// A request for octets at least this often from now on: `silence` within a mail, `idleness` between mails.
  struct Watch {
    let silence: Duration
    let idleness: Duration
  }

  private let next: any TransactionHandler
  private let underway = Atomic(0)
  /// True once a reply was given that may still be on its way to the event loop.
  private let hasAnswered = Atomic(false)

  init(_ next: any TransactionHandler) { self.next = next }

  var isOurTurn: Bool { underway.load(ordering: .relaxed) > 0 }

  /// True if a reply was given since the last call: a client that is cut off now might lose it.
  func wasOurTurn() -> Bool { hasAnswered.exchange(false, ordering: .sequentiallyConsistent) }

  func handle(_ transaction: Transaction, reply: @escaping @Sendable (Reply) -> Void) {
    underway.add(1, ordering: .relaxed)
    next.handle(transaction) { [self] answer in
      reply(answer)
      hasAnswered.store(true, ordering: .sequentiallyConsistent)
      underway.subtract(1, ordering: .relaxed)
    }
  }

  /// Returns a handler for the first place in the pipeline, which must be sent `Watch` once it is there.
  func watcher(of session: SessionHandler) -> any ChannelHandler { Watcher(self, session) }

  private final class Watcher: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    private let drainWatch: DrainWatch
    private let session: SessionHandler
    private var isWatching = false
    private var heardAt = NIODeadline.now()

    init(_ drainWatch: DrainWatch, _ session: SessionHandler) {
      self.drainWatch = drainWatch
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
      // Checked at a quarter of that, because a mail may begin or end in the meantime.
      let pause = TimeAmount.nanoseconds(TimeAmount(min(watch.idleness, watch.silence)).nanoseconds / 4 + 1)
      context.eventLoop.assumeIsolated().scheduleTask(in: pause) { [self] in
        guard context.channel.isActive else { return }
        if drainWatch.isOurTurn || drainWatch.wasOurTurn() { heardAt = .now() }
        let patience = TimeAmount(session.isIdle ? watch.idleness : watch.silence)
        if NIODeadline.now() - heardAt >= patience { cut(context) } else { look(context, watch) }
      }
    }

    /// Sends 421 through the channel, so that it passes TLS wherever that stands in the pipeline. Then closes below
    /// TLS, which would wait for a close_notify.
    private func cut(_ context: ChannelHandlerContext) {
      context.channel.writeAndFlush(ByteBuffer(bytes: Reply.shuttingDown.encoded), promise: nil)
      let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
      (tls ?? context).close(promise: nil)
    }
  }
}

import EventLog
import Logging
import MailMessage
import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

/// Drives one `ServerSession` on its event loop: feeds it octets and time, and carries out its actions. No protocol
/// decision is made here.
///
/// It requests no more octets while the session wants none or the client does not read our replies.
final class SessionHandler: ChannelDuplexHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The buffer size for reads of commands. `messageBuffer` holds most mails in one read: a thousand idle clients with
  /// the larger buffer would take 32 MB; with the smaller one a mail would take four times as many reads.
  static let commandBuffer = FixedSizeRecvByteBufferAllocator(capacity: 2 * 1024)
  static let messageBuffer = FixedSizeRecvByteBufferAllocator(capacity: 32 * 1024)

  /// Asks a connection to finish what is in flight and to close.
  struct DrainRequest {}

  var session: ServerSession
  let client: String
  /// The key under which failed logins are counted.
  let counted: String
  let name: String
  let settings: ListenerSettings
  private let greetingDelay: Duration
  let identity: TLSIdentity?
  let authenticator: Authenticator?
  let table: ConnectionTable
  let memory: MemoryBudget
  let drainWatch: DrainWatch
  let arriving: ArrivingMessages
  let largeMessages: any LargeMessages
  let logger: Logger

  var context: ChannelHandlerContext?
  private let awaitsTLS: Bool
  var hasPendingRead = false
  var readsMessage = false
  var isClosing = false
  private var isWatched = false
  /// The number of octets that `memory` counts as ours.
  var charged = 0
  /// The large message that is arriving, or nil if there is none.
  var spill: MessageSpill?
  /// The last reply to the client if it was a refusal, or nil.
  var lastRefusal: Reply?
  /// Numbers the commits, so that a handler that replies twice does not also answer the next transaction.
  var commits = 0
  /// The start of the session's current period; `term` is the number of that period.
  var termStart = NIODeadline.now()
  var term = -1
  var alarm: (task: Scheduled<Void>, at: NIODeadline)?

  init(
    client: String, counted: String, greetingDelay: Duration, name: String, settings: ListenerSettings,
    policy: SessionPolicy, identity: TLSIdentity?, authenticator: Authenticator?, table: ConnectionTable,
    memory: MemoryBudget, drainWatch: DrainWatch, arriving: ArrivingMessages, largeMessages: any LargeMessages,
    logger: Logger
  ) {
    self.client = client
    self.counted = counted
    self.memory = memory
    self.greetingDelay = greetingDelay
    self.name = name
    self.settings = settings
    self.identity = identity
    self.authenticator = authenticator
    self.table = table
    self.drainWatch = drainWatch
    self.arriving = arriving
    self.largeMessages = largeMessages
    self.logger = logger
    session = ServerSession(
      hostname: settings.hostname, address: client, name: name, limits: settings.limits, policy: policy)
    awaitsTLS = policy.security == .implicitTLS
  }

  /// True if no part of a mail is on its way, as far as we know.
  var isIdle: Bool { session.isIdle }

  // MARK: - Events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    logger.event(.debug, .connected, described())
    if session.isStranger { after(settings.limits.login) { $0.perform($0.session.loginIsDue()) } }
    if awaitsTLS { keepTime() } else { greet() }
  }

  func greet() {
    guard greetingDelay > .zero else { return perform(session.open()) }
    after(greetingDelay) { handler in handler.perform(handler.session.open()) }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if isClosing { return }
    session.isMemoryScarce = memory.isScarce(settings.memory)
    perform(unwrapInboundIn(data).withUnsafeReadableBytes { session.receive($0) })
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) { readIfWanted() }

  func read(context: ChannelHandlerContext) {
    hasPendingRead = true
    readIfWanted()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent { return secured(context) }
    guard let event = event as? ChannelEvent, event == .inputClosed else {
      return context.fireUserInboundEventTriggered(event)
    }
    // While closing, this is the end of the lingering: the client has read everything.
    if isClosing { cut() } else { perform(session.endOfInput()) }
  }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    if event is DrainWatch.Watch { beginWatch(context) }
    guard event is DrainRequest else { return context.triggerUserOutboundEvent(event, promise: promise) }
    session.drain()
    promise?.succeed()
  }

  /// Starts the watch. The watcher is added only at shutdown because each octet passes through it.
  private func beginWatch(_ context: ChannelHandlerContext) {
    guard !isWatched else { return }
    isWatched = true
    try? context.pipeline.syncOperations.addHandler(drainWatch.watcher(of: self), position: .first)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The input ended without a TLS close_notify. The end follows as an event; the session knows what is complete.
    if case .uncleanShutdown? = error as? NIOSSLError { return }
    if error is NIOSSLError || error is BoringSSLError { table.count { $0.failedHandshakes += 1 } }
    logger.event(.debug, .closed, described([.error: "\(error)"]))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    // The session and the message so far are dropped: nothing short of CRLF.CRLF is delivered.
    isClosing = true
    spill = nil
    memory.change(by: -charged)
    charged = 0
    if readsMessage { arriving.end() }
    readsMessage = false
    alarm?.task.cancel()
    alarm = nil
    logger.event(.debug, .disconnected, described())
    context.fireChannelInactive()
  }

  // MARK: - Time
}

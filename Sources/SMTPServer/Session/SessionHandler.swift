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
  private static let messageBuffer = FixedSizeRecvByteBufferAllocator(capacity: 32 * 1024)

  /// Asks a connection to finish what is in flight and to close.
  struct DrainRequest {}

  private var session: ServerSession
  private let client: String
  /// The key under which failed logins are counted.
  private let counted: String
  private let name: String
  private let settings: ListenerSettings
  private let greetingDelay: Duration
  private let identity: TLSIdentity?
  private let authenticator: Authenticator?
  private let table: ConnectionTable
  private let memory: MemoryBudget
  private let presence: Presence
  private let arriving: ArrivingMessages
  private let largeMessages: any LargeMessages
  private let logger: Logger

  private var context: ChannelHandlerContext?
  private let awaitsTLS: Bool
  private var hasPendingRead = false
  private var readsMessage = false
  private var isClosing = false
  private var isWatched = false
  /// The number of octets that `memory` counts as ours.
  private var charged = 0
  /// The large message that is arriving, or nil if there is none.
  private var spill: MessageSpill?
  /// The last reply to the client if it was a refusal, or nil.
  private var lastRefusal: Reply?
  /// Numbers the commits, so that a handler that replies twice does not also answer the next transaction.
  private var commits = 0
  /// The start of the session's current period; `term` is the number of that period.
  private var termStart = NIODeadline.now()
  private var term = -1
  private var alarm: (task: Scheduled<Void>, at: NIODeadline)?

  init(
    client: String, counted: String, greetingDelay: Duration, name: String, settings: ListenerSettings,
    policy: SessionPolicy, identity: TLSIdentity?, authenticator: Authenticator?, table: ConnectionTable,
    memory: MemoryBudget, presence: Presence, arriving: ArrivingMessages, largeMessages: any LargeMessages,
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
    self.presence = presence
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

  private func greet() {
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
    if event is Presence.Watch { beginWatch(context) }
    guard event is DrainRequest else { return context.triggerUserOutboundEvent(event, promise: promise) }
    session.drain()
    promise?.succeed()
  }

  /// Starts the watch. The watcher is added only at shutdown because each octet passes through it.
  private func beginWatch(_ context: ChannelHandlerContext) {
    guard !isWatched else { return }
    isWatched = true
    try? context.pipeline.syncOperations.addHandler(presence.watcher(of: self), position: .first)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The input ended without a TLS close_notify. The end follows as an event; the session knows what is complete.
    if case .uncleanShutdown? = error as? NIOSSLError { return }
    if error is NIOSSLError || error is BoringSSLError { table.count { $0.failedHandshakes += 1 } }
    logger.event(.debug, .closed, described([.error: "\(error)"]))
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    // The session and the message so far are dropped: nothing short of CRLF.CRLF is delivered (R2).
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

  // MARK: - Actions

  private func perform(_ actions: [ServerSession.Action]) {
    guard let context, !isClosing, context.channel.isActive else { return }
    let actions = isOutOfMemory() ? actions + session.runOutOfMemory() : actions
    // Comes before a message is handed over, since that message is no longer arriving.
    adaptBuffer(context)
    var output: ByteBuffer?
    for action in actions {
      switch action {
      case .reply(let reply):
        if output == nil { output = context.channel.allocator.buffer(capacity: 256) }
        output?.writeBytes(reply.encoded)
        log(reply)
      case .spill(let octets): append(octets, context)
      case .forget: spill = nil
      case .commit(let transaction): commit(transaction, context)
      case .pause(let duration): after(duration) { handler in handler.perform(handler.session.resume()) }
      case .greet: greet()
      case .authenticate(let credentials): verify(credentials, context)
      case .startTLS(let octets):
        context.writeAndFlush(wrapOutboundOut(output ?? ByteBuffer()), promise: nil)
        output = nil
        startTLS(context, dropping: octets)
      case .close(let ending): return close(context, ending, saying: output)
      }
    }
    if let output { context.writeAndFlush(wrapOutboundOut(output), promise: nil) }
    keepTime()
    readIfWanted()
  }

  /// Counts the session's memory in steps of `MemoryBudget.grain`. True if it grew and the budget is exceeded.
  private func isOutOfMemory() -> Bool {
    let held = session.memory / MemoryBudget.grain * MemoryBudget.grain
    guard held != charged else { return false }
    let isMore = held > charged
    memory.change(by: held - charged)
    charged = held
    return isMore && memory.isExceeded(settings.memory)
  }

  private func append(_ octets: [UInt8], _ context: ChannelHandlerContext) {
    let spill = spill ?? MessageSpill(largeMessages.begin(), on: context.eventLoop)
    self.spill = spill
    spill.append(octets) { [weak self] in self?.readIfWanted() }
  }

  private func commit(_ transaction: Transaction, _ context: ChannelHandlerContext) {
    commits += 1
    let number = commits
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let reply: @Sendable (Reply) -> Void = { reply in loop.execute { handler.value.finish(reply, number) } }
    guard let spill else { return presence.handle(transaction, reply: reply) }
    self.spill = nil
    spill.finish(transaction.message.head).whenComplete { [presence] result in
      switch result {
      case .success(let message):
        var transaction = transaction
        transaction.message = message
        presence.handle(transaction, reply: reply)
      case .failure(let error):
        handler.value.logger.event(.error, .notKept, handler.value.described([.error: "\(error)"]))
        reply(.noRoom)
      }
    }
  }

  private func finish(_ reply: Reply, _ number: Int) {
    guard number == commits else { return }
    // A second reply to the same transaction finds the session in another state and is ignored.
    perform(session.finish(reply))
  }

  /// Starts TLS. From here on only octets from inside TLS reach the session: the TLS handler stands before it in the
  /// pipeline, and not one octet of plain text is kept for it.
  private func startTLS(_ context: ChannelHandlerContext, dropping octets: Int) {
    if octets > 0 { logger.event(.warning, .suspicious, described([.reason: "starttls", .octets: "\(octets)"])) }
    do {
      guard let identity else { throw ChannelError.inappropriateOperationForState }
      let tls = NIOSSLServerHandler(context: identity.context)
      try context.pipeline.syncOperations.addHandler(tls, position: .before(self))
    } catch {
      errorCaught(context: context, error: error)
    }
  }

  private func verify(_ credentials: LoginAttempt, _ context: ChannelHandlerContext) {
    let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
    let loop = context.eventLoop
    let user = credentials.user
    guard let authenticator else { return loop.execute { handler.value.verified(.unavailable, user) } }
    authenticator.verify(credentials, of: counted) { verification in
      loop.execute { handler.value.verified(verification, user) }
    }
  }

  private func verified(_ verification: ServerSession.Verification, _ user: String) {
    let verb = verification == .accepted ? LogVerb.authenticated : .loginFailed
    if verification != .accepted { table.count { $0.failedLogins += 1 } }
    if verification == .accepted, let channel = context?.channel { table.promote(channel) }
    logger.event(.info, verb, described([.user: user, .reason: "\(verification)"]))
    perform(session.verified(verification))
  }

  private func secured(_ context: ChannelHandlerContext) {
    table.count { $0.encrypted += 1 }
    logger.event(.debug, .secured, described())
    perform(session.secured())
  }

  private func close(_ context: ChannelHandlerContext, _ ending: ServerSession.Ending, saying output: ByteBuffer?) {
    isClosing = true
    let isOrderly = ending == .quit || ending == .gone
    let isNews = !isOrderly && ending != .shutdown
    logger.event(isNews ? .info : .debug, .closed, described([.reason: ending.rawValue]))
    let last = context.writeAndFlush(wrapOutboundOut(output ?? ByteBuffer()))
    last.assumeIsolated().whenComplete { _ in
      guard let context = self.context else { return }
      context.close(mode: isOrderly ? .all : .output, promise: nil)
      self.readIfWanted()
    }
    // Whatever the client does, the connection ends here. Most clients are gone already.
    if self.context?.channel.isActive == true { after(settings.linger) { $0.cut() } }
  }

  /// Closes below TLS, which would wait for the client's close_notify. Some clients never send it (RFC 5246 section
  /// 7.2.1 does not ask us to wait).
  private func cut() {
    guard let context else { return }
    let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
    (tls ?? context).close(promise: nil)
  }

  private func adaptBuffer(_ context: ChannelHandlerContext) {
    guard session.expectsMessage != readsMessage else { return }
    readsMessage.toggle()
    if readsMessage { arriving.begin() } else { arriving.end() }
    let buffer = readsMessage ? Self.messageBuffer : Self.commandBuffer
    try? context.channel.syncOptions?.setOption(.recvAllocator, value: buffer)
  }

  private func readIfWanted() {
    guard let context, hasPendingRead else { return }
    guard isClosing || (session.wantsInput && context.channel.isWritable && spill?.isBehind != true) else { return }
    hasPendingRead = false
    context.read()
  }

  // MARK: - Time

  private var loopTime: NIODeadline { context?.eventLoop.now ?? .now() }

  private func keepTime() {
    guard session.period != term else { return }
    term = session.period
    termStart = loopTime
    askSession(at: termStart)
  }

  private func askSession(at now: NIODeadline) {
    let elapsed = Duration.nanoseconds((now - termStart).nanoseconds)
    switch session.check(elapsed: elapsed, underPressure: table.isUnderPressure(settings)) {
    case .expired(let actions): perform(actions)
    case .wait(let duration):
      let due = now + TimeAmount(duration)
      // An alarm that fires too early only asks again, which is cheaper than a new one for each command.
      if let alarm, alarm.at <= due { return }
      alarm?.task.cancel()
      alarm = after(duration) { handler in
        handler.alarm = nil
        handler.askSession(at: handler.loopTime)
      }.map { ($0, due) }
    }
  }

  @discardableResult
  private func after(_ duration: Duration, _ body: @escaping (SessionHandler) -> Void) -> Scheduled<Void>? {
    context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
      guard let self, self.context != nil else { return }
      body(self)
    }
  }

  // MARK: - Log

  /// Logs a refusal; repeats of it go to debug level. A 421 is logged with the end of the session.
  private func log(_ reply: Reply) {
    guard reply.code >= 400, reply.code != 421 else { return lastRefusal = nil }
    // Django does not report this failure: a report that is too large is one that the admin will not see.
    let level: Logger.Level = reply.code == 552 && !session.isStranger ? .warning : .info
    logger.event(reply == lastRefusal ? .debug : level, .rejected, described([.reply: reply.description]))
    lastRefusal = reply
  }

  private func described(_ more: [LogKey: String] = [:]) -> [LogKey: String] {
    var metadata = more
    metadata[.session] = name
    metadata[.client] = client
    if let envelope = session.envelope {
      metadata[.sender] = "<\(envelope.sender)>"
      metadata[.recipients] = "\(envelope.recipients.count)"
    }
    return metadata
  }
}

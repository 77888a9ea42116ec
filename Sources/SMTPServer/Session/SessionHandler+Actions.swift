import EventLog
import Logging
import MailMessage
import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

// The actions of the session, carried out on its event loop.
extension SessionHandler {
  func perform(_ actions: [ServerSession.Action]) {
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
    guard let spill else { return drainWatch.handle(transaction, reply: reply) }
    self.spill = nil
    spill.finish(transaction.message.head).whenComplete { [drainWatch] result in
      switch result {
      case .success(let message):
        var transaction = transaction
        transaction.message = message
        drainWatch.handle(transaction, reply: reply)
      case .failure(let error):
        handler.value.logger.event(.error, .notKept, handler.value.described([.error: "\(error)"]))
        reply(.noRoom)
      }
    }
  }

  func finish(_ reply: Reply, _ number: Int) {
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
    let event = verification == .accepted ? LogVerb.authenticated : .loginFailed
    if verification != .accepted { table.count { $0.failedLogins += 1 } }
    if verification == .accepted, let channel = context?.channel { table.promote(channel) }
    logger.event(.info, event, described([.user: user, .reason: "\(verification)"]))
    perform(session.verified(verification))
  }

  func secured(_ context: ChannelHandlerContext) {
    table.count { $0.encrypted += 1 }
    logger.event(.debug, .secured, described())
    perform(session.secured())
  }

  func close(_ context: ChannelHandlerContext, _ ending: ServerSession.Ending, saying output: ByteBuffer?) {
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
  func cut() {
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

  func readIfWanted() {
    guard let context, hasPendingRead else { return }
    guard isClosing || (session.wantsInput && context.channel.isWritable && spill?.isBehind != true) else { return }
    hasPendingRead = false
    context.read()
  }
}

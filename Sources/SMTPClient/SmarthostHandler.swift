import DedupCore
import MailMessage
import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

/// A channel handler that drives one `ClientSession` on its event loop: octets and time go in, actions are carried out.
/// It makes no decisions about the protocol.
final class SmarthostHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private struct Delivery {
    let message: Message
    let promise: EventLoopPromise<ClientSession.Delivery>
  }

  private var session: ClientSession
  private let link: SmarthostLink
  private let settings: SMTPTransportSettings
  private let tls: TLSClient
  /// A promise that succeeds with nil when mails may come. Each handler has its own: for a name with several addresses,
  /// several connections are tried at once, and one that loses the race must not speak for the one that wins.
  private let ready: EventLoopPromise<Trouble?>
  private var context: ChannelHandlerContext?
  private var delivery: Delivery?
  private var feed: MessageFeed?
  /// The time at which the server must have introduced itself; nil: there is none, or it has.
  private var openingEnds: NIODeadline?
  /// The time at which the wait for the server ends.
  private var deadline = NIODeadline.distantFuture
  private var alarm: (task: Scheduled<Void>, at: NIODeadline)?

  init(
    _ link: SmarthostLink, credentials: ClientCredentials?, settings: SMTPTransportSettings, tls: TLSClient,
    loop: any EventLoop
  ) {
    self.link = link
    self.settings = settings
    self.tls = tls
    ready = loop.makePromise()
    session = ClientSession(
      hostname: settings.hostname, tls: link.tls, credentials: credentials, isLoopback: link.isLoopback)
  }

  // MARK: - What the connection is asked

  /// The readiness of the connection: nil when mails may come, otherwise the reason why not.
  var readiness: EventLoopFuture<Trouble?> { ready.futureResult }

  var isEncrypted: Bool { session.isSecure }

  var refusalOfTLS: Reply? { session.refusalOfTLS }

  var capabilities: ServerCapabilities { session.capabilities }

  func deliver(_ job: ClientSession.Job, message: Message, promise: EventLoopPromise<ClientSession.Delivery>) {
    delivery = Delivery(message: message, promise: promise)
    perform(session.deliver(job))
  }

  func quit() { perform(session.quit()) }

  func cut() { perform(session.fail(.connectionLost)) }

  // MARK: - Events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    perform(session.fail(.connectionLost))
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    limitOpening(context)
    setAlarm()
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let octets = unwrapInboundIn(data)
    let actions = octets.withUnsafeReadableBytes { session.receive($0) }
    // A reply that arrives octet by octet does not extend the wait for it.
    if actions.isEmpty, !octets.readableBytesView.contains(0x0A) { return }
    perform(actions)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) { pump() }

  func channelInactive(context: ChannelHandlerContext) {
    perform(session.fail(.connectionLost))
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case .handshakeCompleted? = event as? TLSUserEvent {
      limitOpening(context)
      perform(session.secured())
    }
    context.fireUserInboundEventTriggered(event)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    perform(session.fail(describe(handshake: error, link.smarthost).map { .tlsFailed($0) } ?? .connectionLost))
    context.close(promise: nil)
  }

  // MARK: - Actions

  private func perform(_ actions: [ClientSession.Action]) {
    for action in actions {
      switch action {
      case .send(let bytes): context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: bytes)), promise: nil)
      case .startTLS: startTLS()
      case .sendMessage:
        feed = delivery.map { MessageFeed($0.message) }
        pump()
      case .ready: ready.succeed(nil)
      case .unusable(let trouble): ready.succeed(trouble)
      case .finished(let result): finish(result)
      case .close: context?.close(promise: nil)
      }
    }
    setAlarm()
  }

  /// Starts TLS at once, inside the read that brought the server's consent: whatever comes next has to be TLS.
  private func startTLS() {
    guard let context else { return }
    do {
      let handler = try tls.handler(for: link.smarthost, link.tls)
      try context.pipeline.syncOperations.addHandler(handler, position: .before(self))
    } catch {
      perform(session.fail(.tlsFailed("\(error)")))
    }
  }

  private func finish(_ result: ClientSession.Delivery) {
    let promise = delivery?.promise
    delivery = nil
    feed = nil
    promise?.succeed(result)
  }

  /// Sends the message piece by piece, as fast as the server takes it.
  private func pump() {
    guard let context, let feed else { return }
    while self.feed != nil, context.channel.isActive, context.channel.isWritable {
      switch feed.next(on: context.eventLoop) {
      case .piece(let piece): context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
      case .end(let piece):
        self.feed = nil
        session.messageSent()
        context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
      case .later(let arrival): return wait(for: arrival, of: feed)
      }
    }
    setAlarm()
  }

  private func wait(for arrival: EventLoopFuture<Void>, of feed: MessageFeed) {
    arrival.assumeIsolated().whenComplete { [weak self] result in
      guard let self, self.feed === feed else { return }
      switch result {
      case .success: pump()
      case .failure(let error): perform(session.fail(.unreadable("\(error)")))
      }
    }
  }

  // MARK: - Time

  private func limitOpening(_ context: ChannelHandlerContext) {
    openingEnds = settings.timeouts.opening.map { context.eventLoop.now + TimeAmount($0) }
  }

  /// Sets the alarm. Every event restarts the wait: a line of a reply, or a piece of the message that was sent.
  private func setAlarm() {
    guard let context, context.channel.isActive else {
      alarm?.task.cancel()
      return alarm = nil
    }
    let limit: Duration
    switch session.awaited {
    case nil: limit = settings.idle
    case _? where feed != nil: limit = settings.timeouts.block
    case let step?: limit = settings.timeouts.limit(step)
    }
    deadline = context.eventLoop.now + TimeAmount(limit)
    let isIntroducing = session.awaited == .greeting || session.awaited == .hello
    if let openingEnds, isIntroducing { deadline = min(deadline, openingEnds) }
    // An alarm that rings too early only checks the time again, which is cheaper than a new alarm for each reply.
    if let alarm, alarm.at <= deadline { return }
    alarm?.task.cancel()
    setAlarm(context)
  }

  private func setAlarm(_ context: ChannelHandlerContext) {
    let loop = context.eventLoop.assumeIsolated()
    let task: Scheduled<Void> = loop.scheduleTask(deadline: deadline) { [weak self] in self?.ring() }
    alarm = (task, deadline)
  }

  private func ring() {
    alarm = nil
    guard let context else { return }
    if context.eventLoop.now < deadline { return setAlarm(context) }
    perform(session.isIdle ? session.quit() : session.fail(.timedOut))
  }
}

extension SMTPTimeouts {
  /// Returns the limit for the reply at `step`.
  func limit(_ step: Trouble.Step) -> Duration {
    switch step {
    case .connect: connect
    case .greeting: greeting
    case .hello: hello
    case .startTLS, .handshake: handshake
    case .authentication: authentication
    case .reset, .mail: mail
    case .recipient, .furtherRecipient: recipient
    case .data: data
    case .message: message
    case .quit: quit
    }
  }
}

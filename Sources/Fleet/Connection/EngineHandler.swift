import NIOCore
import NIOSSL
import NIOTLS

/// A channel handler that drives one `EngineSession` on its event loop: octets and time go in, actions are carried out.
/// It decides nothing about the protocol.
final class EngineHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  typealias Answer = Result<RESPValue, EngineFailure>

  private struct Waiting {
    let promise: EventLoopPromise<Answer>
    let alarm: Scheduled<Void>
  }

  private var session: EngineSession
  private let ready: EventLoopPromise<Result<EngineFacts, EngineFailure>>
  private var isReady = false
  private var waiting: [Int: Waiting] = [:]
  private var lastID = 0
  private var context: ChannelHandlerContext?

  init(_ session: EngineSession, loop: any EventLoop) {
    self.session = session
    ready = loop.makePromise()
  }

  /// The facts about the engine once it may be asked, or the reason why it cannot be.
  var readiness: EventLoopFuture<Result<EngineFacts, EngineFailure>> { ready.futureResult }

  /// Runs a script. The answer fails with `.noAnswer` when `patience` is over; the engine may have run it all the same.
  func run(
    _ script: FleetScript, keys: [String], _ arguments: [String], patience: Duration, promise: EventLoopPromise<Answer>
  ) {
    let id = expect(promise, patience)
    perform(session.run(script, keys: keys, arguments, id: id))
  }

  /// Sends a plain command.
  func command(_ words: [String], patience: Duration, promise: EventLoopPromise<Answer>) {
    let id = expect(promise, patience)
    perform(session.command(words, id: id))
  }

  func cut() { perform(session.close(.lost)) }

  private func expect(_ promise: EventLoopPromise<Answer>, _ patience: Duration) -> Int {
    lastID += 1
    let id = lastID
    let loop = promise.futureResult.eventLoop.assumeIsolated()
    let alarm: Scheduled<Void> = loop.scheduleTask(in: TimeAmount(patience)) { [weak self] in self?.giveUp(id) }
    waiting[id] = Waiting(promise: promise, alarm: alarm)
    return id
  }

  private func giveUp(_ id: Int) {
    guard let given = waiting.removeValue(forKey: id) else { return }
    session.abandon(id)
    given.promise.succeed(.failure(.noAnswer))
  }

  // MARK: - Events

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func handlerRemoved(context: ChannelHandlerContext) {
    perform(session.close(.lost))
    self.context = nil
  }

  func channelActive(context: ChannelHandlerContext) {
    // Behind TLS, what is written now waits for the handshake and the check of the certificate.
    perform(session.begin())
    context.fireChannelActive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    perform(session.receive(unwrapInboundIn(data).readableBytesView))
  }

  func channelInactive(context: ChannelHandlerContext) {
    perform(session.close(.lost))
    context.fireChannelInactive()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    perform(session.close(EngineTLS.failure(error)))
    context.close(promise: nil)
  }

  private func perform(_ actions: [EngineSession.Action]) {
    for action in actions {
      switch action {
      case .send(let octets): context?.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
      case .ready(let facts):
        isReady = true
        ready.succeed(.success(facts))
      case .answer(let id, let answer):
        guard let asked = waiting.removeValue(forKey: id) else { continue }
        asked.alarm.cancel()
        asked.promise.succeed(answer)
      case .close(let failure):
        if !isReady { ready.succeed(.failure(failure)) }
        context?.close(promise: nil)
      }
    }
  }
}

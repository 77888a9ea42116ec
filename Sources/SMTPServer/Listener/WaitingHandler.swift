import NIOCore
import SMTPProtocol

/// Holds back a client that may send, first in its pipeline, until there is a place for it. Then `enter` adds the other
/// handlers behind it, and it removes itself: they see a connection that becomes active now. Until then nothing is
/// read.
///
/// Limits: `ListenerSettings.patience`; after that 421, as for every other client.
final class WaitingHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias InboundOut = ByteBuffer
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The outcome for a client whose turn it was.
  enum Turn {
    case begun
    /// The client waits on: another one took the place first, or a different limit keeps it out.
    case waits(ConnectionTable.Line)
    case refused(ConnectionTable.Admission)
  }

  private let table: ConnectionTable
  private var line: ConnectionTable.Line
  private let isLocal: Bool
  private let settings: ListenerSettings
  private let enter: () throws -> Turn
  private let refuse: (ConnectionTable.Admission) -> Reply
  private var context: ChannelHandlerContext?
  private var alarm: Scheduled<Void>?
  private var isActive = false
  private var isOver = false
  /// The reply to send as soon as the connection is active, before it is closed.
  private var lastWord: Reply?

  init(
    table: ConnectionTable, line: ConnectionTable.Line, isLocal: Bool, settings: ListenerSettings,
    enter: @escaping () throws -> Turn, refuse: @escaping (ConnectionTable.Admission) -> Reply
  ) {
    self.table = table
    self.line = line
    self.isLocal = isLocal
    self.settings = settings
    self.enter = enter
    self.refuse = refuse
  }

  /// Joins the line.
  func wait(_ channel: any Channel) {
    let me = NIOLoopBound(self, eventLoop: channel.eventLoop)
    let obstacle = table.wait(channel, in: line, isLocal: isLocal, settings) { me.value.isCalled() }
    if let obstacle { end(obstacle) }
  }

  private func isCalled() {
    guard !isOver, let context else { return }
    do {
      switch try enter() {
      case .begun: leave(context)
      case .refused(let admission): end(admission)
      case .waits(let line):
        let former = self.line
        self.line = line
        wait(context.channel)
        if former != line { table.callNext(in: former) }
      }
    } catch { context.close(promise: nil) }
  }

  private func leave(_ context: ChannelHandlerContext) {
    isOver = true
    if isActive { context.fireChannelActive() }
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
    if isActive { context.channel.read() }
  }

  private func end(_ admission: ConnectionTable.Admission) {
    guard !isOver, let context else { return }
    isOver = true
    let reply = refuse(admission)
    // Nothing can be written before the connection is active.
    if isActive { say(reply, context) } else { lastWord = reply }
  }

  private func say(_ reply: Reply, _ context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: reply.encoded)), promise: nil)
    context.close(promise: nil)
  }

  private func giveUp(_ admission: ConnectionTable.Admission) {
    if isOver { return }
    table.leave(context?.channel, line)
    end(admission)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    isActive = context.channel.isActive
    let admission: ConnectionTable.Admission = line == .all ? .tooMany : .tooManyOfClient
    alarm = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(settings.patience)) { [weak self] in
      self?.giveUp(admission)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    alarm?.cancel()
    if !isOver { table.leave(context.channel, line) }
    isOver = true
    self.context = nil
  }

  /// Keeps the event back: for the handlers behind this one the connection does not exist yet.
  func channelActive(context: ChannelHandlerContext) {
    isActive = true
    if let lastWord { say(lastWord, context) }
  }

  /// Reads only after the wait: what a client sends ahead of our greeting stays in the kernel.
  func read(context: ChannelHandlerContext) { if isOver { context.read() } }

  func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
    guard event is SessionHandler.DrainRequest, !isOver else {
      return context.triggerUserOutboundEvent(event, promise: promise)
    }
    giveUp(.shuttingDown)
    promise?.succeed()
  }
}

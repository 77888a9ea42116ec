import EventLog
import Logging
import MailMessage
import NIOCore
import NIOSSL
import NIOTLS
import SMTPProtocol

// The time of a session, and its log.
extension SessionHandler {
  private var loopTime: NIODeadline { context?.eventLoop.now ?? .now() }

  func keepTime() {
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
  func after(_ duration: Duration, _ body: @escaping (SessionHandler) -> Void) -> Scheduled<Void>? {
    context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
      guard let self, self.context != nil else { return }
      body(self)
    }
  }

  // MARK: - Log

  /// Logs a refusal; repeats of it go to debug level. A 421 is logged with the end of the session.
  func log(_ reply: Reply) {
    guard reply.code >= 400, reply.code != 421 else { return lastRefusal = nil }
    // Django does not report this failure: a report that is too large is one that the admin will not see.
    let level: Logger.Level = reply.code == 552 && !session.isStranger ? .warning : .info
    logger.event(reply == lastRefusal ? .debug : level, .rejected, described([.reply: reply.description]))
    lastRefusal = reply
  }

  func described(_ more: LogFields = [:]) -> LogFields {
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

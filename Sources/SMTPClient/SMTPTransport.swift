package import DedupCore
package import Logging
package import MailMessage
package import NIOCore
import SMTPProtocol

/// Delivers mail to a smarthost over SMTP, with a bounded pool of connections that are kept for the next mail.
///
/// Promises: it never throws, and each recipient gets one outcome (clause R7 decides which, see `Trouble`). A mail is
/// sent again by itself only when a kept connection turned out dead before the server took anything of the mail.
/// Limits: `SMTPTransportSettings`. The caller's job: when to try again.
package actor SMTPTransport: Transport {
  package nonisolated let nextHop: String

  private struct Kept {
    let connection: SmarthostConnection
    var mails: Int
  }

  private let smarthost: Smarthost
  private let settings: SMTPTransportSettings
  private let group: any EventLoopGroup
  private let logger: Logger

  /// Connections without a mail, the one used last at the end; the others are left to time out.
  private var idle: [Kept] = []
  private var busy: [ObjectIdentifier: SmarthostConnection] = [:]
  /// Mails that hold one of the `settings.connections` places.
  private var active = 0
  private var waiting: [CheckedContinuation<Bool, Never>] = []
  private var isShutDown = false
  private var drained: CheckedContinuation<Void, Never>?

  /// - Parameter group: carries the connections; the caller shuts it down, after the transport.
  package init(smarthost: Smarthost, settings: SMTPTransportSettings, group: any EventLoopGroup, logger: Logger) {
    self.smarthost = smarthost
    self.settings = settings
    self.group = group
    self.logger = logger
    nextHop = smarthost.description
  }

  package func deliver(_ envelope: Envelope, message: [UInt8], id: QueueID) async -> [DeliveryOutcome] {
    guard await enter() else { return envelope.recipients.map { _ in .deferred(reason: "shutting down") } }
    let job = ClientSession.Job(
      envelope: envelope, size: message.count, isEightBit: message.contains { $0 >= 0x80 })
    let outcomes = await send(job, message, id)
    leave()
    return outcomes.map(\.outcome)
  }

  /// Lets mails on their way end, up to `limit`, and closes all connections. Mails that come afterwards are deferred.
  package func shutdown(within limit: Duration = .seconds(10)) async {
    isShutDown = true
    for continuation in waiting { continuation.resume(returning: false) }
    waiting = []
    for kept in idle { kept.connection.quit() }
    idle = []
    guard active > 0, drained == nil else { return }
    let cutOff = Task {
      try await Task.sleep(for: limit)
      self.cutOff()
    }
    await withCheckedContinuation { drained = $0 }
    cutOff.cancel()
  }

  // MARK: - One mail

  private func send(_ job: ClientSession.Job, _ message: [UInt8], _ id: QueueID) async -> [ClientSession.Outcome] {
    if let kept = takeKept() {
      let delivery = await carry(job, message, on: kept)
      if !delivery.isStale { return delivery.outcomes }
      logger.debug("reconnecting", metadata: ["queue": "\(id)", "next-hop": "\(nextHop)"])
    }
    do {
      let connection = try await SmarthostConnection.open(to: smarthost, settings, on: group)
      return await carry(job, message, on: Kept(connection: connection, mails: 0)).outcomes
    } catch {
      logger.debug("unreachable", metadata: ["next-hop": "\(nextHop)", "reason": "\(error)"])
      return job.envelope.recipients.map { _ in .failed(error) }
    }
  }

  private func carry(
    _ job: ClientSession.Job, _ message: [UInt8], on kept: Kept
  ) async -> ClientSession.Delivery {
    let key = ObjectIdentifier(kept.connection)
    busy[key] = kept.connection
    let delivery = await kept.connection.deliver(job, message: message)
    busy[key] = nil
    if delivery.isReusable { keep(Kept(connection: kept.connection, mails: kept.mails + 1)) }
    return delivery
  }

  private func takeKept() -> Kept? {
    idle.removeAll { !$0.connection.isOpen }
    return idle.popLast()
  }

  private func keep(_ kept: Kept) {
    guard kept.connection.isOpen else { return }
    if isShutDown || kept.mails >= settings.mailsPerConnection { return kept.connection.quit() }
    idle.append(kept)
  }

  // MARK: - Places

  /// Waits for a place; false when there is none any more.
  private func enter() async -> Bool {
    if isShutDown { return false }
    if active < settings.connections {
      active += 1
      return true
    }
    return await withCheckedContinuation { waiting.append($0) }
  }

  private func leave() {
    // The place goes to the next in line, so that nobody can overtake.
    if !waiting.isEmpty { return waiting.removeFirst().resume(returning: true) }
    active -= 1
    if active == 0 { finishDraining() }
  }

  private func cutOff() {
    for connection in busy.values { connection.cut() }
    finishDraining()
  }

  private func finishDraining() {
    drained?.resume()
    drained = nil
  }
}

extension ClientSession.Outcome {
  fileprivate var outcome: DeliveryOutcome {
    switch self {
    case .delivered(let reply): .delivered(reply: reply.description)
    case .failed(let trouble) where trouble.isPermanent:
      .rejected(reason: trouble.description, status: trouble.status?.description)
    case .failed(let trouble): .deferred(reason: trouble.description)
    }
  }
}

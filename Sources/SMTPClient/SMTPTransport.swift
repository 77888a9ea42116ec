package import DedupCore
package import Logging
package import MailMessage
package import NIOCore
import SMTPProtocol

/// Delivers mail to the first of some smarthosts that works, with a bounded pool of connections that are kept for the
/// next mail.
///
/// Promises: it never throws, and each recipient gets one outcome (clause R7 decides which, see `Trouble`). A mail is
/// sent again by itself only when a connection failed before the server took anything of the mail. A host that failed
/// is left alone for a while (`BackOff`); then it is asked again, and preferred again when it works.
/// A task that is cancelled closes its connection, and the mail is deferred.
/// Limits: `SMTPTransportSettings`. The caller's job: when to try again.
package actor SMTPTransport: Transport {
  package nonisolated let nextHop: String

  let settings: SMTPTransportSettings
  let tls: TLSClient
  let credentials: CredentialSource?
  let group: any EventLoopGroup
  let logger: Logger
  let clock: @Sendable () -> Duration

  /// In order of preference.
  var hosts: [Host]
  var busy: [ObjectIdentifier: SmarthostConnection] = [:]
  /// Mails that hold one of the `settings.connections` places.
  private var active = 0
  private var waiting: [CheckedContinuation<Bool, Never>] = []
  private(set) var isShutDown = false
  private(set) var isRetired = false
  private var drained: CheckedContinuation<Void, Never>?

  /// - Parameters:
  ///   - relays: in order of preference, at least one.
  ///   - credentials: what to log in with; nil: no AUTH.
  ///   - group: carries the connections; the caller shuts it down, after the transport.
  ///   - clock: the time since some fixed moment; it never jumps.
  package init(
    relays: [Relay], settings: SMTPTransportSettings, tls: TLSClient, credentials: CredentialSource? = nil,
    group: any EventLoopGroup, logger: Logger, clock: @escaping @Sendable () -> Duration = monotonicTime
  ) {
    hosts = relays.map { Host(relay: $0) }
    self.settings = settings
    self.tls = tls
    self.credentials = credentials
    self.group = group
    self.logger = logger
    self.clock = clock
    nextHop = relays.map(\.smarthost.description).joined(separator: ", ")
  }

  package func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    guard await enter() else {
      return DeliveryResult(envelope.recipients.map { _ in .deferred(reason: "shutting down") }, nextHop: nextHop)
    }
    defer { leave() }
    let job = ClientSession.Job(envelope: envelope, size: message.count, isEightBit: message.isEightBit)
    let (outcomes, host) = await send(job, message, id)
    return DeliveryResult(outcomes.map(\.outcome), remote: host)
  }

  package func retire() {
    isRetired = true
    quitIdle()
  }

  /// Lets mails on their way end, up to `limit`, and closes all connections. Mails that come afterwards are deferred.
  package func shutdown(within limit: Duration = .seconds(10)) async {
    isShutDown = true
    for continuation in waiting { continuation.resume(returning: false) }
    waiting = []
    quitIdle()
    guard active > 0, drained == nil else { return }
    let cutOff = Task {
      try await Task.sleep(for: limit)
      self.cutOff()
    }
    await withCheckedContinuation { drained = $0 }
    cutOff.cancel()
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

/// The time since this process first asked for it; suspends count, jumps of the wall clock do not.
package let monotonicTime: @Sendable () -> Duration = {
  let start = ContinuousClock.now
  return { start.duration(to: .now) }
}()

extension ClientSession.Outcome {
  fileprivate var outcome: DeliveryOutcome {
    switch self {
    case .delivered(let reply, let speaksDSN):
      .delivered(reply: reply.description, handover: speaksDSN ? .dutyPassedOn : .relayed)
    case .failed(let trouble) where trouble.isPermanent:
      .rejected(reason: trouble.description, status: trouble.status?.description)
    case .failed(let trouble): .deferred(reason: trouble.description)
    }
  }
}

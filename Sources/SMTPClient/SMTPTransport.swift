package import DedupCore
package import Logging
package import MailMessage
package import NIOCore
import SMTPProtocol
import Synchronization

/// A transport that delivers mail to the first working one of some smarthosts, with a bounded pool of connections that
/// are kept for the next mail.
///
/// Promises: it never throws, and each recipient gets one outcome (see `Trouble`).
/// `MailTransactions` decides what may be offered again at once, over which connection and to which host, but never
/// what the host may already have taken. A host that failed is left alone for a while (`HostHealth`); then it is asked
/// again, and preferred again when it works. The limits learned from hosts (`HostLimits`) are remembered as long as the
/// transport lives. A task that is cancelled closes its connection, and the mail is deferred. Limits:
/// `SMTPTransportSettings`. The caller decides when to try again, and hands over no more than `admission` allows.
package actor SMTPTransport: Transport {
  package nonisolated let nextHop: String

  let settings: SMTPTransportSettings
  let tls: TLSClient
  let credentials: CredentialSource?
  let group: any EventLoopGroup
  let logger: Logger
  nonisolated let clock: @Sendable () -> Duration

  /// The hosts in order of preference.
  var hosts: [Host]
  var suspects = Suspects()
  var busy: [ObjectIdentifier: (connection: SmarthostConnection, host: Int)] = [:]
  /// The number of suspects being sent.
  var alone = 0
  /// The number of connections being opened, by host.
  var connecting: [Int: Int] = [:]
  /// The number of mails that hold a place.
  private var active = 0
  private var waiting: [CheckedContinuation<Bool, Never>] = []
  private(set) var isShutDown = false
  private(set) var isRetired = false
  private var drained: CheckedContinuation<Void, Never>?
  /// The state for callers that cannot wait for the actor.
  private nonisolated let known: Mutex<Known>

  /// Creates the transport, without any connection.
  ///
  /// - Parameters:
  ///   - links: The smarthosts in order of preference, at least one.
  ///   - credentials: The source of the credentials to log in with; nil means no AUTH.
  ///   - group: Carries the connections. The caller shuts it down, after the transport.
  ///   - clock: Returns the time since some fixed moment; it never jumps.
  package init(
    links: [SmarthostLink], settings: SMTPTransportSettings, tls: TLSClient, credentials: CredentialSource? = nil,
    group: any EventLoopGroup, logger: Logger, clock: @escaping @Sendable () -> Duration = monotonicTime
  ) {
    let limits = HostLimits(
      connections: settings.connections, mailsPerConnection: settings.mailsPerConnection,
      recipientsPerTransaction: settings.recipientsPerTransaction)
    hosts = links.map { Host(link: $0, limits: limits) }
    known = Mutex(Known(hosts.map(\.health), mails: settings.connections))
    self.settings = settings
    self.tls = tls
    self.credentials = credentials
    self.group = group
    self.logger = logger
    self.clock = clock
    nextHop = links.map(\.smarthost.description).joined(separator: ", ")
  }

  package func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    guard await enter() else {
      var result = DeliveryResult(
        envelope.recipients.map { _ in .deferred(reason: "shutting down") }, nextHop: nextHop)
      (result.wasOffered, result.awaitsNextHop) = (false, true)
      return result
    }
    defer { leave() }
    return await send(Offer(envelope, message, id))
  }

  package func retire() {
    isRetired = true
    quitIdle()
  }

  /// Lets mails in progress finish, for at most `limit`, and closes all connections. Mails that come afterwards are
  /// deferred.
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

  private var places: Int { min(settings.connections, hosts[preferred].limits.connections.value) }

  /// The host that the next mail goes to.
  private var preferred: Int { hosts.indices.first { isUsable($0) || hosts[$0].health.failure?.scope != nil } ?? 0 }

  /// Waits for a place. Returns false if the transport is shut down.
  private func enter() async -> Bool {
    if isShutDown { return false }
    if active < places {
      active += 1
      return true
    }
    return await withCheckedContinuation { waiting.append($0) }
  }

  /// Gives the place back and is the first to get the next one, for a mail whose connection was one too many.
  ///
  /// - Returns: False if the transport is shut down. The mail holds a place in either case, which `leave` gives back.
  func enterAgain() async -> Bool {
    // Another mail has to be active to wake this one.
    if isShutDown || active == 1 { return !isShutDown }
    active -= 1
    let mayGoOn = await withCheckedContinuation { waiting.insert($0, at: 0) }
    if !mayGoOn { active += 1 }
    return mayGoOn
  }

  private func leave() {
    active -= 1
    while active < places, !waiting.isEmpty {
      active += 1
      waiting.removeFirst().resume(returning: true)
    }
    if active == 0 { finishDraining() }
  }

  private func cutOff() {
    for (connection, _) in busy.values { connection.cut() }
    finishDraining()
  }

  private func finishDraining() {
    drained?.resume()
    drained = nil
  }
}

// MARK: - What is known

extension SMTPTransport {
  private struct Known {
    var health: [HostHealth]
    var mails: Int

    init(_ health: [HostHealth], mails: Int) {
      self.health = health
      self.mails = mails
    }
  }

  /// Publishes the state of the hosts. Call it when the health or the limits of a host changed.
  func publish() {
    let now = Known(hosts.map(\.health), mails: places)
    known.withLock { $0 = now }
  }

  package nonisolated var admission: Admission {
    let known = known.withLock { $0 }
    let now = clock()
    if known.health.contains(where: { $0.failure == nil }) { return Admission(.open, mails: known.mails) }
    var pause: Duration?
    var asks = false
    let scope = Self.refused(by: known.health)
    if scope?.isEmpty == true { return Admission(.open, mails: known.mails) }
    for health in known.health {
      guard let failure = health.failure, let end = health.restsUntil(settings.rests, isOnlyWay: true) else { continue }
      if end <= now, !failure.isProvenByConnection {
        let trials = failure.trials
        return Admission(.trial, mails: scope == nil ? trials : known.mails, scope: scope, trials: trials)
      }
      if end <= now { asks = true }
      pause = min(pause ?? .seconds(3600), max(.zero, end - now))
    }
    return Admission(.closed(for: pause ?? .zero, asks: asks), mails: known.mails, scope: scope)
  }

  /// Returns the mail that no host takes, if each host has failed; nil if no host takes any mail.
  private static func refused(by hosts: [HostHealth]) -> MailScope? {
    hosts.compactMap { $0.failure?.scope }.reduce(nil) { $0?.intersection($1) ?? $1 }
  }

  package func hostReports() async -> [HostReport] {
    let now = clock()
    return hosts.indices.map { index in
      let (host, failure) = (hosts[index], hosts[index].health.failure)
      let next = host.health.restsUntil(settings.rests, isOnlyWay: areAllDown)
      return HostReport(
        smarthost: host.link.smarthost, failure: failure, failsFor: failure.map { now - $0.since },
        nextLook: next.map { max(.zero, $0 - now) }, limits: host.limits, connections: openConnections(to: index))
    }
  }
}

/// Returns the time since this process first asked for it. Suspends count; jumps of the wall clock do not.
package let monotonicTime: @Sendable () -> Duration = {
  let start = ContinuousClock.now
  return { start.duration(to: .now) }
}()

extension ClientSession.Outcome {
  var outcome: DeliveryOutcome {
    switch self {
    case .delivered(let reply, let speaksDSN):
      .delivered(reply: reply.description, handover: speaksDSN ? .dutyPassedOn : .relayed)
    case .failed(let trouble) where trouble.isPermanent:
      .rejected(reason: trouble.description, status: trouble.status?.description)
    case .failed(let trouble): .deferred(reason: trouble.description)
    }
  }
}

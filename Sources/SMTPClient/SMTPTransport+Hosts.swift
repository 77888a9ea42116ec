import DedupCore
import Logging
import MailMessage
import NIOCore
import SMTPProtocol

/// Which host gets a mail, and over which connection.
extension SMTPTransport {
  struct Host {
    let relay: Relay
    var health = HostHealth()
    /// What it last failed with.
    var trouble: Trouble?
    /// Connections without a mail, the one used last at the end; the others are left to time out.
    var idle: [Kept] = []
  }

  struct Kept {
    let connection: SmarthostConnection
    var mails: Int
  }

  /// - Returns: one outcome for each recipient, and whose they are.
  func send(
    _ job: ClientSession.Job, _ message: Message, _ id: QueueID
  ) async -> (outcomes: [ClientSession.Outcome], host: Smarthost) {
    var failure: (trouble: Trouble, index: Int)?
    for index in hosts.indices where hosts[index].health.isUsable(at: clock()) {
      do throws(Trouble) {
        return (try await send(job, message, id, to: index), hosts[index].relay.smarthost)
      } catch {
        note(error, of: index)
        failure = failure ?? (error, index)
      }
    }
    // What is reported is the trouble of the host we would rather use.
    let host = hosts[failure?.index ?? 0]
    let trouble = failure?.trouble ?? host.trouble?.whileResting ?? .unreachable("\(host.relay.smarthost) rests")
    return (job.envelope.recipients.map { _ in .failed(trouble) }, host.relay.smarthost)
  }

  /// - Throws: when the host is of no use and took nothing, so that another may be asked.
  private func send(
    _ job: ClientSession.Job, _ message: Message, _ id: QueueID, to index: Int
  ) async throws(Trouble) -> [ClientSession.Outcome] {
    if let kept = takeKept(of: index) {
      let delivery = await carry(job, message, on: kept, to: index)
      if !delivery.isStale { return try delivery.decided() }
      logger.debug("reconnecting", metadata: ["id": "\(id)", "next_hop": "\(hosts[index].relay.smarthost)"])
    }
    let connection = try await connect(to: index)
    return try await carry(job, message, on: Kept(connection: connection, mails: 0), to: index).decided()
  }

  private func connect(to index: Int) async throws(Trouble) -> SmarthostConnection {
    let relay = hosts[index].relay
    let login = try await login()
    do throws(Trouble) {
      return try await SmarthostConnection.open(to: relay, credentials: login, settings, tls, on: group)
    } catch {
      // RFC 7435: somebody who has no use for TLS gets the mail all the same, where the admin did not ask for more.
      guard error.isAboutTLS, relay.tls == .opportunistic else { throw error }
      logger.warning("tls-failed", metadata: ["next_hop": "\(relay.smarthost)", "reason": "\(error)"])
      var plain = relay
      plain.tls = .none
      return try await SmarthostConnection.open(to: plain, credentials: login, settings, tls, on: group)
    }
  }

  /// What to log in with; nil: nothing.
  func login() async throws(Trouble) -> ClientCredentials? {
    guard let credentials else { return nil }
    do throws(CredentialFailure) { return try await credentials() } catch {
      throw Trouble(.noCredentials(error.description), at: .authentication) ?? .lost(at: .authentication)
    }
  }

  private func carry(
    _ job: ClientSession.Job, _ message: Message, on kept: Kept, to index: Int
  ) async -> ClientSession.Delivery {
    let key = ObjectIdentifier(kept.connection)
    busy[key] = kept.connection
    let delivery = await kept.connection.deliver(job, message: message)
    busy[key] = nil
    if !delivery.isStale, !delivery.isUntouched { hosts[index].health.worked() }
    if delivery.isReusable { keep(Kept(connection: kept.connection, mails: kept.mails + 1), of: index) }
    return delivery
  }

  private func note(_ trouble: Trouble, of index: Int) {
    let isNews = hosts[index].health.isUsable(at: clock())
    hosts[index].health.failed(at: clock(), settings.backOff)
    hosts[index].trouble = trouble
    // Once for each failure and not for each mail. What only an admin can mend is said loudly.
    guard isNews else { return }
    logger.log(
      level: trouble.needsAdmin ? .error : .warning, "smarthost-failed",
      metadata: [
        "next_hop": "\(hosts[index].relay.smarthost)", "reason": "\(trouble)",
        "pause": "\(settings.backOff.wait(after: hosts[index].health.failures))",
      ])
  }

  // MARK: - Kept connections

  func quitIdle() {
    for index in hosts.indices {
      for kept in hosts[index].idle { kept.connection.quit() }
      hosts[index].idle = []
    }
  }

  private func takeKept(of index: Int) -> Kept? {
    hosts[index].idle.removeAll { !$0.connection.isOpen }
    return hosts[index].idle.popLast()
  }

  private func keep(_ kept: Kept, of index: Int) {
    guard kept.connection.isOpen else { return }
    if isShutDown || isRetired || kept.mails >= settings.mailsPerConnection { return kept.connection.quit() }
    hosts[index].idle.append(kept)
  }
}

extension ClientSession.Delivery {
  /// - Throws: the trouble of a connection that failed before anything was decided.
  fileprivate func decided() throws(Trouble) -> [ClientSession.Outcome] {
    if isUntouched, case .failed(let trouble)? = outcomes.first { throw trouble }
    return outcomes
  }
}

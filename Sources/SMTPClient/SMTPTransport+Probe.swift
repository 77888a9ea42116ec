package import DedupCore
import MailMessage
import SMTPProtocol

extension SMTPTransport {
  /// Connects to each host, encrypts, logs in, asks whether the host would take a mail, and quits. What is known about
  /// the health of the hosts stays unchanged.
  package func probe(_ question: ProbeQuestion) async -> [Probe] {
    var probes: [Probe] = []
    for link in hosts.map(\.link) {
      let begun = clock()
      let (steps, failure) = await probe(link, question)
      probes.append(
        Probe(
          nextHop: link.smarthost.description, steps: steps, failure: failure.map(explained), took: clock() - begun))
    }
    return probes
  }

  /// Returns the description of `trouble`, which mentions that mail waits longer than the person running a probe.
  nonisolated func explained(_ trouble: Trouble) -> String {
    let patience = SMTPTimeouts.forProbes.limit(trouble.step)
    let longer = settings.timeouts.limit(trouble.step)
    guard trouble.isTimeout, patience < longer else { return trouble.description }
    return "\(trouble.description): not within \(patience.components.seconds) s, the test's limit; "
      + "mail waits for up to \(longer.components.seconds) s"
  }

  package func forgetFailures() {
    for index in hosts.indices { (hosts[index].health, hosts[index].withoutTLSUntil) = (HostHealth(), nil) }
    publish()
  }

  /// Connects to each host that failed and has had its rest, and keeps the connection for the next mail.
  package func lookAgain() async {
    for index in hosts.indices where !isShutDown && !isRetired {
      guard hosts[index].health.failure?.isProvenByConnection == true, isUsable(index) else { continue }
      do throws(Trouble) {
        let connection = try await connect(to: index)
        worked(index)
        keep(Kept(connection: connection, usedAt: clock()), of: index)
      } catch {
        if !Task.isCancelled { note(error, of: index) }
      }
    }
  }

  private func probe(_ link: SmarthostLink, _ question: ProbeQuestion) async -> (steps: [String], failure: Trouble?) {
    var steps: [String] = []
    do throws(Trouble) {
      let login = try await login()
      var impatient = settings
      impatient.timeouts = .forProbes
      let (connection, tlsFailure) = try await open(link, login, impatient)
      let encryption = await encryption(of: connection, link, tlsFailure)
      steps = ["connected", encryption] + (login.map { ["logged in as \($0.username)"] } ?? [])
      let (answers, failure) = await ask(question, on: connection)
      connection.quit()
      return (steps + answers, failure)
    } catch {
      return (steps, error)
    }
  }

  /// Asks whether the host takes mail. A refused null sender is not reported: some servers do not accept it from users
  /// who log in, and no mail of a site has it. A demand for a login is reported even then.
  private func ask(
    _ question: ProbeQuestion, on connection: SmarthostConnection
  ) async -> (steps: [String], failure: Trouble?) {
    let sender = question.sender ?? EmailAddress("")
    let recipients = question.recipient.map { [$0] } ?? []
    var job = ClientSession.Job(
      envelope: Envelope(sender: sender, recipients: recipients), size: 0, isEightBit: false)
    job.isQuestion = true
    let delivery = await connection.deliver(job, message: Message([]))
    // Everything was answered before the RSET, and a mail would not have needed it.
    let end = delivery.end.flatMap { $0.trouble.step == .reset ? nil : $0.trouble }
    if let refusal = delivery.refusal ?? end, question != ProbeQuestion() || refusal.needsAdmin {
      return ([], refusal)
    }
    var steps = question.sender.map { ["takes mail from <\($0)>"] } ?? []
    guard let recipient = recipients.first else { return (steps, nil) }
    if case .failed(let trouble)? = delivery.outcomes.first { return (steps, trouble) }
    steps.append("takes mail for <\(recipient)>")
    return (steps, nil)
  }

  /// Returns whether a connection is encrypted, and if it is not although it might be, why.
  private func encryption(
    of connection: SmarthostConnection, _ link: SmarthostLink, _ tlsFailure: Trouble?
  ) async -> String {
    if await connection.isEncrypted { return "encrypted, certificate \(trust(in: link))" }
    if let tlsFailure { return "not encrypted, because TLS fails (\(tlsFailure)) and is not required" }
    if let refusal = await connection.refusalOfTLS {
      return "not encrypted, because it refuses STARTTLS (\(refusal)) and TLS is not required"
    }
    return link.tls == .opportunistic ? "not encrypted, because it offers no STARTTLS" : "not encrypted"
  }

  private func trust(in link: SmarthostLink) -> String {
    link.tls.knowsThePeer && tls.verifiesCertificates ? "verified" : "not asked for"
  }
}

extension SMTPTimeouts {
  /// The timeouts of a probe, which a person waits for.
  static var forProbes: SMTPTimeouts {
    var timeouts = SMTPTimeouts()
    (timeouts.connect, timeouts.greeting, timeouts.hello) = (.seconds(10), .seconds(20), .seconds(20))
    (timeouts.handshake, timeouts.authentication) = (.seconds(20), .seconds(20))
    (timeouts.mail, timeouts.recipient) = (.seconds(20), .seconds(20))
    return timeouts
  }
}

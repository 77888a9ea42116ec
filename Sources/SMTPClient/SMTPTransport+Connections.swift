import DedupCore
import EventLog
import Logging
import MailMessage
import NIOCore
import SMTPProtocol

/// The connections to a host: opening, using, keeping them for the next mail, and ending them.
extension SMTPTransport {
  /// Returns a kept connection or, if there is none or a fresh one is needed, a new one.
  func connection(to index: Int, isFresh: Bool) async throws(Trouble) -> Kept {
    if !isFresh, let kept = takeKept(of: index) { return kept }
    await makeRoom(at: index)
    connecting[index, default: 0] += 1
    defer { connecting[index, default: 1] -= 1 }
    return Kept(connection: try await connect(to: index), usedAt: clock())
  }

  func connect(to index: Int) async throws(Trouble) -> SmarthostConnection {
    var link = hosts[index].link
    if let end = hosts[index].withoutTLSUntil, clock() < end { link.tls = .none }
    let login = try await login()
    var settings = settings
    if hasAlternative(to: index) || areAllDown && hosts.count > 1 { settings.timeouts = settings.timeouts.impatient }
    let (connection, tlsFailure) = try await open(link, login, settings)
    if tlsFailure != nil { hosts[index].withoutTLSUntil = clock() + settings.timeWithoutTLS }
    return connection
  }

  /// Opens a connection as for a mail: where TLS is opportunistic and fails, a second one in the clear.
  ///
  /// - Returns: The connection, and the failure of TLS that made it one in the clear; nil if there was none.
  func open(
    _ link: SmarthostLink, _ login: ClientCredentials?, _ settings: SMTPTransportSettings
  ) async throws(Trouble) -> (connection: SmarthostConnection, tlsFailure: Trouble?) {
    let mayGoInTheClear = link.tls == .opportunistic && login == nil
    var settings = settings
    if mayGoInTheClear { settings.timeouts.hurryHandshake() }
    do throws(Trouble) {
      return (try await SmarthostConnection.open(to: link, credentials: login, settings, tls, on: group), nil)
    } catch {
      // RFC 7435: a server whose TLS does not work still gets the mail, unless the admin demanded more. A password is
      // never sent to it.
      guard error.isAboutTLS, mayGoInTheClear, !Task.isCancelled else { throw error }
      logger.event(.warning, .tlsFailed, [.nextHop: "\(link.smarthost)", .reason: "\(error)"])
      var link = link
      link.tls = .none
      return (try await SmarthostConnection.open(to: link, credentials: nil, settings, tls, on: group), error)
    }
  }

  /// Returns the credentials to log in with, or nil if no login is configured.
  func login() async throws(Trouble) -> ClientCredentials? {
    guard let credentials else { return nil }
    do throws(CredentialFailure) { return try await credentials() } catch {
      throw Trouble(.noCredentials(error.description), at: .authentication) ?? .lost(at: .authentication)
    }
  }

  func carry(
    _ job: ClientSession.Job, _ message: Message, on kept: Kept, to index: Int
  ) async -> ClientSession.Delivery {
    let key = ObjectIdentifier(kept.connection)
    busy[key] = (kept.connection, index)
    let delivery = await kept.connection.deliver(job, message: message)
    busy[key] = nil
    if delivery.isReusable {
      keep(Kept(connection: kept.connection, mails: kept.mails + 1, usedAt: clock()), of: index)
    }
    return delivery
  }

  // MARK: - How many

  /// Returns the number of connections that the host counts, except those that are closing after QUIT.
  func openConnections(to index: Int) -> Int {
    busy.values.count { $0.host == index } + hosts[index].idle.count { $0.connection.isOpen }
  }

  /// Returns true if the host refuses a connection only because of the ones it already has, and remembers how many it
  /// takes.
  func isOneTooMany(_ trouble: Trouble, at index: Int) -> Bool {
    guard trouble.step.isOpening, !trouble.needsAdmin, trouble.isRepeatable, !trouble.isAboutTLS else { return false }
    let open = openConnections(to: index)
    // Connections being opened may turn out to be the ones the host takes, and those that sent QUIT may still count.
    guard open > 0 else { return connecting[index, default: 0] > 0 || hosts[index].leaving.contains { $0.isOpen } }
    hosts[index].limits.connectionRefused(whileOpen: open)
    logger.event(
      .info, .connectionsLimited,
      [
        .nextHop: "\(hosts[index].link.smarthost)", .connections: "\(open)", .reason: "\(trouble)",
      ])
    return true
  }

  /// Closes idle connections before a new one to a host that limits them, so that the new one is not refused because of
  /// connections that are not needed.
  private func makeRoom(at index: Int) async {
    guard hosts[index].limits.connections.isLearned else { return }
    while openConnections(to: index) >= hosts[index].limits.connections.value, let idle = takeKept(of: index) {
      leave(idle, of: index)
    }
    await waitForLeave(from: index)
  }

  func waitForLeave(from index: Int) async {
    for connection in hosts[index].leaving { await connection.closed() }
    hosts[index].leaving.removeAll { !$0.isOpen }
  }

  // MARK: - Kept

  func quitIdle() {
    for index in hosts.indices {
      for kept in hosts[index].idle { leave(kept, of: index) }
      hosts[index].idle = []
    }
  }

  private func takeKept(of index: Int) -> Kept? {
    hosts[index].idle.removeAll { !$0.connection.isOpen }
    return hosts[index].idle.popLast()
  }

  func keep(_ kept: Kept, of index: Int) {
    guard kept.connection.isOpen else { return }
    let isUsedUp = kept.mails >= hosts[index].limits.mailsPerConnection.value
    if isUsedUp { hosts[index].limits.connectionUsedUp() }
    if isShutDown || isRetired || isUsedUp { return leave(kept, of: index) }
    hosts[index].idle.append(kept)
  }

  private func leave(_ kept: Kept, of index: Int) {
    kept.connection.quit()
    hosts[index].leaving.removeAll { !$0.isOpen }
    hosts[index].leaving.append(kept.connection)
  }
}

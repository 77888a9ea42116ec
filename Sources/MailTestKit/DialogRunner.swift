import MailMessage
package import NIOCore
import SMTPProtocol

/// Runs a `DialogScript` against a `ServerSession` or against a listening server and reports the differences.
package struct DialogRunner: Sendable {
  /// The way in which the client's octets are cut.
  package enum Cut: String, Sendable, CaseIterable {
    /// Line by line, each after the replies that the script expects before it.
    case steps
    /// All at once.
    case whole
    /// One octet at a time.
    case bytes
    /// All at once, followed by the whole conversation a second time.
    case doubled
  }

  package let script: DialogScript

  package init(_ script: DialogScript) { self.script = script }

  /// True if the cut makes sense for this script: a script that ends the session cannot run twice in it.
  package func allows(_ cut: Cut) -> Bool {
    if script.isStepwise { return cut == .steps }
    return cut != .doubled || (script.isRepeatable && !script.endsClosed)
  }

  /// True if `LineClient` can hold the conversation: it has no TLS, and the listener would need users.
  package var allowsLive: Bool {
    var policy = SessionPolicy()
    policy.mends = script.policy.mends
    return script.policy == policy
  }

  // MARK: - Against the pure session

  /// Returns the differences from the script, which are none if the session behaves.
  package func runPure(_ cut: Cut) -> [String] {
    var conversation = PureConversation(script)
    for piece in pieces(cut) { conversation.say(piece) }
    return differences(
      said: conversation.lines, closed: conversation.isClosed, mails: conversation.mails, cut)
  }

  /// Returns the client's octets, in pieces.
  private func pieces(_ cut: Cut) -> [[UInt8]] {
    switch cut {
    case .steps: script.steps.compactMap { step in if case .client(let bytes) = step { bytes } else { nil } }
    case .whole: [script.clientBytes]
    case .bytes: script.clientBytes.map { [$0] }
    case .doubled: [script.clientBytes + script.clientBytes]
    }
  }

  // MARK: - Against a listener

  /// Returns the differences from the script, which are none if the server behaves.
  ///
  /// - Parameters:
  ///   - port: the port of a listener on 127.0.0.1 that has the limits and the answer of the script.
  ///   - mails: returns the mails handed over; called when the conversation is over.
  package func runLive(
    port: Int, _ cut: Cut, on group: any EventLoopGroup, mails: @Sendable () -> [DialogScript.Mail]
  ) async throws -> [String] {
    let (said, closed) = try await LineClient.connect(port: port, on: group) { client in
      // The banner has to come first, or we would be an early talker.
      _ = await client.readLine()
      if cut == .steps { return try await talk(client) }
      try await sendAll(cut, to: client)
      return try await listen(client, times: cut == .doubled ? 2 : 1)
    }
    return differences(said: said, closed: closed, mails: mails(), cut)
  }

  private func sendAll(_ cut: Cut, to client: LineClient) async throws {
    for piece in pieces(cut) { try await send(piece, to: client) }
  }

  /// Sends octets. A server that closes in mid-conversation may be gone before everything is sent.
  private func send(_ bytes: [UInt8], to client: LineClient) async throws {
    do { try await client.send(bytes) } catch  where script.endsClosed {}
  }

  private func talk(_ client: LineClient) async throws -> ([String], Bool) {
    var said: [String] = []
    for step in script.steps {
      switch step {
      case .client(let bytes): try await send(bytes, to: client)
      case .server:
        guard let line = await client.readLine() else { return (said, true) }
        said.append(line)
      case .close: return (said, await client.readLine() == nil)
      }
    }
    return (said, false)
  }

  private func listen(_ client: LineClient, times: Int) async throws -> ([String], Bool) {
    var said: [String] = []
    while said.count < script.serverLines.count * times {
      guard let line = await client.readLine() else { return (said, true) }
      said.append(line)
    }
    return (said, script.endsClosed ? await client.readLine() == nil : false)
  }

  // MARK: - Comparing

  private func differences(said: [String], closed: Bool, mails: [DialogScript.Mail], _ cut: Cut) -> [String] {
    let times = cut == .doubled ? 2 : 1
    let lines = Array(repeating: script.serverLines, count: times).flatMap { $0 }
    let expected = Array(repeating: script.mails, count: times).flatMap { $0 }
    var differences: [String] = []
    for index in 0..<max(lines.count, said.count) {
      let wanted = index < lines.count ? lines[index] : "(nothing)"
      let got = index < said.count ? said[index] : "(nothing)"
      if !Self.matches(got, wanted) { differences.append("reply line \(index + 1): expected \(wanted), got \(got)") }
    }
    if closed != script.endsClosed { differences.append(closed ? "closed unexpectedly" : "was not closed") }
    if mails != expected { differences.append("handed over \(mails), expected \(expected)") }
    return differences
  }

  private static func matches(_ line: String, _ pattern: String) -> Bool {
    pattern.hasSuffix("...") ? line.hasPrefix(pattern.dropLast(3)) : line == pattern
  }
}

/// A session with a driver that commits at once and never waits.
private struct PureConversation {
  private var session: ServerSession
  private let answer: Reply
  private(set) var lines: [String] = []
  private(set) var mails: [DialogScript.Mail] = []
  private(set) var isClosed = false
  private var spilled: [UInt8] = []

  init(_ script: DialogScript) {
    session = ServerSession(
      hostname: "mx.example", address: "192.0.2.1", name: "t1", limits: script.limits, policy: script.policy)
    answer = script.answer
    perform(session.open())
    lines = []
  }

  mutating func say(_ bytes: [UInt8]) { perform(session.receive(bytes)) }

  private mutating func perform(_ actions: [ServerSession.Action]) {
    for action in actions {
      switch action {
      case .reply(let reply):
        let text = String(decoding: reply.encoded.dropLast(2), as: UTF8.self)
        lines += text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
      case .spill(let octets): spilled += octets
      case .forget: spilled = []
      case .commit(var transaction):
        transaction.message = transaction.message.prepending(spilled)
        spilled = []
        mails.append(DialogScript.Mail(transaction))
        perform(session.finish(answer))
      case .pause: perform(session.resume())
      case .startTLS: perform(session.secured())
      case .greet: perform(session.open())
      case .authenticate(let credentials):
        let isRight = credentials == LoginAttempt(user: "anna", password: Array("secret".utf8))
        perform(session.verified(isRight ? .accepted : .rejected))
      case .close: isClosed = true
      }
    }
  }
}

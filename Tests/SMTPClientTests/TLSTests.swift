import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import Testing

@testable import SMTPClient

/// TLS and AUTH over real sockets: which mail goes out, and that nothing is said where others may listen.
@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
  private let group = MultiThreadedEventLoopGroup.singleton
  private let message = Array("Subject: x\r\n\r\nx\r\n".utf8)
  private let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d")])
  private static let extensions = ["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN XOAUTH2"]

  private func transport(
    to port: Int, host: String = "127.0.0.1", _ mode: TLSMode, trusting path: String?,
    _ credentials: ClientCredentials? = nil, timeouts: SMTPTimeouts = SMTPTimeouts()
  ) throws -> SMTPTransport {
    var source: CredentialSource?
    if let credentials { source = { () async throws(CredentialFailure) in credentials } }
    var settings = SMTPTransportSettings(hostname: "us.example")
    settings.timeouts = timeouts
    // On a busy machine a connection may wait long for its first mail.
    settings.idle = .seconds(600)
    return SMTPTransport(
      relays: [Relay(Smarthost(host: host, port: port), tls: mode)], settings: settings,
      tls: try TLSClient(for: [mode], caFile: path),
      credentials: source, group: group, logger: .quiet)
  }

  private func deliver(over transport: SMTPTransport) async -> String {
    defer { Task { await transport.shutdown() } }
    switch await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: 1)).outcomes.first {
    case .delivered: return "delivered"
    case .deferred(let reason): return "deferred: \(reason)"
    case .rejected(let reason, _): return "rejected: \(reason)"
    case nil: return "nothing"
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let certificate: SmarthostCertificate.Kind
    let mode: TLSMode
    var isTrusted = true
    let expected: String
    var testDescription: String { "\(certificate), \(mode), \(isTrusted ? "known" : "unknown") authority" }
  }

  static let cases = [
    Case(certificate: .good, mode: .require, expected: "delivered"),
    Case(certificate: .good, mode: .implicit, expected: "delivered"),
    Case(certificate: .good, mode: .opportunistic, expected: "delivered"),
    Case(certificate: .good, mode: .require, isTrusted: false, expected: "deferred: no TLS: the certificate of"),
    Case(certificate: .good, mode: .implicit, isTrusted: false, expected: "deferred: no TLS: the certificate of"),
    Case(certificate: .expired, mode: .require, expected: "deferred: no TLS: the certificate of"),
    Case(certificate: .expired, mode: .implicit, expected: "deferred: no TLS: the certificate of"),
    Case(certificate: .wrongName, mode: .require, expected: "deferred: no TLS: the certificate of"),
    Case(certificate: .wrongName, mode: .implicit, expected: "deferred: no TLS: the certificate of"),
    // It does not tell who is at the other end, so it need not be choosy.
    Case(certificate: .expired, mode: .opportunistic, isTrusted: false, expected: "delivered"),
    Case(certificate: .wrongName, mode: .opportunistic, isTrusted: false, expected: "delivered"),
  ]

  @Test(
    "which certificates are accepted in which mode",
    arguments: cases)
  func certificates(_ example: Case) async throws {
    let certificate = try SmarthostCertificate.make(example.certificate)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context, implicitly: example.mode == .implicit)
    let transport = try transport(
      to: smarthost.port, example.mode, trusting: example.isTrusted ? certificate.path : nil)
    let outcome = await deliver(over: transport)
    #expect(outcome.hasPrefix(example.expected), "\(outcome)")
    #expect(smarthost.mails.count == (example.expected == "delivered" ? 1 : 0))
    // RFC 3207 section 4.2: EHLO again behind the handshake.
    if example.expected == "delivered", example.mode != .implicit {
      #expect(smarthost.commands.prefix(3) == ["EHLO us.example", "STARTTLS", "EHLO us.example"])
    }
    await smarthost.stop()
  }

  @Test("by name, the certificate is compared with the name")
  func byName() async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context)
    let transport = try transport(to: smarthost.port, host: "localhost", .require, trusting: certificate.path)
    #expect(await deliver(over: transport) == "delivered")
    await smarthost.stop()
  }

  /// What a server may do at a step that stands before the mail.
  struct Fault: Sendable, CustomTestStringConvertible {
    let answer: ScriptedSmarthost.Answer
    var mode = TLSMode.require
    var isHasty = false
    var testDescription: String { "\(answer), \(mode)" }
  }

  static let answers: [Fault] = [
    Fault(answer: .say("454 4.7.0 not now")), Fault(answer: .say("502 5.5.1 what?")),
    Fault(answer: .say("421 4.3.2 leaving")), Fault(answer: .sayAndDrop("421 4.3.2 leaving")), Fault(answer: .drop),
    Fault(answer: .silence, isHasty: true), Fault(answer: .say("what is this?")),
    Fault(answer: .say("220-\(String(repeating: "x", count: 5000))")),
  ]

  /// Octets behind the consent to STARTTLS, by an attacker who wants them taken for what was said inside TLS.
  static let injections: [Fault] =
    ["220 go on\r\n250 injected", "220 go on\r\n220 again", "220 go on\r\n250-x\r\n250 AUTH PLAIN"].map {
      Fault(answer: .say($0))
    }

  @Test(
    "where TLS is not required a mail goes in the clear over a new connection, and nothing injected is taken for TLS",
    arguments: injections)
  func injectionEndsTheConnection(_ fault: Fault) async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context
    ) { $0.step == .starttls ? fault.answer : nil }
    let transport = try transport(to: smarthost.port, .opportunistic, trusting: nil)
    #expect(await deliver(over: transport) == "delivered")
    #expect(smarthost.commands.prefix(4) == ["EHLO us.example", "STARTTLS", "EHLO us.example", "MAIL FROM:<a@b>"])
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test(
    "where TLS is required nothing is said in the clear, whatever the server answers",
    arguments: answers + injections)
  func neverInTheClear(_ fault: Fault) async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context
    ) { $0.step == .starttls ? fault.answer : nil }
    let transport = try transport(
      to: smarthost.port, fault.mode, trusting: certificate.path,
      timeouts: fault.isHasty ? .shortBeforeMail : SMTPTimeouts())
    #expect(await deliver(over: transport).hasPrefix("deferred"))
    #expect(smarthost.commands == ["EHLO us.example", "STARTTLS"])
    await smarthost.stop()
  }

  @Test("required TLS defers the mail when STARTTLS is not offered")
  func startTLSNotOffered() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group)
    let transport = try transport(to: smarthost.port, .require, trusting: nil)
    let outcome = await deliver(over: transport)
    #expect(outcome == "deferred: TLS is required and the next hop does not offer STARTTLS")
    #expect(smarthost.commands == ["EHLO us.example"])
    await smarthost.stop()
  }

  @Test(
    "a handshake that goes wrong costs opportunistic TLS a second connection, and required TLS the attempt",
    arguments: [TLSMode.opportunistic, .require])
  func noHandshake(mode: TLSMode) async throws {
    // Says yes, and then speaks no TLS.
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: Self.extensions) { request in
      request.step == .ehlo || request.step == .starttls || request.step == .greeting || request.connection > 1
        ? nil : .sayAndDrop("500 what?")
    }
    let outcome = await deliver(over: try transport(to: smarthost.port, mode, trusting: nil))
    #expect(mode == .opportunistic ? outcome == "delivered" : outcome.hasPrefix("deferred: no TLS"), "\(outcome)")
    #expect(smarthost.connections == (mode == .opportunistic ? 2 : 1))
    await smarthost.stop()
  }

  /// Where TLS is only for whoever wants it, a server that drops, hangs or misunderstands STARTTLS gets the mail in the
  /// clear over a second connection, and for a while at once.
  @Test(
    "where TLS is optional, a server that fails at STARTTLS gets the mail in the clear over a new connection",
    arguments: [
      Fault(answer: .drop), Fault(answer: .silence, isHasty: true), Fault(answer: .say("250 2.0.0 ok")),
      Fault(answer: .sayAndDrop("220 go on")), Fault(answer: .sayAndDrop("421 4.3.2 leaving")),
    ])
  func fallsBack(_ fault: Fault) async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: Self.extensions) {
      $0.step == .starttls ? fault.answer : nil
    }
    let transport = try transport(
      to: smarthost.port, .opportunistic, trusting: nil, timeouts: fault.isHasty ? .shortBeforeMail : SMTPTimeouts())
    for number in 1...2 {
      let outcomes = await transport.deliver(envelope, message: Message(message), id: QueueID(rawValue: Int64(number)))
        .outcomes
      #expect(outcomes == [.delivered(reply: "250 2.0.0 queued")])
      await smarthost.dropConnections()
    }
    #expect(smarthost.commands.count { $0 == "STARTTLS" } == 1)
    await transport.shutdown()
    await smarthost.stop()
  }

  @Test("with a login no mail goes in the clear, for the password would go with it")
  func neverFallsBackWithLogin() async throws {
    let smarthost = try await ScriptedSmarthost.start(on: group, extensions: Self.extensions) {
      $0.step == .starttls ? .drop : nil
    }
    let transport = try transport(
      to: smarthost.port, .opportunistic, trusting: nil,
      ClientCredentials(username: "user", proof: .password(Secret("pass"))))
    #expect(await deliver(over: transport).hasPrefix("deferred: connection lost while waiting for STARTTLS"))
    #expect(smarthost.connections == 1)
    await smarthost.stop()
  }

  @Test("faults of TLS are told in words, without names of types or source files")
  func faultsAreInWords() {
    let text = """
      handshakeFailed(NIOSSL.BoringSSLError.sslError([Error: 268435703 error:100000f7:SSL routines:OPENSSL_internal:\
      WRONG_VERSION_NUMBER at /src/CNIOBoringSSL/ssl/tls_record.cc:127]))
      """
    #expect(handshakeFault(in: text) == "wrong version number")
    #expect(handshakeFault(in: "unknown(3)") == "the two sides do not agree on how to encrypt")
  }

  // MARK: - AUTH

  @Test("a login over TLS is kept for all mails of the connection")
  func login() async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context)
    let transport = try transport(
      to: smarthost.port, .require, trusting: certificate.path,
      ClientCredentials(username: "user", proof: .password(Secret("pass"))))
    #expect(await deliver(over: transport) == "delivered")
    #expect(smarthost.commands.dropFirst(3).first == "AUTH PLAIN AHVzZXIAcGFzcw==")
    await smarthost.stop()
  }

  @Test("5xx to AUTH is our trouble and not that of the mail")
  func loginRefused() async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context
    ) { $0.step == .auth ? .say("535 5.7.8 bad credentials") : nil }
    let transport = try transport(
      to: smarthost.port, .require, trusting: certificate.path,
      ClientCredentials(username: "user", proof: .password(Secret("pass"))))
    #expect(await deliver(over: transport) == "deferred: 535 5.7.8 bad credentials (in reply to AUTH)")
    #expect(smarthost.mails.isEmpty)
    await smarthost.stop()
  }

  /// Whatever goes wrong at AUTH is our trouble: the mail waits, nothing of it is sent, and no reason shows the secret.
  @Test(
    "whatever goes wrong at AUTH, the mail waits and no reason shows the secret",
    arguments: answers + [Fault(answer: .say("334 UGFzc3dvcmQ6")), Fault(answer: .say("550 5.7.1 never"))])
  func loginGoesWrong(_ fault: Fault) async throws {
    for (step, mechanism) in [(ScriptedSmarthost.Step.auth, "PLAIN"), (.auth, "XOAUTH2"), (.response, "LOGIN")] {
      let certificate = try SmarthostCertificate.make(.good)
      let smarthost = try await ScriptedSmarthost.start(
        on: group, extensions: ["STARTTLS", "AUTH \(mechanism)"], tls: certificate.context
      ) { request in
        if request.step == step { return fault.answer }
        return request.step == .auth ? .say("334 VXNlcm5hbWU6") : request.step == .response ? .say("535 5.7.8 no") : nil
      }
      let secret = Secret("hunter2")
      let transport = try transport(
        to: smarthost.port, .require, trusting: certificate.path,
        ClientCredentials(username: "user", proof: mechanism == "XOAUTH2" ? .token(secret) : .password(secret)),
        timeouts: fault.isHasty ? .shortBeforeMail : SMTPTimeouts())
      let outcome = await deliver(over: transport)
      #expect(outcome.hasPrefix("deferred") && !outcome.contains("hunter2"), "\(mechanism): \(outcome)")
      #expect(smarthost.mails.isEmpty && !smarthost.commands.contains { $0.hasPrefix("MAIL") })
      await smarthost.stop()
    }
  }

  @Test(
    "without TLS the secret stays here, and so it does with TLS that anybody could offer",
    arguments: [TLSMode.none, .opportunistic])
  func neverInTheClear(mode: TLSMode) async throws {
    let certificate = try SmarthostCertificate.make(.good)
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: Self.extensions, tls: certificate.context)
    let transport = try transport(
      to: smarthost.port, mode, trusting: nil, ClientCredentials(username: "user", proof: .password(Secret("pass"))))
    #expect(await deliver(over: transport) == "deferred: there is no verified TLS to log in over")
    #expect(!smarthost.commands.contains { $0.hasPrefix("AUTH") })
    await smarthost.stop()
  }
}

import DedupCore
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import Testing

@testable import SMTPClient

/// What a probe says of encryption.
@Suite(.timeLimit(.minutes(5)))
struct ProbeTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  private func transport(
    to port: Int, _ mode: TLSMode, _ credentials: ClientCredentials?
  ) throws -> SMTPTransport {
    var source: CredentialSource?
    if let credentials { source = { () async throws(CredentialFailure) in credentials } }
    return SMTPTransport(
      links: [SmarthostLink(Smarthost(host: "127.0.0.1", port: port), tls: mode)],
      settings: SMTPTransportSettings(hostname: "us.example"), tls: try TLSClient(for: [mode]),
      credentials: source, group: group, logger: .quiet)
  }

  @Test(
    "a probe goes the way of the mail: where TLS is optional and fails, the host works, and it says why in the clear",
    arguments: [
      (.sayAndDrop("220 go on"), .opportunistic, false, "not encrypted, because TLS fails (", nil),
      (
        .drop, .opportunistic, false,
        "not encrypted, because TLS fails (connection lost while waiting for STARTTLS) and is not required", nil
      ),
      (
        .say("454 4.7.0 not now"), .opportunistic, false,
        "not encrypted, because it refuses STARTTLS (454 4.7.0 not now) and TLS is not required", nil
      ),
      (.say("454 4.7.0 not now"), .require, false, nil, "454 4.7.0 not now (in reply to STARTTLS)"),
      (.drop, .require, false, nil, "connection lost while waiting for STARTTLS"),
      (.drop, .opportunistic, true, nil, "connection lost while waiting for STARTTLS"),
      (nil, .opportunistic, false, "not encrypted, because it offers no STARTTLS", nil),
    ] as [(ScriptedSmarthost.Answer?, TLSMode, Bool, String?, String?)])
  func probesInTheClear(
    _ answer: ScriptedSmarthost.Answer?, mode: TLSMode, logsIn: Bool, says: String?, failure: String?
  ) async throws {
    let smarthost = try await ScriptedSmarthost.start(
      on: group, extensions: answer == nil ? ["PIPELINING"] : ["PIPELINING", "STARTTLS", "AUTH PLAIN LOGIN"]
    ) { $0.step == .starttls ? answer : nil }
    let transport = try transport(
      to: smarthost.port, mode,
      logsIn ? ClientCredentials(username: "user", proof: .password(Secret("pass"))) : nil)
    let probe = try #require(await transport.probe(.init()).first)
    #expect(probe.failure == failure)
    if let says { #expect(probe.steps.contains { $0.hasPrefix(says) }, "\(probe.steps)") }
    await transport.shutdown()
    await smarthost.stop()
  }
}

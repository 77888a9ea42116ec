import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

import Glibc

/// Monitoring looks in every few seconds and must not fill the log.
@Suite(.timeLimit(.minutes(5)))
struct QuietTests {
  struct Check: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var isProxied = false
    var isTLS = false
    let talk: @Sendable (LineClient) async throws -> Void

    init(
      _ what: String, isProxied: Bool = false, isTLS: Bool = false,
      _ talk: @escaping @Sendable (LineClient) async throws -> Void
    ) {
      (testDescription, self.isProxied, self.isTLS, self.talk) = (what, isProxied, isTLS, talk)
    }
  }

  @Test(
    "a health check leaves no line above debug",
    arguments: [
      Check("connects and leaves") { _ in },
      Check("connects and leaves with a reset") { client in try await client.reset() },
      Check("reads the banner and leaves") { client in _ = await client.readReply() },
      Check("reads the banner and leaves with a reset") { client in
        _ = await client.readReply()
        try await client.reset()
      },
      Check("closes its sending side") { client in
        client.finish()
        while await client.readLine() != nil {}
      },
      Check("QUIT") { client in try await client.say("QUIT") },
      Check("EHLO and QUIT") { client in try await client.say("EHLO monitor", "QUIT") },
      Check("HELO and QUIT in one segment, as HAProxy says") { client in
        try await client.say("HELO monitor\r\nQUIT")
      },
      Check("EHLO, and leaves") { client in try await client.say("EHLO monitor") },
      Check("EHLO, RSET, NOOP and QUIT") { client in try await client.say("EHLO x", "RSET", "NOOP", "QUIT") },
      Check("connects to the port of TLS and leaves", isTLS: true) { _ in },
      Check("connects to the port of TLS and leaves with a reset", isTLS: true) { client in try await client.reset() },
      Check("a proxy connects and leaves", isProxied: true) { _ in },
      Check("a proxy connects and leaves with a reset", isProxied: true) { client in try await client.reset() },
      Check("a proxy says LOCAL and leaves", isProxied: true) { client in
        try await client.send(ProxyTests.header(nil))
      },
      Check("a proxy says LOCAL and QUIT", isProxied: true) { client in
        try await client.send(ProxyTests.header(nil))
        try await client.say("QUIT")
      },
    ])
  func healthChecks(_ check: Check) async throws {
    let log = LogKeeper()
    var settings = ListenerSettings.patient(
      endpoints: [.init(host: "127.0.0.1", port: 0, isImplicitTLS: check.isTLS)], hostname: "mx.example")
    if check.isProxied { settings.proxies = [IPNetwork("127.0.0.1")].compactMap { $0 } }
    let files = try TestCertificate()
    let identity = try TLSIdentity(
      certificate: files.certificate, key: files.key, logger: .quiet)
    try await withListener(settings, Collector(), identity: check.isTLS ? identity : nil, log: log) {
      listener, port, group in
      try? await LineClient.connect(port: port, on: group) { client in try await check.talk(client) }
      _ = try await eventually { log.lines.contains { $0.contains(" closed ") || $0.contains(" disconnected ") } }
    }
    let loud = log.lines.filter { !$0.hasPrefix("debug") && !$0.hasPrefix("trace") }
    #expect(loud.count == 2 && loud.first?.contains("listening") == true && loud.last?.contains("stopped") == true)
  }
}

extension LineClient {
  /// Says each line and reads the reply to it, after the banner.
  fileprivate func say(_ lines: String...) async throws {
    _ = await readReply()
    for line in lines {
      try await send(line)
      _ = await readReply()
    }
  }

  /// Leaves as health checks do that save packets.
  fileprivate func reset() async throws {
    try await (channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
    try await channel.close()
  }
}

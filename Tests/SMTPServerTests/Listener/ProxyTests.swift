import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import Testing

@testable import SMTPServer

/// Connections that a proxy hands on. All of them come from 127.0.0.1, which is the proxy.
@Suite(.timeLimit(.minutes(5)))
struct ProxyTests {
  private func settings(
    implicitTLS: Bool = false, _ adjust: (inout ListenerSettings) -> Void = { _ in }
  ) -> ListenerSettings {
    var settings = ListenerSettings.patient(
      endpoints: [.init(host: "127.0.0.1", port: 0, isImplicitTLS: implicitTLS)], hostname: "mx.example")
    settings.proxies = [IPNetwork("127.0.0.1")].compactMap { $0 }
    adjust(&settings)
    return settings
  }

  /// - Parameter client: nil for the proxy itself (LOCAL).
  static func header(_ client: String?) -> [UInt8] {
    let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A] + Array("QUIT\n".utf8)
    guard let octets = client.flatMap({ IPAddress($0) })?.octets else { return signature + [0x20, 0, 0, 0] }
    let family: UInt8 = octets.count == 4 ? 0x11 : 0x21
    return signature + [0x21, family, 0, UInt8(octets.count * 2 + 4)] + octets + octets + [0xDC, 4, 0, 25]
  }

  struct Row: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let client: String?
    let network: String
    /// What MAIL gets; with 250 the mail is from `shown`.
    let code: Int
    let shown: String

    init(_ what: String, _ client: String?, in network: String, _ code: Int, as shown: String) {
      (testDescription, self.client, self.network, self.code, self.shown) = (what, client, network, code, shown)
    }
  }

  @Test(
    "who may send is decided by the address that the header names, and the mail is its",
    arguments: [
      Row("a client of a network that may send", "192.0.2.1", in: "192.0.2.0/24", 250, as: "192.0.2.1"),
      Row("an IPv6 client", "2001:db8::7", in: "2001:db8::/32", 250, as: "2001:db8::7"),
      Row("an IPv4 client in the words of IPv6", "::ffff:192.0.2.1", in: "192.0.2.1", 250, as: "192.0.2.1"),
      Row("a stranger gets nothing of what the proxy may", "203.0.113.9", in: "127.0.0.0/8", 550, as: ""),
      Row("a client on the machine of the proxy, which is ours", "127.0.0.1", in: "127.0.0.0/8", 250, as: "127.0.0.1"),
      Row("the proxy itself", nil, in: "127.0.0.0/8", 250, as: "127.0.0.1"),
      Row("the proxy itself, which may not send", nil, in: "192.0.2.0/24", 550, as: ""),
    ])
  func sends(_ row: Row) async throws {
    let collector = Collector()
    let log = LogKeeper()
    let network = try #require(IPNetwork(row.network))
    try await withListener(settings { $0.networks = [network] }, collector, log: log) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await client.send(Self.header(row.client))
        #expect(await client.readReply() == "220 mx.example ESMTP MailDedup")
        _ = try await client.ehlo()
        try await client.send("MAIL FROM:<a@b>")
        #expect(await client.readReply()?.hasPrefix("\(row.code)") == true)
        guard row.code == 250 else { return }
        try await client.send("RCPT TO:<c@d>\r\nDATA\r\nx\r\n.")
        for _ in 1...3 { _ = await client.readReply() }
      }
    }
    #expect(collector.transactions.map(\.client.address) == (row.code == 250 ? [row.shown] : []))
    #expect(log.lines.count { $0.hasPrefix("debug proxied") && $0.hasSuffix(" proxy=127.0.0.1") } == 1)
    let refusals = log.lines.filter { $0.contains("reply=550") }
    #expect(refusals.count == (row.code == 550 ? 1 : 0))
    #expect(refusals.allSatisfy { $0.hasPrefix("info rejected client=\(row.client ?? "127.0.0.1") ") })
  }

  @Test(
    "a loopback address that a proxy reports is believed only of a proxy on this machine",
    arguments: [
      ("127.0.0.1", "127.0.0.1", true, true), ("127.0.0.1", "192.0.2.10", false, false),
      ("::1", "192.0.2.10", false, false), ("192.0.2.1", "127.0.0.1", true, false),
      ("192.0.2.1", "192.0.2.10", true, false), ("203.0.113.9", "192.0.2.1", false, false),
    ])
  func loopback(_ client: String, _ proxy: String, _ maySend: Bool, _ isLocal: Bool) throws {
    let peer = Peer.proxied(try #require(IPAddress(client)), by: try #require(IPAddress(proxy)))
    let networks = ["127.0.0.0/8", "::1/128", "192.0.2.0/24"].compactMap { IPNetwork($0) }
    #expect(peer.maySend(networks) == maySend && peer.isLocal == isLocal)
    #expect(!Peer.unknown.maySend(networks) && Peer.socket.maySend([]))
  }

  @Test("the header may come in pieces; we do not greet before its last octet")
  func inPieces() async throws {
    try await withListener(settings(), Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        for octet in Self.header("192.0.2.1") {
          #expect(try await client.channel.eventLoop.submit { true }.get())
          try await client.send([octet])
        }
        #expect(await client.readReply() == "220 mx.example ESMTP MailDedup")
      }
    }
  }

  struct Unfit: CustomTestStringConvertible, Sendable {
    let reason: String
    let octets: [UInt8]
    var testDescription: String { reason }
  }

  @Test(
    "anything but a fit header closes the connection without a word, and the log says why",
    arguments: [
      Unfit(reason: "no-proxy-header", octets: Array("EHLO c\r\n".utf8)),
      Unfit(reason: "no-proxy-header", octets: [0x16, 3, 1, 0, 5]),
      Unfit(reason: "proxy-version-1", octets: Array("PROXY TCP4 192.0.2.1 192.0.2.2 1 25\r\n".utf8)),
      Unfit(reason: "proxy-without-address", octets: header(nil).dropLast(4) + [0x21, 0, 0, 0]),
      Unfit(reason: "proxy-header-too-long", octets: header(nil).dropLast(4) + [0x20, 0, 0xFF, 0xFF]),
      Unfit(reason: "proxy-header-too-late", octets: header("192.0.2.1").dropLast()),
      Unfit(reason: "proxy-header-too-late", octets: []),
    ])
  func refuses(_ row: Unfit) async throws {
    let log = LogKeeper()
    let hurried = settings { $0.limits.handshake = row.reason.hasSuffix("late") ? .milliseconds(50) : .seconds(3600) }
    try await withListener(hurried, Collector(), log: log) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        // On a busy machine the time may be over before.
        if !row.octets.isEmpty { try? await client.send(row.octets) }
        #expect(await client.readLine() == nil)
      }
    }
    #expect(log.lines.filter { $0.hasPrefix("warning") } == ["warning refused client=127.0.0.1 reason=\(row.reason)"])
  }

  @Test(
    "SMTP too early or a second header behind the first is refused",
    arguments: [Array("EHLO c\r\n".utf8), header("192.0.2.2")])
  func earlyTalker(_ rest: [UInt8]) async throws {
    try await withListener(settings { $0.greetingDelay = .seconds(3600) }, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await client.send(Self.header("192.0.2.1") + rest)
        #expect(await client.readLine() == "554 5.5.1 Wait for the banner before you send")
        #expect(await client.readLine() == nil)
      }
    }
  }

  @Test("who is no proxy of ours is not believed")
  func notListed() async throws {
    let strict = settings {
      $0.proxies = [IPNetwork("192.0.2.10")].compactMap { $0 }
      $0.greetingDelay = .seconds(3600)
    }
    try await withListener(strict, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await client.send(Self.header("192.0.2.1"))
        #expect(await client.readLine() == "554 5.5.1 Wait for the banner before you send")
      }
    }
  }

  @Test("the handshake of implicit TLS begins behind the header, be it in the same segment")
  func implicitTLS() async throws {
    let files = try TestCertificate()
    let identity = try TLSIdentity(
      certificate: files.certificate, key: files.key, logger: .quiet)
    let tls = try tls(trusting: files)
    try await withListener(settings(implicitTLS: true), Collector(), identity: identity) { _, port, group in
      let prepare: @Sendable (any Channel) throws -> Void = { channel in
        try tls(channel)
        try channel.pipeline.syncOperations.addHandler(Preface(Self.header("192.0.2.1")), position: .first)
      }
      try await LineClient.connect(port: port, on: group, prepare: prepare) { client in
        #expect(await client.readReply() == "220 mx.example ESMTP MailDedup")
        try await client.send("QUIT")
        #expect(await client.readReply() == "221 2.0.0 Bye")
        #expect(await client.readReply() == nil)
      }
    }
  }

  @Test("connections count for the client behind the proxy, and the place of one too many is free at once")
  func limitsPerClient() async throws {
    let limited = settings {
      $0.maximumPerClient = 1
      $0.maximumPerLoopbackClient = 1
    }
    func greeting(_ address: String, _ port: Int, _ group: any EventLoopGroup) async throws -> String? {
      try await LineClient.connect(port: port, on: group) { client in
        try await client.send(Self.header(address))
        return await client.readLine()
      }
    }
    try await withListener(limited, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { first in
        try await first.send(Self.header("192.0.2.1"))
        #expect(await first.readLine()?.hasPrefix("220") == true)
        #expect(try await greeting("192.0.2.1", port, group) == "421 4.7.0 Too many connections; try again later")
        #expect(try await greeting("192.0.2.2", port, group)?.hasPrefix("220") == true)
        #expect(listener.counts.refused == 1 && listener.counts.total == 2)
        try await first.send("QUIT")
        while await first.readLine() != nil {}
      }
      #expect(try await greeting("192.0.2.1", port, group)?.hasPrefix("220") == true)
    }
  }

  @Test("a connection takes its place as soon as it is there, with a header or without")
  func limitsInAll() async throws {
    try await withListener(settings { $0.maximumConnections = 1 }, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { silent in
        #expect(try await eventually { listener.counts.open > 0 })
        try await LineClient.connect(port: port, on: group) { second in
          #expect(await second.readLine() == "421 4.7.0 Too many connections; try again later")
        }
        // A header that was begun does not hold up the end.
        try await silent.send([0x0D])
        await listener.shutdown(within: .seconds(3600))
        #expect(await silent.readLine() == nil)
        #expect(listener.counts.open == 0 && listener.counts.total == 0)
      }
    }
  }
}

/// Says something before everything else.
private final class Preface: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let octets: [UInt8]

  init(_ octets: [UInt8]) { self.octets = octets }

  func channelActive(context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(ByteBuffer(bytes: octets)), promise: nil)
    context.fireChannelActive()
  }
}

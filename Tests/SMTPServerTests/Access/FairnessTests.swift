import Foundation
import MailMessage
import MailTestKit
import NIOCore
import NIOEmbedded
import NIOPosix
import SMTPProtocol
import Testing

@testable import SMTPServer

/// What strangers, who may not send without a login, can take from clients that may (FINDS R1, R7).
@Suite(.timeLimit(.minutes(5)))
struct FairnessTests {
  private func settings(_ adjust: (inout ListenerSettings) -> Void = { _ in }) -> ListenerSettings {
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    settings.linger = .milliseconds(50)
    adjust(&settings)
    return settings
  }

  private func enter(
    _ table: ConnectionTable, _ client: String, isStranger: Bool, _ settings: ListenerSettings
  ) -> (ConnectionTable.Admission, any Channel) {
    let channel = EmbeddedChannel()
    let admission = table.admit(channel, isProxied: false, settings)
    guard admission == .admitted else { return (admission, channel) }
    return (table.assign(channel, to: client, isLocal: false, isStranger: isStranger, settings), channel)
  }

  @Test(
    "a thousand strangers, from however many addresses, leave the places of permitted clients free",
    arguments: [1, 10, 1000])
  func strangersCannotTakeThePlacesOfOthers(addresses: Int) {
    let settings = settings()
    let table = ConnectionTable(ReplyPacing())
    for number in 0..<1000 { _ = enter(table, "stranger \(number % addresses)", isStranger: true, settings) }
    #expect(table.counts.open == min(200, addresses * 20))
    let others = (0..<800).map { enter(table, "host \($0 / 100)", isStranger: false, settings).0 }
    #expect(others.allSatisfy { $0 == .admitted })
  }

  @Test("connections of a proxy that never says whose they are take no place of permitted clients either")
  func headersThatNeverCome() {
    let settings = settings()
    let table = ConnectionTable(ReplyPacing())
    let silent = (0..<1000).map { _ in table.admit(EmbeddedChannel(), isProxied: true, settings) }
    #expect(silent.count { $0 == .admitted } == 200)
    #expect(enter(table, "host", isStranger: false, settings).0 == .admitted)
  }

  @Test("who logs in is a stranger no more, and its place is another stranger's")
  func aLoginFreesAPlace() {
    let settings = settings { $0.maximumBeforeLogin = 1 }
    let table = ConnectionTable(ReplyPacing())
    let (first, channel) = enter(table, "a", isStranger: true, settings)
    #expect(first == .admitted)
    #expect(enter(table, "b", isStranger: true, settings).0 == .tooManyBeforeLogin)
    table.promote(channel)
    let (second, other) = enter(table, "b", isStranger: true, settings)
    #expect(second == .admitted)
    table.remove(other)
    table.remove(channel)
    #expect(table.counts.open == 0)
    #expect(enter(table, "c", isStranger: true, settings).0 == .admitted)
  }

  @Test(
    "of IPv6 a whole /64 is one client, our own networks are not, and IPv4 is counted by address",
    arguments: [
      ("2001:db8:1:2:3:4:5:6", true, "2001:db8:1:2::/64"), ("2001:db8:1:2::1", true, "2001:db8:1:2::/64"),
      ("2001:db8:1:2::1", false, "2001:db8:1:2::1"), ("192.0.2.1", true, "192.0.2.1"),
      ("2001:db8::1", true, "2001:db8::/64"),
    ])
  func countedByNetwork(_ address: String, _ isStranger: Bool, _ counted: String) throws {
    let address = try #require(IPAddress(address))
    #expect(Peer.direct(address).countedAs(isStranger: isStranger) == counted)
    #expect(Peer.proxied(address, by: address).countedAs(isStranger: isStranger) == counted)
  }

  @Test("strangers on TCP do not shut out a permitted client on the Unix socket")
  func twoDoors() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("smtp.sock")
    let both = settings {
      $0.endpoints.append(.socket(path: path, mode: 0o600))
      $0.networks = []
      $0.maximumConnections = 8
    }
    try await withListener(both, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { stranger in
        #expect(await stranger.readReply()?.hasPrefix("220") == true)
        try await LineClient.connect(port: port, on: group) { another in
          #expect(await another.readReply()?.hasPrefix("421 4.7.0") == true)
        }
        try await LineClient.connect(to: SocketAddress(unixDomainSocketPath: path), on: group) { permitted in
          #expect(await permitted.readReply()?.hasPrefix("220") == true)
        }
      }
    }
  }

  @Test("a stranger has less time for a command, for the handshake, and for all until its login")
  func strangersAreNotWaitedFor() async throws {
    let idle = settings {
      $0.networks = []
      $0.limits.idleBeforeLogin = .milliseconds(50)
    }
    try await withListener(idle, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        #expect(await client.readReply() == "421 4.4.2 No command for too long; closing")
      }
    }
    let late = settings {
      $0.networks = []
      $0.limits.login = .milliseconds(50)
    }
    try await withListener(late, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        #expect(await client.readReply() == "421 4.4.2 No login for too long; closing")
      }
    }
  }

  // MARK: - Memory

  private func send(_ octets: [UInt8], to client: LineClient) async throws -> String? {
    for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
      _ = await client.readReply()
      try await client.send(line)
    }
    _ = await client.readReply()
    try await client.send(octets + Array("\r\n.\r\n".utf8))
    return await client.readReply()
  }

  @Test("a header for which there is no memory is refused for now, and the session goes on")
  func aHeaderForWhichThereIsNoMemory() async throws {
    let collector = Collector()
    try await withListener(settings { $0.memory = 64 << 10 }, collector) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        let header = Array("X-Long: ".utf8) + [UInt8](repeating: 0x78, count: 200 << 10)
        let reply = try await send(header, to: client)
        #expect(reply == "452 4.3.1 No room for the message now; try again later")
        try await client.send("NOOP")
        #expect(await client.readReply() == "250 2.0.0 Ok")
      }
    }
    #expect(collector.transactions.isEmpty)
  }

  @Test("a body needs no memory that there is not: it goes to the disk")
  func aBodyGoesToTheDiskWhenMemoryIsScarce() async throws {
    let collector = Collector()
    try await withListener(settings { $0.memory = 64 << 10 }, collector) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        let line = Array("0123456789abcdef\r\n".utf8)
        let body = Array("Subject: x\r\n\r\n".utf8) + (0..<20_000).flatMap { _ in line }
        let reply = try await send(Array(body.dropLast(2)), to: client)
        #expect(reply?.hasPrefix("250") == true)
        #expect(collector.transactions.map(\.message.count) == [body.count])
      }
    }
  }
}

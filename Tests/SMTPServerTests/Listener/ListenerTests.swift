import Foundation
import Logging
import MailMessage
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// What only a real socket shows.
@Suite(.timeLimit(.minutes(5)))
struct ListenerTests {
  private func settings(_ adjust: (inout ListenerSettings) -> Void = { _ in }) -> ListenerSettings {
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    adjust(&settings)
    return settings
  }

  private static let accepted = Reply(250, .init(2, 0, 0), "Accepted")

  private func startMail(_ client: LineClient) async throws {
    _ = await client.readReply()
    for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
      try await client.send(line)
      _ = await client.readReply()
    }
  }

  @Test("a port that is in use is a failure that says what to do")
  func busyPort() async throws {
    try await withListener(settings(), Collector()) { port, group in
      let logger = Logger.quiet
      let second = SMTPListener(
        settings: settings { $0.endpoints = [.init(host: "127.0.0.1", port: port)] }, handler: Collector(),
        group: group, logger: logger)
      let failure = await #expect(throws: ListenerFailure.self) { try await second.start() }
      #expect(failure?.kind == .inUse)
      #expect(
        failure?.description
          == "cannot listen on 127.0.0.1:\(port): the port is in use (another maildedup, or an MTA?); "
          + "change [listener] address")
    }
  }

  @Test("each event loop has a socket of its own at the port, and clients find one whichever the kernel picks")
  func socketOfEachLoop() async throws {
    try await withListener(settings(), Collector()) { port, group in
      // proc(5): the local address in hexadecimal, and 0A for a socket that listens.
      let address = "0100007F:" + String(port + 0x10000, radix: 16, uppercase: true).dropFirst()
      let table = try FileHandle(forReadingFrom: URL(filePath: "/proc/net/tcp")).readToEnd() ?? Data()
      let sockets = String(decoding: table, as: UTF8.self).split(separator: "\n")
        .filter { $0.contains(" \(address) 00000000:0000 0A ") }
      #expect(sockets.count == Array(group.makeIterator()).count)
      for _ in 0..<20 {
        try await LineClient.connect(port: port, on: group) { client in
          #expect(await client.readLine()?.hasPrefix("220") == true)
        }
      }
    }
  }

  @Test("a message counts as arriving from the answer to DATA to its end, or to that of its connection")
  func arrivingMessages() async throws {
    let arriving = ArrivingMessages()
    try await withListener(settings(), Collector(), arriving: arriving) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        #expect(arriving.count == 1)
        try await client.send("Subject: x\r\n\r\nx\r\n.")
        _ = await client.readReply()
        #expect(arriving.count == 0)
      }
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        #expect(arriving.count == 1)
      }
      #expect(try await eventually { arriving.count == 0 })
    }
  }

  @Test("an address that no interface has is a failure of its own")
  func foreignAddress() async throws {
    let listener = SMTPListener(
      settings: settings { $0.endpoints = [.init(host: "192.0.2.1", port: 0)] }, handler: Collector(),
      group: MultiThreadedEventLoopGroup.singleton, logger: .quiet)
    let failure = await #expect(throws: ListenerFailure.self) { try await listener.start() }
    #expect(failure?.kind == .noSuchAddress)
  }

  @Test(
    "one connection more than allowed gets 421, and a place that becomes free is given again",
    arguments: [true, false])
  func connectionLimits(perClient: Bool) async throws {
    let limited = settings {
      $0.patience = .milliseconds(50)
      if perClient { $0.maximumPerLoopbackClient = 1 } else { $0.maximumConnections = 1 }
    }
    try await withListener(limited, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { first in
        #expect(await first.readLine()?.hasPrefix("220") == true)
        try await LineClient.connect(port: port, on: group) { second in
          #expect(await second.readLine() == "421 4.7.0 Too many connections; try again later")
          #expect(await second.readLine() == nil)
        }
        #expect(listener.counts.open == 1 && listener.counts.total == 1 && listener.counts.refused == 1)
        try await first.send("QUIT")
        while await first.readLine() != nil {}
      }
      try await LineClient.connect(port: port, on: group) { third in
        #expect(await third.readLine()?.hasPrefix("220") == true)
      }
    }
  }

  /// A large message reaches the handler whole; one for which there is no room is refused for now, and the session goes
  /// on.
  @Test(
    "a large message reaches the handler whole, and one without room is refused for now",
    arguments: [true, false])
  func largeMessage(hasRoom: Bool) async throws {
    let collector = Collector()
    let lines = String(repeating: "A line of a large message.\r\n", count: 50_000)
    let messages: any LargeMessages = hasRoom ? MemoryMessages() : NoRoom()
    try await withListener(settings(), collector, largeMessages: messages) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        try await client.send(Array((lines + ".\r\n").utf8))
        #expect(await client.readLine()?.prefix(3) == (hasRoom ? "250" : "452"))
        try await client.send("NOOP")
        #expect(await client.readLine()?.prefix(3) == "250")
      }
    }
    #expect(collector.transactions.map(\.message) == (hasRoom ? [Message(Array(lines.utf8))] : []))
  }

  @Test("who talks before the banner is refused")
  func earlyTalker() async throws {
    try await withListener(settings { $0.greetingDelay = .seconds(3600) }, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await client.send("EHLO c")
        #expect(await client.readLine() == "554 5.5.1 Wait for the banner before you send")
        #expect(await client.readLine() == nil)
      }
    }
  }

  @Test(
    "a connection that ends within the data delivers nothing (R2), also when only the final LF is missing",
    arguments: ["", "x\r\n", "x\r\n.", "x\r\n.\r"])
  func lostInData(text: String) async throws {
    let collector = Collector()
    try await withListener(settings(), collector) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        try await client.send(Array(text.utf8))
        client.finish()
        #expect(await client.readLine() == nil)
      }
    }
    #expect(collector.transactions.isEmpty)
  }

  @Test("a client that closes its sending side behind the mail gets the answer all the same")
  func halfClosed() async throws {
    let holder = Holder()
    try await withListener(settings(), holder) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        try await client.send("x\r\n.")
        client.finish()
        await holder.next()?(Self.accepted)
        #expect(await client.readLine() == "250 2.0.0 Accepted")
        #expect(await client.readLine() == nil)
      }
    }
  }

  @Test("a handler that answers twice answers only once")
  func secondAnswer() async throws {
    let holder = Holder()
    try await withListener(settings(), holder) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMail(client)
        try await client.send("x\r\n.\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA")
        let first = await holder.next()
        first?(Self.accepted)
        for expected in ["250 2.0.0", "250 2.1.0", "250 2.1.5", "354"] {
          #expect(await client.readLine()?.hasPrefix(expected) == true)
        }
        try await client.send("y\r\n.")
        let second = await holder.next()
        first?(Reply(451, .init(4, 3, 0), "wrong"))
        second?(Self.accepted)
        #expect(await client.readLine() == "250 2.0.0 Accepted")
      }
    }
  }

  @Test(
    "an idle client is sent away, and one whose message does not come",
    arguments: [false, true])
  func deadlines(inData: Bool) async throws {
    let hurried = settings {
      $0.limits.idle = inData ? .seconds(60) : .milliseconds(50)
      $0.limits.data = .milliseconds(50)
    }
    try await withListener(hurried, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        if inData { try await startMail(client) } else { _ = await client.readLine() }
        #expect(await client.readLine()?.hasPrefix("421 4.4.2") == true)
        #expect(await client.readLine() == nil)
      }
    }
  }

  @Test("the last words reach a client that goes on sending: closing with unread octets would reset the connection")
  func lastWordsArrive() async throws {
    try await withListener(settings(), Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readLine()
        try await client.send([UInt8](repeating: 0x78, count: 2_000_000))
        #expect(await client.readLine() == "500 5.5.2 Line too long")
      }
    }
  }

  @Test("who is in none of the networks is refused at MAIL: the relay is no open one")
  func strangers() async throws {
    try await withListener(settings { $0.networks = [] }, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        _ = try await client.ehlo()
        try await client.send("MAIL FROM:<a@b>")
        #expect(await client.readReply() == "550 5.7.1 Your address may not send through this relay")
      }
    }
  }

  @Test("settings that change reach the next connection")
  func adopts() async throws {
    try await withListener(settings(), Collector()) { listener, port, group in
      try await listener.adopt(.init(settings: settings { $0.hostname = "new.example" }))
      try await LineClient.connect(port: port, on: group) { client in
        #expect(await client.readLine() == "220 new.example ESMTP MailDedup")
      }
    }
  }

  @Test("a refusal says who sent, as the lines of mails that were taken say it, and what we answered")
  func refusalIsLogged() async throws {
    let log = LogKeeper()
    try await withListener(settings { $0.limits.recipients = 1 }, Collector(), log: log) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RCPT TO:<e@f>"] {
          try await client.send(line)
          _ = await client.readReply()
        }
      }
    }
    let expected =
      "info rejected client=127.0.0.1 from=<a@b> recipients=1 "
      + "reply=452 4.5.3 Too many recipients in one transaction session=s1"
    #expect(log.lines.filter { $0.contains("reply=452") } == [expected])
  }

  @Test("a message that was refused is one line, with its envelope; the rest of the session is for who debugs")
  func refusedMessageIsOneLine() async throws {
    let log = LogKeeper()
    let group = MultiThreadedEventLoopGroup.singleton
    let listener = SMTPListener(
      settings: settings(), handler: Collector(answer: Reply(451, .init(4, 3, 0), "Later")), group: group,
      logger: Logger(label: "test") { _ in log })
    let port = try await listener.start()[0].port
    try await LineClient.connect(port: port, on: group) { client in
      try await startMail(client)
      try await client.send(".")
      _ = await client.readReply()
      try await client.send("QUIT")
      while await client.readLine() != nil {}
    }
    await listener.shutdown(within: .seconds(10))
    let expected = "info rejected client=127.0.0.1 from=<a@b> recipients=1 reply=451 4.3.0 Later session=s1"
    #expect(log.lines.filter { $0.hasPrefix("info rejected") } == [expected])
    #expect(log.lines.filter { $0.hasPrefix("info") }.count == 3, "listening, rejected, stopped; the rest is debug")
  }
}

import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// Who keeps a listener from stopping, and for how long.
@Suite(.timeLimit(.minutes(5)))
struct StopTests {
  private let settings: ListenerSettings = {
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    settings.linger = .milliseconds(50)
    return settings
  }()

  private func startMessage(_ client: LineClient) async throws {
    for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
      _ = await client.readReply()
      try await client.send(line)
    }
    #expect(await client.readReply()?.hasPrefix("354") == true)
  }

  @Test("a client that falls silent in the middle of a message is told 421, long before the limit")
  func silentInTheMessage() async throws {
    let collector = Collector()
    try await withListener(settings, collector) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMessage(client)
        try await client.send("half")
        let begun = ContinuousClock.now
        await listener.shutdown(within: .seconds(60), silence: .milliseconds(100))
        #expect(ContinuousClock.now - begun < .seconds(30))
        #expect(await client.readReply()?.hasPrefix("421") == true)
        #expect(await client.readReply() == nil)
      }
    }
    #expect(collector.transactions.isEmpty)
  }

  @Test("a client that goes on sending may finish, and so may a message that is being made durable")
  func sendingAndCommitting() async throws {
    let holder = Holder()
    try await withListener(settings, holder) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMessage(client)
        async let stopped: Void = listener.shutdown(within: .seconds(120), silence: .seconds(5))
        for _ in 0..<60 {
          try await client.send("a line")
          try await letTimePass(.milliseconds(100))
        }
        try await client.send(".")
        let answer = try #require(await holder.next())
        try await letTimePass(.seconds(7))
        answer(Reply(250, .init(2, 0, 0), "Accepted"))
        #expect(await client.readReply() == "250 2.0.0 Accepted")
        #expect(await client.readReply()?.hasPrefix("421") == true)
        await stopped
      }
    }
  }

  @Test("shutting down says 421 to who is idle, and lets a mail in flight be answered first")
  func shutdown() async throws {
    let holder = Holder()
    try await withListener(settings, holder) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { idle in
        _ = await idle.readLine()
        try await LineClient.connect(port: port, on: group) { busy in
          try await startMessage(busy)
          try await busy.send("x\r\n.")
          let answer = await holder.next()
          async let stopped: Void = listener.shutdown(
            within: .seconds(30), silence: .milliseconds(300), idleness: .milliseconds(100))
          #expect(await idle.readLine() == "421 4.3.2 Shutting down; try again shortly")
          answer?(Reply(250, .init(2, 0, 0), "Accepted"))
          #expect(await busy.readLine() == "250 2.0.0 Accepted")
          #expect(await busy.readLine() == "421 4.3.2 Shutting down; try again shortly")
          await stopped
        }
      }
      #expect(listener.counts.open == 0)
    }
  }

  @Test("who stays longer than shutting down may take is cut off")
  func shutdownCutsOff() async throws {
    try await withListener(settings, Holder()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        try await startMessage(client)
        await listener.shutdown(within: .zero)
        #expect(await client.readLine() == nil)
      }
    }
  }
}

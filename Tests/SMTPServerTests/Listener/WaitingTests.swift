import MailTestKit
import NIOCore
import NIOEmbedded
import SMTPProtocol
import Synchronization
import Testing

@testable import SMTPServer

/// Clients that may send wait for a place, for one without a queue loses its mail to a 421.
@Suite(.timeLimit(.minutes(5)))
struct WaitingTests {
  private func settings(_ adjust: (inout ListenerSettings) -> Void = { _ in }) -> ListenerSettings {
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    settings.linger = .milliseconds(50)
    adjust(&settings)
    return settings
  }

  private func somebodyWaits(at listener: SMTPListener) async throws {
    let isSo = try await eventually { listener.counts.waiting > 0 }
    #expect(isSo)
  }

  private static let banner = "220 mx.example ESMTP MailDedup"

  @Test("a client waits for the place of one that leaves, and its words are not lost", arguments: [false, true])
  func waits(perClient: Bool) async throws {
    let limited = settings { if perClient { $0.maximumPerLoopbackClient = 1 } else { $0.maximumConnections = 1 } }
    try await withListener(limited, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { first in
        #expect(await first.readReply() == Self.banner)
        try await LineClient.connect(port: port, on: group) { second in
          try await second.send("EHLO early")
          try await somebodyWaits(at: listener)
          try await first.send("QUIT")
          #expect(await second.readReply() == Self.banner)
          #expect(await second.readReply()?.hasPrefix("250") == true)
          #expect(listener.counts.refused == 0 && listener.counts.waiting == 0 && listener.counts.total == 2)
        }
      }
    }
  }

  @Test("who waits too long hears why, and so does one beyond those that may wait")
  func patience() async throws {
    let full = settings {
      $0.maximumConnections = 1
      $0.maximumWaiting = 1
      $0.patience = .milliseconds(50)
    }
    let refusal = "421 4.7.0 Too many connections; try again later"
    try await withListener(full, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { first in
        #expect(await first.readReply() == Self.banner)
        try await LineClient.connect(port: port, on: group) { second in
          try await LineClient.connect(port: port, on: group) { third in
            #expect(await second.readReply() == refusal)
            #expect(await third.readReply() == refusal)
          }
        }
        #expect(listener.counts.refused == 2 && listener.counts.waiting == 0)
      }
    }
  }

  @Test("one that leaves the line is not waited for, and at the end those who wait are told")
  func leaving() async throws {
    try await withListener(settings { $0.maximumConnections = 1 }, Collector()) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { first in
        #expect(await first.readReply() == Self.banner)
        try await LineClient.connect(port: port, on: group) { _ in
          try await somebodyWaits(at: listener)
        }
        try await LineClient.connect(port: port, on: group) { third in
          try await somebodyWaits(at: listener)
          try await first.send("QUIT")
          #expect(await third.readReply() == Self.banner)
          try await LineClient.connect(port: port, on: group) { fourth in
            try await somebodyWaits(at: listener)
            async let end: Void = listener.shutdown(within: .seconds(60))
            #expect(await fourth.readReply() == "421 4.3.2 Shutting down; try again shortly")
            try await third.send("QUIT")
            await end
          }
        }
      }
    }
  }

  /// What happened to each connection of a table, on whose word.
  private final class Line: Sendable {
    let called = Mutex<[String]>([])
    func note(_ name: String) { called.withLock { $0.append(name) } }
  }

  @Test("turns go in order, to the client's own line first, and on to the next when somebody gave up")
  func order() {
    let table = ConnectionTable(ReplyPacing())
    let settings = settings { ($0.maximumConnections, $0.maximumPerClient) = (2, 1) }
    let line = Line()
    func channel() -> EmbeddedChannel { EmbeddedChannel() }
    let (a, b) = (channel(), channel())
    for (channel, name) in [(a, "a"), (b, "b")] {
      #expect(table.admit(channel, isProxied: false, settings) == .admitted)
      #expect(table.assign(channel, to: name, isLocal: false, isStranger: false, settings) == .admitted)
    }
    let waiting = (0..<3).map { _ in channel() }
    let lines: [ConnectionTable.Line] = [.all, .client("a"), .all]
    for (number, channel) in waiting.enumerated() {
      let obstacle = table.wait(channel, in: lines[number], isLocal: false, settings) { line.note("\(number)") }
      #expect(obstacle == nil)
    }
    #expect(table.admit(channel(), isProxied: false, settings) == .tooMany)
    table.leave(waiting[0], .all)
    table.remove(a)
    table.remove(b)
    for channel in waiting { channel.embeddedEventLoop.run() }
    #expect(line.called.withLock { $0 } == ["1", "2"])
    #expect(table.counts.waiting == 0)
    #expect(table.admit(channel(), isProxied: false, settings) == .admitted)
    _ = table.shutDown()
    #expect(table.wait(channel(), in: .all, isLocal: false, settings) {} == .shuttingDown)
  }
}

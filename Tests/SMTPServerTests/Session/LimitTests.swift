import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// Limits that need a driver, a clock or several connections. Those of one session stand in `Dialogs` and in
/// `ServerSessionTests`, those of addresses in `ProxyTests`.
@Suite(.timeLimit(.minutes(5)))
struct LimitTests {
  private func settings(_ adjust: (inout ListenerSettings) -> Void = { _ in }) -> ListenerSettings {
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    settings.linger = .milliseconds(50)
    adjust(&settings)
    return settings
  }

  /// The only connection that may be is over 80 % of them: it has less time, though it began with more.
  @Test("the only connection that may be is under pressure and has less time, though it began with more")
  func pressure() async throws {
    let scarce = settings {
      $0.maximumConnections = 1
      $0.limits.idle = .seconds(3600)
      $0.limits.idleUnderPressure = .milliseconds(50)
    }
    try await withListener(scarce, Collector()) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        #expect(await client.readReply() == "421 4.4.2 No command for too long; closing")
        #expect(await client.readReply() == nil)
      }
    }
  }

  @Test("mail that comes too slowly is ended by the clock, without a further octet")
  func slowData() async throws {
    let impatient = settings {
      $0.limits.slowAfter = .milliseconds(50)
      $0.limits.minimumRate = 1_000_000
    }
    let collector = Collector()
    try await withListener(impatient, collector) { port, group in
      try await LineClient.connect(port: port, on: group) { client in
        for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
          _ = await client.readReply()
          try await client.send(line)
        }
        _ = await client.readReply()
        // On a busy machine the time may be over before.
        try? await client.send("x")
        #expect(await client.readReply() == "421 4.4.2 The message comes too slowly; closing")
      }
    }
    #expect(collector.transactions.isEmpty)
  }

  @Test("after ten wrong passwords in a minute, in whatever sessions, not even the right one is looked at")
  func failuresPerMinute() async throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("anna:\(try OpenSSLCommand.run(["passwd", "-5", "secret"]))", to: "users")
    let users = try PasswordFile(path: path, logger: .quiet)
    let guessing = settings {
      $0.allowsPlaintextAuthOnLoopback = true
      $0.limits.authFailures = 6
      $0.limits.authDelay = .zero
    }
    try await withListener(guessing, Collector(), authenticator: Authenticator(users: users)) { _, port, group in
      for _ in 1...2 {
        try await LineClient.connect(port: port, on: group) { client in
          _ = await client.readReply()
          _ = try await client.ehlo()
          for _ in 1...5 {
            try await client.send("AUTH PLAIN AGFubmEAd3Jvbmc=")
            #expect(await client.readReply() == "535 5.7.8 User name or password is wrong")
          }
        }
      }
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        _ = try await client.ehlo()
        try await client.send("AUTH PLAIN AGFubmEAc2VjcmV0")
        #expect(await client.readReply() == "421 4.7.0 Too many failed logins; closing")
        #expect(await client.readReply() == nil)
      }
    }
  }

  /// Who does not read our replies is not listened to any more, so that they do not pile up in memory, and is idle.
  @Test("who does not read our replies is not listened to any more, and counts as idle")
  func unreadReplies() async throws {
    let patient = settings {
      $0.limits.junkCommands = .max
      $0.limits.idle = .seconds(2)
      // An early talker would be cut off as well, and show nothing.
      $0.greetingDelay = .zero
    }
    // More than all buffers of the kernel between us and the listener hold.
    let endless = ByteBuffer(string: String(repeating: "HELP\r\n", count: 2_000_000))
    try await withListener(patient, Collector()) { port, group in
      let channel = try await ClientBootstrap(group: group)
        .channelOption(.autoRead, value: false)
        .channelOption(.socketOption(.so_rcvbuf), value: 65536)
        .channelOption(.socketOption(.so_sndbuf), value: 65536)
        .connect(host: "127.0.0.1", port: port).get()
      await #expect(throws: (any Error).self) { try await channel.writeAndFlush(endless) }
      try? await channel.close()
    }
  }
}

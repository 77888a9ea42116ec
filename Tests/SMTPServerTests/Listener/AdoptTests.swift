import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// New terms while clients are connected.
@Suite(.timeLimit(.minutes(5)))
struct AdoptTests {
  private func settings(_ endpoints: ListenerSettings.Endpoint...) -> ListenerSettings {
    ListenerSettings.patient(endpoints: endpoints, hostname: "mx.example")
  }

  private let anyPort = ListenerSettings.Endpoint(host: "127.0.0.1", port: 0)

  /// Nil: nobody listens.
  private func greeting(port: Int, on group: any EventLoopGroup) async -> String? {
    try? await LineClient.connect(port: port, on: group) { await $0.readLine() }
  }

  @Test("an endpoint that goes takes nobody with it who is connected, and the new one is there before")
  func endpoints() async throws {
    let collector = Collector()
    try await withListener(settings(anyPort), collector) { listener, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        for line in ["EHLO c", "MAIL FROM:<a@b>", "RCPT TO:<c@d>"] {
          _ = await client.readReply()
          try await client.send(line)
        }
        let folder = try TemporaryFolder()
        let socket = folder.file("smtp.sock")
        try await listener.adopt(.init(settings: settings(.socket(path: socket, mode: 0o600))))
        #expect(listener.endpoints.map(\.description) == [socket])
        #expect(await greeting(port: port, on: group) == nil)
        _ = await client.readReply()
        for line in ["DATA", "x\r\n."] {
          try await client.send(line)
          #expect(await client.readReply()?.hasPrefix(line == "DATA" ? "354" : "250") == true)
        }
        try await listener.adopt(.init(settings: settings(.socket(path: socket, mode: 0o666))))
        let mode = try FileManager.default.attributesOfItem(atPath: socket)[.posixPermissions] as? Int
        #expect(mode == 0o666, "a kept socket gets its new mode")
      }
      #expect(collector.transactions.count == 1)
    }
  }

  @Test("when one of the new endpoints cannot be bound, everything is as it was")
  func refused() async throws {
    try await withListener(settings(anyPort), Collector()) { listener, port, group in
      let before = listener.endpoints
      var other = settings(anyPort, .init(host: "192.0.2.1", port: port))
      other.hostname = "new.example"
      let failure = await #expect(throws: ListenerFailure.self) { try await listener.adopt(.init(settings: other)) }
      #expect(failure?.kind == .noSuchAddress)
      #expect(listener.endpoints == before)
      #expect(await greeting(port: port, on: group) == "220 mx.example ESMTP MailDedup")
      let secure = settings(.init(host: "127.0.0.1", port: 0, isImplicitTLS: true))
      await #expect(throws: ListenerFailure.self) { try await listener.adopt(.init(settings: secure)) }
      #expect(await greeting(port: port, on: group) == "220 mx.example ESMTP MailDedup")
    }
  }

  @Test("an endpoint goes from one address to all addresses at the same port, and back")
  func wildcard() async throws {
    try await withListener(settings(anyPort), Collector()) { listener, port, group in
      let all = ListenerSettings.Endpoint(host: "0.0.0.0", port: 0)
      try await listener.adopt(.init(settings: settings(all)))
      let chosen = listener.endpoints[0].port
      // By its number from here on; nobody else takes it in between.
      try await listener.adopt(.init(settings: settings(anyPort)))
      for host in ["0.0.0.0", "127.0.0.1"] {
        try await listener.adopt(.init(settings: settings(.init(host: host, port: chosen))))
        #expect(listener.endpoints.map(\.description) == ["\(host):\(chosen)"])
        #expect(await greeting(port: chosen, on: group)?.hasPrefix("220") == true)
      }
      let foreign = settings(.init(host: "192.0.2.1", port: chosen))
      await #expect(throws: ListenerFailure.self) { try await listener.adopt(.init(settings: foreign)) }
      #expect(await greeting(port: chosen, on: group)?.hasPrefix("220") == true, "what was in the way is back")
    }
  }

  @Test("with a first certificate there is STARTTLS")
  func certificate() async throws {
    let files = try TestCertificate()
    let identity = try TLSIdentity(
      certificate: files.certificate, key: files.key, logger: .quiet)
    try await withListener(settings(anyPort), Collector()) { listener, port, group in
      try await listener.adopt(.init(settings: settings(anyPort), identity: identity))
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        try await client.send("EHLO c")
        _ = await client.readReply()
        try await client.send("STARTTLS")
        #expect(await client.readReply()?.hasPrefix("220") == true)
      }
    }
  }
}

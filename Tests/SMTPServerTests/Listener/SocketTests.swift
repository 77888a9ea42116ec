import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import SMTPProtocol
import SMTPServer
import Testing

/// Listening on a Unix socket.
@Suite(.timeLimit(.minutes(5)))
struct SocketTests {
  private func settings(
    _ path: String, mode: UInt16 = 0o660, _ adjust: (inout ListenerSettings) -> Void = { _ in }
  ) -> ListenerSettings {
    var settings = ListenerSettings.patient(endpoints: [.socket(path: path, mode: mode)], hostname: "mx.example")
    settings.networks = []
    adjust(&settings)
    return settings
  }

  private func listener(_ settings: ListenerSettings) -> SMTPListener {
    SMTPListener(
      settings: settings, handler: Collector(), group: MultiThreadedEventLoopGroup.singleton,
      logger: .quiet)
  }

  private func failure(_ path: String) async -> ListenerFailure? {
    let listener = listener(settings(path))
    do { _ = try await listener.start() } catch { return error }
    await listener.shutdown(within: .zero)
    return nil
  }

  private func greeting(_ path: String) async -> String? {
    let line = try? await LineClient.connect(
      to: SocketAddress(unixDomainSocketPath: path), on: MultiThreadedEventLoopGroup.singleton
    ) { await $0.readLine() }
    return line ?? nil
  }

  @Test("whoever may write to the file may send, without any network and without AUTH")
  func sends() async throws {
    let folder = try TemporaryFolder()
    let collector = Collector()
    try await withListener(settings(folder.socket), collector) { _, _, group in
      try await LineClient.connect(to: SocketAddress(unixDomainSocketPath: folder.socket), on: group) { client in
        _ = await client.readReply()
        #expect(try await client.ehlo().allSatisfy { !$0.contains("AUTH") })
        for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
          try await client.send(line)
          _ = await client.readReply()
        }
        try await client.send("x\r\n.")
        #expect(await client.readReply() == "250 2.0.0 Accepted")
      }
    }
    #expect(collector.transactions.map(\.client.address) == ["unix"])
  }

  /// Nobody can listen in, so a password may be given without TLS.
  @Test("a password may be given without TLS, for nobody can listen in")
  func offersAUTH() async throws {
    let folder = try TemporaryFolder()
    let users = folder.path + "/users"
    try "anna:\(try OpenSSLCommand.run(["passwd", "-6", "secret"]))".write(
      toFile: users, atomically: true, encoding: .utf8)
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: users)
    let file = try PasswordFile(path: users, logger: .quiet)
    try await withListener(settings(folder.socket), Collector(), authenticator: Authenticator(users: file)) {
      _, _, group in
      try await LineClient.connect(to: SocketAddress(unixDomainSocketPath: folder.socket), on: group) { client in
        _ = await client.readReply()
        #expect(try await client.ehlo().contains("250-AUTH PLAIN LOGIN"))
        try await client.send("AUTH PLAIN AGFubmEAc2VjcmV0")
        #expect(await client.readReply() == "235 2.7.0 Authentication succeeded")
      }
    }
  }

  @Test(
    "the file has the mode of the settings and is gone afterwards",
    arguments: [0o600, 0o660, 0o666] as [UInt16])
  func mode(_ mode: UInt16) async throws {
    let folder = try TemporaryFolder()
    try await withListener(settings(folder.socket, mode: mode), Collector()) { _, _, _ in
      #expect(folder.mode == Int(mode))
    }
    #expect(!folder.isThere)
  }

  @Test("a socket that a killed daemon left behind is replaced")
  func stale() async throws {
    let folder = try TemporaryFolder()
    // NIO removes the file of a socket that it closes, but knows nothing of its second name.
    let first = folder.path + "/first.sock"
    try await withListener(settings(first), Collector()) { _, _, _ in
      try FileManager.default.linkItem(atPath: first, toPath: folder.socket)
    }
    #expect(folder.isThere)
    try await withListener(settings(folder.socket), Collector()) { _, _, _ in
      #expect(await greeting(folder.socket)?.hasPrefix("220") == true)
    }
  }

  @Test("a socket that is in use is left alone")
  func busy() async throws {
    let folder = try TemporaryFolder()
    try await withListener(settings(folder.socket), Collector()) { _, _, _ in
      let failure = await failure(folder.socket)
      #expect(failure?.kind == .inUse)
      #expect(
        failure?.description == "cannot listen on \(folder.socket): somebody listens there (another maildedup?); "
          + "name another path in [listener] socket")
      #expect(await greeting(folder.socket)?.hasPrefix("220") == true)
    }
  }

  @Test(
    "what is no socket is never removed, nor is what a link leads to",
    arguments: [false, true])
  func otherFile(isLink: Bool) async throws {
    let folder = try TemporaryFolder()
    let file = isLink ? folder.path + "/file" : folder.socket
    try "precious".write(toFile: file, atomically: true, encoding: .utf8)
    if isLink { try FileManager.default.createSymbolicLink(atPath: folder.socket, withDestinationPath: file) }
    #expect(
      await failure(folder.socket)?.description
        == "cannot listen on \(folder.socket): there is a file that is no socket; remove it or name another path in "
        + "[listener] socket"
    )
    #expect(try String(contentsOfFile: file, encoding: .utf8) == "precious")
    #expect(folder.isThere)
  }

  @Test("FINDS R8: what somebody else put in the place of our socket is not removed with it")
  func aSocketOfAnotherIsLeftInTheEnd() async throws {
    let folder = try TemporaryFolder()
    try await withListener(settings(folder.socket), Collector()) { _, _, _ in
      try FileManager.default.removeItem(atPath: folder.socket)
      try "theirs".write(toFile: folder.socket, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOfFile: folder.socket, encoding: .utf8) == "theirs")
  }

  @Test("where there can be no socket, the failure says why")
  func impossible() async throws {
    let folder = try TemporaryFolder()
    let missing = folder.path + "/missing/smtp.sock"
    #expect(
      await failure(missing)?.description
        == "cannot listen on \(missing): its folder does not exist; make it or name another "
        + "path in [listener] socket")
    let long = folder.path + "/" + String(repeating: "x", count: 100)
    #expect(
      await failure(long)?.description == "cannot listen on \(long): the path is longer than 107 bytes; name another "
        + "path in [listener] socket")
  }

  @Test("a file that somebody else put there meanwhile stays")
  func replaced() async throws {
    let folder = try TemporaryFolder()
    try await withListener(settings(folder.socket), Collector()) { _, _, _ in
      try FileManager.default.removeItem(atPath: folder.socket)
      try "new".write(toFile: folder.socket, atomically: true, encoding: .utf8)
    }
    #expect(folder.isThere)
  }

  @Test("all who come over the socket are one client of this machine")
  func limit() async throws {
    let folder = try TemporaryFolder()
    let limited = settings(folder.socket) {
      $0.maximumPerLoopbackClient = 1
      $0.maximumPerClient = 5
      $0.patience = .milliseconds(50)
    }
    try await withListener(limited, Collector()) { _, _, group in
      try await LineClient.connect(to: SocketAddress(unixDomainSocketPath: folder.socket), on: group) { first in
        #expect(await first.readLine()?.hasPrefix("220") == true)
        #expect(await greeting(folder.socket) == "421 4.7.0 Too many connections; try again later")
      }
    }
  }

  @Test("when one endpoint cannot be had, none is, and the file of the socket is gone")
  func allOrNone() async throws {
    let folder = try TemporaryFolder()
    let both = settings(folder.socket) { $0.endpoints.append(.init(host: "192.0.2.1", port: 0)) }
    await #expect(throws: ListenerFailure.self) { try await listener(both).start() }
    #expect(!folder.isThere)
  }
}

extension TemporaryFolder {
  fileprivate var socket: String { file("smtp.sock") }

  fileprivate var isThere: Bool { FileManager.default.fileExists(atPath: socket) }

  fileprivate var mode: Int? {
    (try? FileManager.default.attributesOfItem(atPath: socket))?[.posixPermissions] as? Int
  }
}

import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import NIOSSL
import SMTPProtocol
import SMTPServer
import Testing

/// STARTTLS and implicit TLS over sockets, with real certificates.
@Suite(.timeLimit(.minutes(5)))
struct TLSTests {
  private func settings(implicit: Bool = false) -> ListenerSettings {
    ListenerSettings.patient(
      endpoints: [.init(host: "127.0.0.1", port: 0, isImplicitTLS: implicit)], hostname: "mx.example")
  }

  private func identity(_ files: TestCertificate) throws -> TLSIdentity {
    try TLSIdentity(certificate: files.certificate, key: files.key, logger: .quiet)
  }

  @Test("a whole mail inside TLS says so in its trace header (RFC 3848), and TLS is offered only once")
  func startTLS() async throws {
    let files = try TestCertificate()
    let collector = Collector()
    try await withListener(settings(), collector, identity: try identity(files)) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        #expect(try await client.ehlo().contains("250-STARTTLS"))
        try await client.send("STARTTLS")
        #expect(await client.readReply() == "220 2.0.0 Ready to start TLS")
        try await client.secure(trusting: files)
        #expect(try await !client.ehlo().contains("250-STARTTLS"))
        for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
          try await client.send(line)
          _ = await client.readReply()
        }
        try await client.send("x\r\n.")
        #expect(await client.readReply() == "250 2.0.0 Accepted")
      }
    }
    #expect(collector.transactions.map(\.client.transmission) == ["ESMTPS"])
  }

  @Test("implicit TLS greets inside TLS and does not offer STARTTLS")
  func implicitTLS() async throws {
    let files = try TestCertificate()
    try await withListener(settings(implicit: true), Collector(), identity: try identity(files)) { _, port, group in
      try await LineClient.connect(port: port, on: group, prepare: try tls(trusting: files)) { client in
        #expect(await client.readReply() == "220 mx.example ESMTP MailDedup")
        #expect(try await !client.ehlo().contains("250-STARTTLS"))
        try await client.send("QUIT")
        #expect(await client.readReply() == "221 2.0.0 Bye")
        #expect(await client.readReply() == nil)
      }
    }
  }

  @Test(
    "commands in plain text behind STARTTLS are not carried out (CVE-2011-0411)",
    arguments: ["NOOP", "EHLO evil.example\r\nMAIL FROM:<evil@b>", "half a li"])
  func injection(_ text: String) async throws {
    let files = try TestCertificate()
    try await withListener(settings(), Collector(), identity: try identity(files)) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        _ = try await client.ehlo()
        try await client.send("STARTTLS\r\n\(text)")
        #expect(await client.readReply() == "220 2.0.0 Ready to start TLS")
        // When both segments came apart, the second breaks the handshake, which is as good.
        guard (try? await client.secure(trusting: files)) != nil else { return }
        try await client.send("RCPT TO:<c@d>")
        guard let reply = await client.readReply() else { return }
        #expect(reply == "503 5.5.1 Send MAIL first")
      }
    }
  }

  @Test(
    "TLS 1.1 is not spoken (RFC 8996), 1.2 and 1.3 are",
    arguments: [TLSVersion.tlsv11, .tlsv12, .tlsv13])
  func versions(_ version: TLSVersion) async throws {
    let files = try TestCertificate()
    try await withListener(settings(implicit: true), Collector(), identity: try identity(files)) { _, port, group in
      let prepare = try tls(trusting: files, version)
      let banner = try? await LineClient.connect(port: port, on: group, prepare: prepare) { await $0.readReply() }
      #expect((banner != nil && banner ?? nil != nil) == (version != .tlsv11))
    }
  }

  @Test("a changed certificate is shown to the next client, and files that do not work change nothing")
  func reload() async throws {
    let files = try TestCertificate()
    let identity = try identity(files)
    try await withListener(settings(implicit: true), Collector(), identity: identity) { _, port, group in
      try await LineClient.connect(port: port, on: group, prepare: try tls(trusting: files)) { first in
        _ = await first.readReply()
        try files.make(name: "two.example")
        identity.refresh()
        try await LineClient.connect(port: port, on: group, prepare: try tls(trusting: files)) { second in
          #expect(await second.readReply() == "220 mx.example ESMTP MailDedup")
        }
        try "broken".write(toFile: files.key, atomically: true, encoding: .utf8)
        identity.reload()
        try await LineClient.connect(port: port, on: group, prepare: try tls(trusting: files)) { third in
          #expect(await third.readReply() == "220 mx.example ESMTP MailDedup")
        }
        try await first.send("NOOP")
        #expect(await first.readReply() == "250 2.0.0 Ok")
      }
    }
  }

  @Test("whoever connects and begins no handshake is sent away")
  func handshakeDeadline() async throws {
    let files = try TestCertificate()
    var hurried = settings(implicit: true)
    hurried.limits.handshake = .milliseconds(50)
    hurried.linger = .milliseconds(50)
    try await withListener(hurried, Collector(), identity: try identity(files)) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in #expect(await client.readLine() == nil) }
    }
  }

  @Test("what is wrong with the files is said in a line that names the key of the configuration")
  func unusableFiles() throws {
    let files = try TestCertificate()
    let other = try TestCertificate()
    let missing = files.folder.file("missing")
    func complaint(_ certificate: String, _ key: String) -> String? {
      do { _ = try TLSIdentity(certificate: certificate, key: key, logger: .quiet) } catch {
        return error.description
      }
      return nil
    }
    #expect(
      complaint(missing, files.key) == "[tls] certificate: cannot use \(missing): No such file or directory")
    #expect(complaint(files.certificate, missing) == "[tls] key: cannot use \(missing): No such file or directory")
    #expect(
      complaint(files.key, files.key) == "[tls] certificate: \(files.key) holds no certificate in PEM"
        || complaint(files.key, files.key)?.hasSuffix("it does not hold certificates in PEM") == true)
    #expect(
      complaint(files.certificate, files.certificate)
        == "[tls] key: cannot use \(files.certificate): it does not hold a private key in PEM without passphrase")
    #expect(complaint(files.certificate, other.key)?.contains("is not the key of the certificate") == true)
  }

  @Test("an endpoint with implicit TLS does not come up without a certificate")
  func noCertificate() async throws {
    let listener = SMTPListener(
      settings: settings(implicit: true), handler: Collector(), group: MultiThreadedEventLoopGroup.singleton,
      logger: .quiet)
    let failure = await #expect(throws: ListenerFailure.self) { try await listener.start() }
    #expect(failure?.description.hasSuffix("there is no certificate; set [tls] certificate and key") == true)
  }
}

/// Puts TLS below the lines of a client.
func tls(
  trusting files: TestCertificate, _ version: TLSVersion? = nil
) throws -> @Sendable (any Channel) throws -> Void {
  var configuration = TLSConfiguration.makeClientConfiguration()
  configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMFile(files.certificate))
  if let version {
    configuration.minimumTLSVersion = version
    configuration.maximumTLSVersion = version
  }
  let context = try NIOSSLContext(configuration: configuration)
  return { channel in
    let handler = try NIOSSLClientHandler(context: context, serverHostname: nil)
    try channel.pipeline.syncOperations.addHandler(handler, position: .first)
  }
}

extension LineClient {
  /// Says EHLO.
  ///
  /// - Returns: all lines of the reply.
  func ehlo() async throws -> [String] {
    try await send("EHLO c")
    var lines: [String] = []
    while let line = await readLine() {
      lines.append(line)
      if line.dropFirst(3).first != "-" { break }
    }
    return lines
  }

  /// Puts TLS around a connection that is open.
  func secure(trusting files: TestCertificate) async throws {
    let prepare = try tls(trusting: files)
    let channel = channel
    try await channel.eventLoop.submit { try prepare(channel) }.get()
  }
}

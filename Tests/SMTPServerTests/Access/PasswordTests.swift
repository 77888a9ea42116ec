import Foundation
import MailTestKit
import NIOCore
import SMTPProtocol
import Testing

@testable import SMTPServer

/// Users, their hashes and the limits of guessing.
@Suite(.timeLimit(.minutes(5)))
struct PasswordTests {
  private func hash(_ method: String, _ password: String) throws -> String {
    try OpenSSLCommand.run(["passwd", method, "-salt", "saltsalt", password]).trimmingCharacters(in: .newlines)
  }

  /// A file of users that only we may read.
  private func withUsers(_ text: String, _ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder()
    try body(folder.write(text, to: "users"))
  }

  @Test(
    "hashes that `openssl passwd` makes are taken",
    arguments: ["-6", "-5"])
  func openSSL(_ method: String) throws {
    let hash = try #require(PasswordHash(try hash(method, "correct horse")))
    #expect(hash.matches(Array("correct horse".utf8)))
    #expect(!hash.matches(Array("correct horsf".utf8)))
    #expect(!hash.matches([]))
    #expect(!hash.matches(Array("correct horse\0x".utf8)), "C would stop at the NUL")
  }

  /// And yescrypt, the default of Debian's mkpasswd and passwd; the hash is one of libxcrypt's own.
  @Test("yescrypt is taken, the default of Debian's mkpasswd and passwd")
  func yescrypt() throws {
    let hash = try #require(PasswordHash("$y$j9T$F5Jx5fExrKuPp53xLKQ..1$zwtVrjrUCmXcyLTs6oxLTQlzifSUkF8RHJ./tK5KU79"))
    #expect(hash.matches(Array("correct horse".utf8)))
    #expect(!hash.matches(Array("Correct horse".utf8)))
  }

  @Test(
    "what is no hash of a kind that is taken is refused",
    arguments: [
      "", "secret", "x", "*", "!", "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/", "$6$saltsalt$", "$6$saltsalt", "$2b$05$abc",
      "$5$saltsalt$short", "$y$j9T$",
    ])
  func noHash(_ text: String) { #expect(PasswordHash(text) == nil) }

  @Test("users come and go with the file; a broken one changes nothing")
  func file() throws {
    let first = try hash("-6", "one")
    let second = try hash("-5", "two")
    try withUsers("# users\n\nanna:\(first)\r\nbert:\(second)\n") { path in
      let users = try PasswordFile(path: path, logger: .quiet)
      #expect(users.matches(user: "anna", password: Array("one".utf8)))
      #expect(users.matches(user: "bert", password: Array("two".utf8)))
      #expect(!users.matches(user: "anna", password: Array("two".utf8)))
      #expect(!users.matches(user: "nobody", password: Array("one".utf8)))
      #expect(!users.matches(user: "nobody", password: Array("two".utf8)))
      try "anna:\(second)\n".write(toFile: path, atomically: false, encoding: .utf8)
      users.refresh()
      #expect(users.matches(user: "anna", password: Array("two".utf8)))
      #expect(!users.matches(user: "bert", password: Array("two".utf8)))
      try "anna\n".write(toFile: path, atomically: false, encoding: .utf8)
      users.reload()
      #expect(users.matches(user: "anna", password: Array("two".utf8)))
    }
  }

  @Test(
    "what is wrong with a file is said with its line, and never with a hash",
    arguments: [
      ("anna", "line 1 is not name:hash"), (":x", "line 1 is not name:hash"),
      ("#\nanna:secret", "line 2 has no hash that is taken ($6$, $5$ or $y$); make one with: openssl passwd -6"),
    ])
  func badFile(_ text: String, _ complaint: String) throws {
    try withUsers(text) { path in
      do throws(PasswordFile.Failure) {
        _ = try PasswordFile(path: path, logger: .quiet)
        Issue.record("it was taken")
      } catch {
        #expect(error.description == "[auth] users: cannot use \(path): \(complaint)")
      }
    }
  }

  @Test("a FIFO is no file of users, and is not waited for")
  func fifo() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("users")
    #expect(mkfifo(path, 0o600) == 0)
    let failure = #expect(throws: PasswordFile.Failure.self) { try PasswordFile(path: path, logger: .quiet) }
    #expect(failure?.description == "[auth] users: cannot use \(path): it is not a regular file")
  }

  @Test("a file that everybody can read is refused, for hashes can be guessed")
  func readableFile() throws {
    try withUsers("") { path in
      try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: path)
      do throws(PasswordFile.Failure) {
        _ = try PasswordFile(path: path, logger: .quiet)
        Issue.record("it was taken")
      } catch {
        #expect(
          error.description.hasSuffix("everybody on this machine may read the hashes in it; run: chmod 640 \(path)"))
      }
    }
  }

  @Test("ten failures in a minute are the end of it for that client until the minute is over")
  func throttle() {
    var throttle = FailureThrottle()
    let start = NIODeadline.now()
    for second in 0..<10 {
      #expect(throttle.allows("192.0.2.1", now: start + .seconds(Int64(second))))
      throttle.note("192.0.2.1", now: start + .seconds(Int64(second)))
    }
    #expect(!throttle.allows("192.0.2.1", now: start + .seconds(10)))
    #expect(throttle.allows("192.0.2.2", now: start + .seconds(10)))
    #expect(!throttle.allows("192.0.2.1", now: start + .seconds(59)))
    #expect(throttle.allows("192.0.2.1", now: start + .seconds(60)))
  }

  @Test("over a socket, a wrong password is refused, the right one taken, and the mail says so (RFC 3848)")
  func live() async throws {
    let hash = try hash("-6", "secret")
    let folder = try TemporaryFolder()
    let users = try PasswordFile(path: folder.write("anna:\(hash)\n", to: "users"), logger: .quiet)
    var settings = ListenerSettings.patient(endpoints: [.init(host: "127.0.0.1", port: 0)], hostname: "mx.example")
    settings.allowsPlaintextAuthOnLoopback = true
    settings.limits.authDelay = .milliseconds(1)
    let collector = Collector()
    try await withListener(settings, collector, authenticator: Authenticator(users: users)) { _, port, group in
      try await LineClient.connect(port: port, on: group) { client in
        _ = await client.readReply()
        #expect(try await client.ehlo().contains("250-AUTH PLAIN LOGIN"))
        try await client.send("AUTH PLAIN AGFubmEAd3Jvbmc=")
        #expect(await client.readReply() == "535 5.7.8 User name or password is wrong")
        try await client.send("AUTH PLAIN AGFubmEAc2VjcmV0")
        #expect(await client.readReply() == "235 2.7.0 Authentication succeeded")
        for line in ["MAIL FROM:<a@b>", "RCPT TO:<c@d>", "DATA"] {
          try await client.send(line)
          _ = await client.readReply()
        }
        try await client.send("x\r\n.")
        #expect(await client.readReply() == "250 2.0.0 Accepted")
      }
    }
    #expect(collector.transactions.map(\.client.transmission) == ["ESMTPA"])
    #expect(collector.transactions.map(\.client.user) == ["anna"])
  }
}

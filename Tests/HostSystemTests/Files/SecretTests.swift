import Foundation
import MailTestKit
import SMTPProtocol
import Testing

@testable import HostSystem

/// What was read, or why not.
private func outcome(_ read: () throws(SecretSource.Failure) -> Secret) -> String {
  do throws(SecretSource.Failure) { return "read: " + (try read().revealed) } catch { return "refused: \(error)" }
}

@Suite struct SecretFileTests {
  @Test(
    "a secret in a file is one line, and a refusal shows nothing of it",
    arguments: [
      ("hunter2", "read: hunter2"), ("hunter2\n", "read: hunter2"), ("hunter2\r\n", "read: hunter2"),
      (" with spaces \n", "read:  with spaces "), ("pässwörd\n", "read: pässwörd"), ("", "is empty"),
      ("\n", "is empty"), ("two\nlines\n", "more than one line"), ("hunter2\n\n", "more than one line"),
      ("nul\0inside", "control characters"), (String(repeating: "x", count: 70_000), "more than one line"),
    ])
  func content(_ content: String, _ expected: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write(content, to: "secret")
    let seen = outcome { () throws(SecretSource.Failure) in try SecretSource.file(path) }
    if expected.hasPrefix("read") {
      #expect(seen == expected)
    } else {
      #expect(seen.hasPrefix("refused: \(path)") && seen.contains(expected), "\(seen)")
      #expect(!["two", "lines", "hunter2", "nul", "xxx"].contains { seen.contains($0) }, "a part of it: \(seen)")
    }
  }

  @Test(
    "a file that everybody can read or write is refused",
    arguments: [(0o600, true), (0o400, true), (0o640, true), (0o644, false), (0o604, false), (0o602, false)])
  func permissions(_ mode: Int, _ isTaken: Bool) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("hunter2", to: "secret", mode: mode)
    let seen = outcome { () throws(SecretSource.Failure) in try SecretSource.file(path) }
    #expect(seen.hasPrefix("read") == isTaken, "\(seen)")
    let isChecked = (try? SecretSource.checkPermissions(of: path)) != nil
    #expect(isChecked == isTaken)
    if !isTaken { #expect(seen.hasSuffix("run: chmod 640 \(path)")) }
  }

  @Test("a file that does not exist is named with the reason")
  func missing() throws {
    let folder = try TemporaryFolder()
    let seen = outcome { () throws(SecretSource.Failure) in try SecretSource.file(folder.file("none")) }
    #expect(seen == "refused: cannot open \(folder.file("none")): No such file or directory")
  }

  @Test("a FIFO is refused, and not waited for")
  func fifo() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("secret")
    #expect(mkfifo(path, 0o600) == 0)
    let seen = outcome { () throws(SecretSource.Failure) in try SecretSource.file(path) }
    #expect(seen == "refused: \(path) is not a regular file")
  }

  /// The variable is of the whole process, so its three cases are one test.
  @Test("$CREDENTIALS_DIRECTORY at the start of a path is what systemd set")
  func credentialsDirectory() throws {
    let folder = try TemporaryFolder()
    try folder.write("hunter2\n", to: "secret")
    unsetenv("CREDENTIALS_DIRECTORY")
    let path = "$CREDENTIALS_DIRECTORY/secret"
    let unset = outcome { () throws(SecretSource.Failure) in try SecretSource.file(path) }
    #expect(unset == "refused: \(path): $CREDENTIALS_DIRECTORY is not set; is the relay started by systemd?")
    setenv("CREDENTIALS_DIRECTORY", folder.path, 1)
    defer { unsetenv("CREDENTIALS_DIRECTORY") }
    #expect(outcome { () throws(SecretSource.Failure) in try SecretSource.file(path) } == "read: hunter2")
    let other = outcome { () throws(SecretSource.Failure) in try SecretSource.file("$CREDENTIALS_DIRECTORYX/secret") }
    #expect(other.hasPrefix("refused: cannot open $CREDENTIALS_DIRECTORYX"), "only the whole name is the variable")
  }
}

/// One after the other: waiting for a process holds up a thread that other tests need.
@Suite(.serialized, .timeLimit(.minutes(2))) struct SecretCommandTests {
  private func outcome(_ command: String, within limit: Duration = .seconds(30)) -> String {
    HostSystemTests.outcome { () throws(SecretSource.Failure) in try SecretSource.command(command, within: limit) }
  }

  @Test(
    "what a command prints is the secret, and a refusal shows nothing of it",
    arguments: [
      ("printf token", "read: token"), ("echo token", "read: token"), ("printf to; printf ken", "read: token"),
      ("true", "refused: the token command prints nothing"),
      ("echo secret-token; exit 3", "refused: the token command ended with status 3"),
      ("echo secret-token; kill -9 $$", "refused: the token command ended with status 137"),
      ("/nowhere/program 2>/dev/null", "refused: the token command ended with status 127"),
      ("echo secret-token; echo more", "refused: the token command gives more than one line, or control characters"),
      ("head -c 100000 /dev/zero", "refused: the token command printed too much"),
      ("cat; echo token", "read: token"),
    ])
  func result(_ command: String, _ expected: String) { #expect(outcome(command) == expected) }

  @Test("a command inherits no socket of the relay")
  func inheritsNothing() {
    let socket = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    #expect(outcome("test -e /proc/self/fd/\(socket) && echo inherited || echo clean") == "read: clean")
  }

  @Test("one that takes too long is ended with all that it started")
  func tooSlow() async throws {
    let folder = try TemporaryFolder()
    let file = folder.file("pid")
    let begun = ContinuousClock.now
    #expect(
      outcome("sleep 60 & echo $! >\(file); echo secret-token; wait", within: .milliseconds(500))
        == "refused: the token command took too long")
    #expect(ContinuousClock.now - begun < .seconds(20))
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let child = try #require(pid_t(text.trimmingCharacters(in: .whitespacesAndNewlines)))
    // Whoever takes over orphans may be slow to bury it.
    #expect(try await eventually { kill(child, 0) != 0 || isZombie(child) })
  }

  @Test("one that closes its output and goes on is ended at the limit, however early its output ended")
  func closesItsOutput() {
    #expect(
      outcome("echo secret-token; exec >&-; sleep 60", within: .milliseconds(500))
        == "refused: the token command took too long")
  }

  private func isZombie(_ process: pid_t) -> Bool {
    guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8) else { return true }
    return text.contains(") Z ")
  }
}

import Glibc
import Testing

@testable import HostSystem

@Suite struct ShellTests {
  private func outcome(_ command: String, within limit: Duration = .seconds(60), atMost octets: Int = 100) -> String {
    switch Shell.run(command, within: limit, atMost: octets) {
    case .success(let output): "printed: " + String(decoding: output, as: UTF8.self)
    case .failure(let failure): "\(failure)"
    }
  }

  @Test(
    "a command gives what it prints if it ends well, and else the reason",
    arguments: [
      ("echo token", "printed: token\n"), ("true", "printed: "), ("cat", "printed: "),
      ("printf a; printf b >&2 2>/dev/null; exit 3", "ended with status 3"), ("kill -TERM $$", "ended with status 143"),
      ("no-such-program 2>/dev/null", "ended with status 127"), ("head -c 5000 /dev/zero", "printed too much"),
    ])
  func outcomes(_ command: String, _ expected: String) { #expect(outcome(command) == expected) }

  @Test("a command can be ended by SIGTERM although the relay ignores that: `timeout` sends it")
  func signals() {
    let before = signal(SIGTERM, SIG_IGN)
    defer { signal(SIGTERM, before) }
    #expect(outcome("kill -TERM $$; echo alive") == "ended with status 143")
  }

  @Test("a command that takes too long is killed, with all processes that it started")
  func tooSlow() {
    // The child holds the pipe: reading would go on for as long as it lives.
    #expect(outcome("sleep 600 & sleep 600", within: .milliseconds(50)) == "took too long")
    #expect(outcome("exec >&-; sleep 600", within: .milliseconds(50)) == "took too long")
  }

  @Test("a command that nobody waits for any more is killed before its time is up")
  func interrupted() {
    let end = CommandEnd()
    end.ask()
    let result = Shell.run("sleep 600", within: .seconds(600), atMost: 100, end: end)
    guard case .failure(.interrupted) = result else { return #expect(Bool(false), "\(result)") }
  }

  @Test("a command does not get the descriptors of the relay: an agent that stays would keep its port")
  func descriptors() {
    #expect(outcome("ls /proc/self/fd | wc -l").hasPrefix("printed: 4"))
  }
}

import MailTestKit
import NIOPosix
import Testing

@testable import HostSystem

@Suite struct GreetingProbeTests {
  private func outcome(_ address: GreetingProbe.Address) -> String {
    do throws(GreetingProbe.Failure) { return try GreetingProbe.greeting(of: address) } catch { return "\(error)" }
  }

  @Test("a listener that greets is well, and so is one with TLS first that takes the connection")
  func greeting() async throws {
    let server = try await ScriptedSmarthost.start(on: MultiThreadedEventLoopGroup.singleton)
    #expect(outcome(.tcp(host: "127.0.0.1", port: server.port, expectsGreeting: true)).hasPrefix("220"))
    #expect(outcome(.tcp(host: "0.0.0.0", port: server.port, expectsGreeting: false)) == "")
    await server.stop()
  }

  @Test("what is wrong is said in words, with what to do")
  func failures() async throws {
    let server = try await ScriptedSmarthost.start(on: MultiThreadedEventLoopGroup.singleton) {
      $0.step == .greeting ? .say("554 not today") : nil
    }
    let refusing = outcome(.tcp(host: "127.0.0.1", port: server.port, expectsGreeting: true))
    #expect(refusing.contains("554 not today"), "\(refusing)")
    await server.stop()
    let down = outcome(.tcp(host: "127.0.0.1", port: server.port, expectsGreeting: true))
    #expect(down.hasPrefix("nobody listens there; start it with"), "\(down)")
    let folder = try TemporaryFolder()
    #expect(outcome(.socket(folder.file("none"))).hasPrefix("nobody listens there; start it with"))
    #expect(outcome(.socket("/" + String(repeating: "x", count: 200))).contains("longer than 107 bytes"))
  }
}

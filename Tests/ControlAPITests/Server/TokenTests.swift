import Foundation
import MailTestKit
import NIOCore
import NIOPosix
import Testing

@testable import ControlAPI

/// The TCP port of a server, which asks for a token.
@Suite struct TokenTests {
  private func withPort(_ body: (Int) async throws -> Void) async throws {
    let probe = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton).bind(host: "127.0.0.1", port: 0)
      .get()
    let port = try #require(probe.localAddress?.port)
    try await probe.close()
    try await runServer(of: NotedService(), tcp: .init(host: "127.0.0.1", port: port, token: "s3cret")) { _, _ in
      // The socket answers before the port does.
      let answers = try await eventually {
        (try? await ControlClient(.tcp(host: "127.0.0.1", port: port, token: "s3cret")).status()) != nil
      }
      #expect(answers)
      try await body(port)
    }
  }

  @Test("without the token nothing is answered, and the refusal says what to show")
  func wrongToken() async throws {
    try await withPort { port in
      for token in ["", "S3cret", "s3cre", "s3cret "] {
        let client = ControlClient(.tcp(host: "127.0.0.1", port: port, token: token))
        let problem = await #expect(throws: ControlProblem.self) { try await client.status() }
        #expect(problem?.message == "show the token of [control] token-file: Authorization: Bearer TOKEN")
      }
    }
  }

  @Test("monitors may ask without a token whether it is ready, and nothing else")
  func open() async throws {
    try await withPort { port in
      let client = ControlClient(.tcp(host: "127.0.0.1", port: port, token: "wrong"))
      let obstacles = await client.obstacles()
      #expect(obstacles.isEmpty)
      await #expect(throws: ControlProblem.self) { try await client.metrics() }
    }
  }
}

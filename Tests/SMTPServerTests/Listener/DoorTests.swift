import Glibc
import MailTestKit
import NIOCore
import NIOPosix
import SMTPServer
import Testing

/// A door that closes while clients come in.
@Suite(.timeLimit(.minutes(5)))
struct DoorTests {
  private let group = MultiThreadedEventLoopGroup.singleton

  /// Listens on a socket that stays open when nobody takes connections from it: clients wait, and whoever is turned away
  /// was turned away by us.
  @Test("nobody who was let in is dropped without a word")
  func closing() async throws {
    let (descriptor, port) = try Self.socket()
    defer { close(descriptor) }
    let door = ListenerSettings.Endpoint(host: "127.0.0.1", port: port)
    let other = ListenerSettings.Endpoint(host: "127.0.0.1", port: 0)
    let listener = SMTPListener(
      settings: Self.settings([other, door]), handler: Collector(), group: group, inherited: [door: descriptor],
      logger: .quiet)
    try await listener.start()
    let greetings = try await withThrowingTaskGroup(of: [String?].self) { clients in
      for _ in 0..<8 {
        clients.addTask {
          var greetings: [String?] = []
          for _ in 0..<100 { greetings.append(await greeting(port)) }
          return greetings
        }
      }
      for _ in 0..<100 {
        try await listener.adopt(.init(settings: Self.settings([other])))
        try await listener.adopt(.init(settings: Self.settings([other, door])))
      }
      return try await clients.reduce(into: []) { $0 += $1 }
    }
    await listener.shutdown(within: .zero)
    #expect(greetings.count == 800)
    #expect(greetings.allSatisfy { $0 == "220 mx.example ESMTP MailDedup" })
  }

  private static func settings(_ endpoints: [ListenerSettings.Endpoint]) -> ListenerSettings {
    ListenerSettings.patient(endpoints: endpoints, hostname: "mx.example")
  }

  /// Nil: the connection ended without one.
  private func greeting(_ port: Int) async -> String? {
    try? await LineClient.connect(port: port, on: group) { await $0.readLine() }
  }

  private static func socket() throws -> (descriptor: CInt, port: Int) {
    let descriptor = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = withUnsafeMutablePointer(to: &address) { address in
      address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(descriptor, address, length) | listen(descriptor, 100) | getsockname(descriptor, address, &length)
      }
    }
    try #require(descriptor >= 0 && result == 0)
    return (descriptor, Int(UInt16(bigEndian: address.sin_port)))
  }
}

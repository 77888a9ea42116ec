import Glibc
import MailTestKit
import Testing

@testable import HostSystem

@Suite struct ServiceManagerTests {
  /// A socket on which a service manager would listen.
  private final class Manager {
    let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)

    init(at path: String) throws {
      var address = sockaddr_un()
      address.sun_family = sa_family_t(AF_UNIX)
      withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
      let code = withUnsafePointer(to: address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
        }
      }
      try #require(code == 0)
    }

    deinit { close(descriptor) }

    /// Returns the next message, or nil if there is none.
    func message() -> String? {
      var octets = [UInt8](repeating: 0, count: 512)
      let count = recv(descriptor, &octets, octets.count, Int32(MSG_DONTWAIT))
      return count < 0 ? nil : String(decoding: octets.prefix(count), as: UTF8.self)
    }
  }

  @Test("each state is one message of its own, as sd_notify(3) has them")
  func states() throws {
    let folder = try TemporaryFolder()
    let path = folder.file("notify")
    let manager = try Manager(at: path)
    let relay = ServiceManager(environment: ["NOTIFY_SOCKET": path])
    relay.ready("listening")
    #expect(manager.message() == "READY=1\nSTATUS=listening")
    relay.reloading()
    #expect(manager.message()?.hasPrefix("RELOADING=1\nMONOTONIC_USEC=") == true)
    relay.alive()
    #expect(manager.message() == "WATCHDOG=1")
    relay.stopping()
    #expect(manager.message()?.hasPrefix("STOPPING=1\n") == true)
    #expect(manager.message() == nil)
  }

  @Test("without a manager, or with one that is gone, nothing is sent and nothing fails")
  func nobody() throws {
    let folder = try TemporaryFolder()
    for socket in [nil, "", "relative", folder.file("gone"), "/" + String(repeating: "x", count: 200)] {
      ServiceManager(environment: socket.map { ["NOTIFY_SOCKET": $0] } ?? [:]).alive()
    }
  }

  @Test(
    "the watchdog is fed at half of its time, if it watches this process",
    arguments: [
      (["NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "20000000"], Duration.seconds(10)),
      (["NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "7"], .seconds(10)),
      (["NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "20000000", "WATCHDOG_PID": "8"], nil),
      (["NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "0"], nil), (["NOTIFY_SOCKET": "@s", "WATCHDOG_USEC": "soon"], nil),
      (["WATCHDOG_USEC": "20000000"], nil), ([:], nil),
    ] as [([String: String], Duration?)])
  func watchdog(_ environment: [String: String], _ interval: Duration?) {
    #expect(ServiceManager(environment: environment, pid: 7).watchdogInterval == interval)
  }

  @Test(
    "sockets that are meant for another process, or are none, are not taken over",
    arguments: [
      [:], ["LISTEN_PID": "8", "LISTEN_FDS": "1"], ["LISTEN_PID": "7"], ["LISTEN_PID": "7", "LISTEN_FDS": "0"],
      ["LISTEN_PID": "7", "LISTEN_FDS": "-1"], ["LISTEN_PID": "7", "LISTEN_FDS": "1000"],
    ])
  func inherited(_ environment: [String: String]) {
    #expect(InheritedSocket.all(environment: environment, pid: 7).isEmpty)
  }

  @Test("an inherited address is written as admins write it")
  func addresses() {
    #expect("\(InheritedSocket.Address.address(host: "127.0.0.1", port: 25))" == "127.0.0.1:25")
    #expect("\(InheritedSocket.Address.address(host: "::1", port: 25))" == "[::1]:25")
    #expect("\(InheritedSocket.Address.socket(path: "/run/smtp"))" == "/run/smtp")
  }
}

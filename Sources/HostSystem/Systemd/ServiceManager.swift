import Foundation
import Glibc

/// Reports our state to the service manager (sd_notify(3)); without a manager, nothing is sent.
package struct ServiceManager: Sendable {
  /// The socket of the manager, with a leading `@` for the abstract namespace; nil if there is none.
  private let socket: String?
  /// Half of the time after which the manager takes silence for a hang (sd_watchdog_enabled(3)); nil: no watchdog.
  package let watchdogInterval: Duration?

  package init(environment: [String: String] = ProcessInfo.processInfo.environment, pid: Int32 = getpid()) {
    let socket = environment["NOTIFY_SOCKET"] ?? ""
    self.socket = socket.hasPrefix("/") || socket.hasPrefix("@") ? socket : nil
    let isForUs = environment["WATCHDOG_PID"].map { $0 == String(pid) } ?? true
    let microseconds = environment["WATCHDOG_USEC"].flatMap { Int64($0) } ?? 0
    watchdogInterval = isForUs && microseconds > 0 && self.socket != nil ? .microseconds(microseconds / 2) : nil
  }

  /// Reports that the relay serves clients; `status` is a line for `systemctl status`.
  package func ready(_ status: String) { tell(["READY=1", "STATUS=\(status)"]) }

  /// Reports that the configuration is being reloaded, until `ready`. Type=notify-reload requires the time.
  package func reloading() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    tell(["RELOADING=1", "MONOTONIC_USEC=\(Int64(now.tv_sec) * 1_000_000 + Int64(now.tv_nsec) / 1000)"])
  }

  package func stopping() { tell(["STOPPING=1", "STATUS=finishing what is under way"]) }

  package func alive() { tell(["WATCHDOG=1"]) }

  /// Sends a message. One that cannot be sent is dropped: the manager draws its conclusion from the silence.
  private func tell(_ lines: [String]) {
    guard let socket else { return }
    let descriptor = Glibc.socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    var path = Array(socket.utf8)
    guard path.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
    if path.first == UInt8(ascii: "@") { path[0] = 0 }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path) }
    let length = socklen_t(MemoryLayout<sa_family_t>.size + path.count)
    let message = Array(lines.joined(separator: "\n").utf8)
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        _ = sendto(descriptor, message, message.count, Int32(MSG_NOSIGNAL), $0, length)
      }
    }
  }
}

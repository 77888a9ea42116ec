import Foundation
import Glibc

/// A listening socket that the service manager opened for us and keeps open while we restart (sd_listen_fds(3)).
package struct InheritedSocket: Hashable, Sendable {
  package enum Address: Hashable, Sendable, CustomStringConvertible {
    /// A TCP address; the host is an IP address without brackets.
    case address(host: String, port: Int)
    case socket(path: String)

    package var description: String {
      switch self {
      case .address(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
      case .socket(let path): path
      }
    }
  }

  package var descriptor: Int32
  package var address: Address

  /// Returns the sockets of this process; none if the variables are meant for another process. Commands that we start
  /// do not inherit them.
  package static func all(
    environment: [String: String] = ProcessInfo.processInfo.environment, pid: Int32 = getpid()
  ) -> [InheritedSocket] {
    guard environment["LISTEN_PID"] == String(pid), let count = environment["LISTEN_FDS"].flatMap({ Int32($0) }),
      count > 0, count < 1000
    else { return [] }
    for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] { unsetenv(name) }
    return (3..<3 + count).compactMap { descriptor in
      _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
      return address(of: descriptor).map { InheritedSocket(descriptor: descriptor, address: $0) }
    }
  }

  private static func address(of descriptor: Int32) -> Address? {
    var storage = sockaddr_storage()
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    return withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        guard getsockname(descriptor, address, &length) == 0 else { return nil }
        if Int32(address.pointee.sa_family) == AF_UNIX { return path(address).map { .socket(path: $0) } }
        var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        var service = [CChar](repeating: 0, count: Int(NI_MAXSERV))
        let flags = NI_NUMERICHOST | NI_NUMERICSERV
        let status = getnameinfo(
          address, length, &host, socklen_t(host.count), &service, socklen_t(service.count), flags)
        guard status == 0, let port = Int(text(service)) else { return nil }
        return .address(host: text(host), port: port)
      }
    }
  }

  private static func path(_ address: UnsafeMutablePointer<sockaddr>) -> String? {
    address.withMemoryRebound(to: sockaddr_un.self, capacity: 1) { address in
      let path = withUnsafeBytes(of: address.pointee.sun_path) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      return path.isEmpty ? nil : path
    }
  }

  private static func text(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

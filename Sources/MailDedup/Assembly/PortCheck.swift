import Glibc
import HostSystem
import NIOCore
import NIOPosix

/// A check whether this process could listen on addresses: it listens on them, as a start would, and closes them again.
struct PortCheck {
  private let group: any EventLoopGroup
  /// The addresses that were free. They stay open until the end of the check, so that two that exclude each other show.
  private var open: [any Channel] = []

  init(group: any EventLoopGroup) { self.group = group }

  /// Returns why nobody could listen on an address, with the remedy, or nil if it is free.
  mutating func obstacle(at host: String, _ port: Int) async -> String? {
    do {
      open.append(
        try await ServerBootstrap(group: group)
          .serverChannelOption(.socketOption(.so_reuseaddr), value: 1).serverChannelOption(.autoRead, value: false)
          .bind(host: host, port: port).get())
      return nil
    } catch let error as IOError {
      return Self.explain(error.errnoCode, "\(host):\(port)")
    } catch {
      return "\(host) is not an address of this machine"
    }
  }

  /// Closes what the check opened.
  func close() async {
    for channel in open { try? await channel.close() }
  }

  private static func explain(_ code: CInt, _ address: String) -> String {
    switch code {
    case EADDRINUSE:
      "\(address) is in use by another program or by another of our addresses: end that program, or choose another port"
    case EACCES: "user \"\(UserName.ofProcess())\" cannot listen on \(address); choose a port from 1024 on"
    case EADDRNOTAVAIL: "\(address) is not an address of this machine"
    default: "nobody can listen on \(address): \(String(cString: strerror(code)))"
    }
  }
}

import NIOCore
import NIOPosix

import Glibc

extension ControlClient {
  /// The error of a request that reached no daemon: the daemon is down, or the caller may not open the socket.
  package struct Unreachable: Error, CustomStringConvertible {
    package let isPermission: Bool
    /// The address that could not be reached and the reason, as the beginning of a sentence.
    package let reason: String
    /// The remedy, as the end of that sentence.
    package let remedy: String

    package var description: String { "\(reason); \(remedy)" }

    init(_ error: any Error, at address: Address) {
      let code = Self.code(of: error)
      isPermission = code == EACCES || code == EPERM
      if isPermission {
        reason = "no permission to open \(address)"
        remedy = "run dedupctl as root or as a member of the group of that socket"
      } else {
        reason = "no daemon answers on \(address): \(Self.reason(error, code))"
        remedy = Self.remedy(address)
      }
    }

    /// The error of a daemon that took the connection and did not answer in time.
    init(silentFor patience: Duration, at address: Address) {
      isPermission = false
      reason = "the relay at \(address) took the connection and did not answer within \(patience.components.seconds) s"
      remedy = "it may be stuck; look at its log, and restart it"
    }

    private static func remedy(_ address: Address) -> String {
      switch address {
      case .socket: "start it with: systemctl start maildedup.service; or name its configuration with --config"
      case .tcp: "compare it with [control] address in the configuration of the relay"
      }
    }

    private static func reason(_ error: any Error, _ code: CInt?) -> String {
      switch code {
      case ENOENT: "there is no such socket"
      case ECONNREFUSED: "nobody listens there"
      case ECONNRESET, EPIPE: "it ended while it was asked"
      case ENOTSOCK, ENOTDIR, ENXIO: "that is not a socket"
      case EHOSTUNREACH, ENETUNREACH: "the network does not lead there"
      case let code?: String(cString: strerror(code))
      case nil: other(error)
      }
    }

    private static func other(_ error: any Error) -> String {
      switch error {
      case ChannelError.connectTimeout: "the connection was not accepted within 5 s"
      case is NIOConnectionError: "the connection was not accepted within 5 s, or the name is unknown"
      case SocketAddressError.unixDomainSocketPathTooLong: "the path is longer than 107 bytes"
      case SocketAddressError.unknown: "the name is unknown"
      default: "the connection failed"
      }
    }

    /// Returns the errno behind an error of NIO. If several addresses were tried, it is that of the first one that has
    /// one.
    private static func code(of error: any Error) -> CInt? {
      if let error = error as? NIOConnectionError {
        return error.connectionErrors.lazy.compactMap { code(of: $0.error) }.first
      }
      return (error as? IOError)?.errnoCode
    }
  }
}

import Listening
import NIOCore

import Glibc

/// The reason why we cannot listen, and the remedy.
package struct ListenerFailure: Error, Hashable, Sendable, CustomStringConvertible {
  package var kind: Kind
  package var endpoint: ListenerSettings.Endpoint
  /// The failure and its remedy, in one line for the admin.
  package var description: String

  package enum Kind: String, Hashable, Sendable {
    case inUse = "in-use"
    case notPermitted = "not-permitted"
    case noSuchAddress = "no-such-address"
    case other
  }

  init(withoutCertificate endpoint: ListenerSettings.Endpoint) {
    self.endpoint = endpoint
    kind = .other
    description = "cannot listen on \(endpoint): there is no certificate; set [tls] certificate and key"
  }

  init(_ endpoint: ListenerSettings.Endpoint, _ error: any Error) {
    self.endpoint = endpoint
    let what: String
    (kind, what) =
      switch endpoint {
      case .address: Self.explain(error)
      case .socket: Self.explain(ofSocket: error)
      }
    description = "cannot listen on \(endpoint): \(what)"
  }

  private static func explain(_ error: any Error) -> (Kind, String) {
    switch (error as? IOError)?.errnoCode {
    case EADDRINUSE:
      (.inUse, "the port is in use (another maildedup, or an MTA?); change [listener] address")
    case EACCES, EPERM:
      (
        .notPermitted,
        "ports below 1024 need a privilege (CAP_NET_BIND_SERVICE); give it or change [listener] address"
      )
    case EADDRNOTAVAIL:
      (.noSuchAddress, "this machine does not have that address; change [listener] address")
    case let code?:
      (.other, "\(String(cString: strerror(code))); change [listener] address")
    case nil:
      // NIO gives an error without errno only where the name is no address and does not resolve to one.
      (.noSuchAddress, "the name does not resolve to an address of this machine; change [listener] address")
    }
  }

  private static func explain(ofSocket error: any Error) -> (Kind, String) {
    guard let obstacle = error as? SocketFile.Obstacle else { return (.other, "\(error); change [listener] socket") }
    let kind: Kind =
      switch obstacle.kind {
      case .inUse: .inUse
      case .notPermitted: .notPermitted
      case .noSuchFolder: .noSuchAddress
      case .tooLong, .other: .other
      }
    return (kind, "\(obstacle) in [listener] socket")
  }
}

import NIOCore
import SMTPProtocol

/// The other end of a connection.
enum Peer: Hashable, Sendable {
  /// Any process that may write to the file of the Unix socket.
  case socket
  case direct(IPAddress)
  /// The client that a trusted proxy names; `by` is the proxy.
  case proxied(IPAddress, by: IPAddress)
  /// A TCP client that was gone before its address could be read.
  case unknown

  init(of channel: any Channel, at endpoint: ListenerSettings.Endpoint) {
    switch (endpoint, channel.remoteAddress) {
    case (.socket, _): self = .socket
    case (_, .v4(let address)):
      // The address follows family and port in a `sockaddr_in` (ip(7)).
      self = .direct(.v4(withUnsafeBytes(of: address.address) { Array($0[4..<8]) }))
    case (_, let address):
      // The IPv4 client of an IPv6 socket goes by its IPv4 address, so that it is counted once.
      self = address?.ipAddress.flatMap { IPAddress($0) }.map { .direct($0.unmapped) } ?? .unknown
    }
  }

  /// The client's name in the log, in `Received:` and in the counts per client.
  var name: String {
    switch self {
    case .socket: "unix"
    case .direct(let address), .proxied(let address, _): "\(address)"
    case .unknown: "unknown"
    }
  }

  /// Returns the key under which connections and failed logins count as one client's. An IPv6 network belongs to one
  /// owner as a whole (RFC 6177), and the owner of a /64 has 2^64 addresses.
  ///
  /// - Parameter isStranger: true if the client may not send without a login. In our own networks each address counts
  ///   alone.
  func countedAs(isStranger: Bool) -> String {
    switch self {
    case .direct(.v6(let groups)) where isStranger, .proxied(.v6(let groups), _) where isStranger:
      "\(IPAddress.v6(Array(groups.prefix(4)) + [0, 0, 0, 0]))/64"
    default: name
    }
  }

  /// True if the client is on this machine. A loopback address reported by a proxy elsewhere belongs to the proxy's
  /// machine.
  var isLocal: Bool {
    switch self {
    case .socket: true
    case .direct(let address): address.isLoopback
    case .proxied(let address, let proxy): address.isLoopback && proxy.isLoopback
    case .unknown: false
    }
  }

  /// Returns the peer's address if it is a proxy that names the client of each connection, or nil.
  func asProxy(_ proxies: [IPNetwork]) -> IPAddress? {
    guard case .direct(let address) = self, proxies.contains(where: { $0.contains(address) }) else { return nil }
    return address
  }

  /// True if the client may send without AUTH.
  func maySend(_ networks: [IPNetwork]) -> Bool {
    switch self {
    case .socket: true
    case .direct(let address): networks.contains { $0.contains(address) }
    case .proxied(let address, _): address.isLoopback == isLocal && networks.contains { $0.contains(address) }
    case .unknown: false
    }
  }
}

import NIOCore
import SMTPProtocol

/// Who is at the other end of a connection.
enum Peer: Hashable, Sendable {
  /// Whoever may write to the file of the Unix socket.
  case socket
  case direct(IPAddress)
  /// What a proxy that we believe says; `by` is the proxy.
  case proxied(IPAddress, by: IPAddress)
  /// A TCP client that was gone before we could ask for its address.
  case unknown

  init(of channel: any Channel, at endpoint: ListenerSettings.Endpoint) {
    switch (endpoint, channel.remoteAddress) {
    case (.socket, _): self = .socket
    case (_, .v4(let address)):
      // Where it stands in a `sockaddr_in`, behind family and port (ip(7)).
      self = .direct(.v4(withUnsafeBytes(of: address.address) { Array($0[4..<8]) }))
    case (_, let address):
      // An IPv4 client of an IPv6 socket under its IPv4 address, so that it is counted once.
      self = address?.ipAddress.flatMap { IPAddress($0) }.map { .direct($0.unmapped) } ?? .unknown
    }
  }

  /// For the log, `Received:` and the counts of each client.
  var name: String {
    switch self {
    case .socket: "unix"
    case .direct(let address), .proxied(let address, _): "\(address)"
    case .unknown: "unknown"
    }
  }

  /// Whose connections, and failed logins, count as those of one client: a network of IPv6 belongs to somebody as a
  /// whole (RFC 6177), and who has a /64 has 2^64 addresses.
  ///
  /// - Parameter isStranger: whether it may not send without a login. Of our own networks each address counts alone.
  func countedAs(isStranger: Bool) -> String {
    switch self {
    case .direct(.v6(let groups)) where isStranger, .proxied(.v6(let groups), _) where isStranger:
      "\(IPAddress.v6(Array(groups.prefix(4)) + [0, 0, 0, 0]))/64"
    default: name
    }
  }

  /// On this machine. A loopback address that a proxy elsewhere reports is that machine's.
  var isLocal: Bool {
    switch self {
    case .socket: true
    case .direct(let address): address.isLoopback
    case .proxied(let address, let proxy): address.isLoopback && proxy.isLoopback
    case .unknown: false
    }
  }

  /// Its address, when it is a proxy that says whose connection it is.
  func asProxy(_ proxies: [IPNetwork]) -> IPAddress? {
    guard case .direct(let address) = self, proxies.contains(where: { $0.contains(address) }) else { return nil }
    return address
  }

  /// Whether it may send without AUTH.
  func maySend(_ networks: [IPNetwork]) -> Bool {
    switch self {
    case .socket: true
    case .direct(let address): networks.contains { $0.contains(address) }
    case .proxied(let address, _): address.isLoopback == isLocal && networks.contains { $0.contains(address) }
    case .unknown: false
    }
  }
}

package import SMTPProtocol

/// The listener's part of the configuration.
package struct ListenerSettings: Hashable, Sendable {
  /// A place to listen: a TCP address or a Unix socket.
  package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// A TCP address. The host is an IP address or a name that resolves to one; port 0 lets the kernel choose. Implicit
    /// TLS begins with the first octet (RFC 8314 section 3.3) rather than with STARTTLS.
    case address(host: String, port: Int, isImplicitTLS: Bool)
    /// A Unix socket and the permission bits of its file.
    case socket(path: String, mode: UInt16)

    package init(host: String, port: Int, isImplicitTLS: Bool = false) {
      self = .address(host: host, port: port, isImplicitTLS: isImplicitTLS)
    }

    package var description: String {
      switch self {
      case .address(let host, let port, let isImplicitTLS):
        (host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)") + (isImplicitTLS ? " (TLS)" : "")
      case .socket(let path, _): path
      }
    }

    /// The part of the endpoint that is bound: two endpoints with the same place cannot be bound at the same time.
    package var place: Endpoint {
      switch self {
      // With port 0 the kernel chooses another port each time, so both can be bound.
      case .address(let host, let port, let isTLS): .address(host: host, port: port, isImplicitTLS: port == 0 && isTLS)
      case .socket(let path, _): .socket(path: path, mode: 0)
      }
    }

    /// True if one endpoint may keep the other from being bound: 0.0.0.0 holds the port of every address.
    func contends(with other: Endpoint) -> Bool {
      guard case .address(_, let port, _) = self, case .address(_, let otherPort, _) = other else { return false }
      return port == otherPort && port != 0
    }

    var isImplicitTLS: Bool {
      if case .address(_, _, let isImplicitTLS) = self { isImplicitTLS } else { false }
    }
  }

  package var endpoints: [Endpoint]
  /// The host's name in the banner and in the reply to EHLO (RFC 5321 section 4.1.1.1).
  package var hostname: String
  package var limits = SessionLimits()
  /// The limit of connections in all. Beyond it, clients that may send wait, and others get 421 4.7.0.
  package var maximumConnections = 1000
  /// The limit for clients that may not send before they log in, at most a quarter of all; beyond it: 421 4.7.0.
  package var maximumBeforeLogin = 200
  /// The limit for one address, or for one /64 of IPv6 that may not send without a login; beyond it as for all.
  package var maximumPerClient = 100
  /// The limit of connections that wait for a place; beyond it: 421 4.7.0. Each holds a file descriptor.
  package var maximumWaiting = 4000
  /// The longest that a client waits for a place; after that: 421 4.7.0.
  package var patience = Duration.seconds(5)
  /// The limit for one client on this machine, in place of `maximumPerClient`: a whole site may send from there.
  package var maximumPerLoopbackClient = 500
  /// The limit in octets for the unfinished messages and commands of all clients; beyond it: 452 4.3.1 or 421 4.3.1.
  package var memory = 64 << 20
  /// True if mail with octets that no mail may have is repaired for clients that may send, rather than refused.
  package var mendsMessages = true
  /// The networks whose clients may send without AUTH. No other client may: the relay is never an open one.
  package var networks = [IPNetwork("127.0.0.0/8"), IPNetwork("::1/128")].compactMap { $0 }
  /// The networks of proxies: their connections begin with a PROXY header that names the client, and it is trusted.
  package var proxies: [IPNetwork] = []
  /// True if passwords are accepted without TLS from clients on this machine.
  package var allowsPlaintextAuthOnLoopback = false
  /// The time to listen for a client that talks before the banner. It is long enough to catch clients that send at
  /// once, and short compared with the sync that each mail waits for. If nil, 250 microseconds for remote clients and
  /// none for those on this machine, which are no bots: a timer for each connection costs a tenth of what its mail
  /// does.
  package var greetingDelay: Duration?

  func greetingDelay(for peer: Peer) -> Duration { greetingDelay ?? (peer.isLocal ? .zero : .microseconds(250)) }
  /// The time to go on reading and discarding after the last reply to a client that is cut off. Closing at once with
  /// octets unread makes the kernel send a reset, which takes the reply away from the client.
  package var linger: Duration = .seconds(2)

  func maximumPerClient(isLocal: Bool) -> Int { isLocal ? maximumPerLoopbackClient : maximumPerClient }

  /// The number of places for strangers; as many more are for connections whose proxy has not yet named the client.
  var placesBeforeLogin: Int { min(maximumBeforeLogin, max(1, maximumConnections / 4)) }
  /// The number of those places for one stranger: a tenth of them, but at least one.
  var placesPerStranger: Int { max(1, placesBeforeLogin / 10) }

  package init(endpoints: [Endpoint], hostname: String) {
    self.endpoints = endpoints
    self.hostname = hostname
  }
}

/// The numbers of connections, now and since the start, for `status` and metrics.
package struct ConnectionCounts: Hashable, Sendable {
  /// The number of open connections.
  package var open = 0
  /// The number of connections accepted since the start, including the open ones.
  package var total = 0
  /// The number of clients that may send and are waiting for a place.
  package var waiting = 0
  /// The number of connections refused since the start because there were too many.
  package var refused = 0
  /// The number of TLS sessions since the start.
  package var encrypted = 0
  /// The number of failed handshakes and broken TLS sessions since the start.
  package var failedHandshakes = 0
  /// The number of refused logins since the start.
  package var failedLogins = 0

  package init() {}
}

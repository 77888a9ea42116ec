package import SMTPProtocol

/// What the listener is told by the configuration.
package struct ListenerSettings: Hashable, Sendable {
  /// Where to listen.
  package enum Endpoint: Hashable, Sendable, CustomStringConvertible {
    /// The host is an IP address, or a name that resolves to one; port 0 lets the kernel choose. Implicit TLS begins
    /// with the first octet (RFC 8314 section 3.3), rather than with STARTTLS.
    case address(host: String, port: Int, isImplicitTLS: Bool)
    /// A Unix socket, and the permission bits of its file.
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

    /// Two endpoints with the same place cannot be bound at the same time.
    package var place: Endpoint {
      switch self {
      // Of port 0 the kernel makes another one each time.
      case .address(let host, let port, let isTLS): .address(host: host, port: port, isImplicitTLS: port == 0 && isTLS)
      case .socket(let path, _): .socket(path: path, mode: 0)
      }
    }

    /// Whether one may keep the other from being bound: 0.0.0.0 holds the port of every address.
    func contends(with other: Endpoint) -> Bool {
      guard case .address(_, let port, _) = self, case .address(_, let otherPort, _) = other else { return false }
      return port == otherPort && port != 0
    }

    var isImplicitTLS: Bool {
      if case .address(_, _, let isImplicitTLS) = self { isImplicitTLS } else { false }
    }
  }

  package var endpoints: [Endpoint]
  /// What we call ourselves in the banner and in the reply to EHLO (RFC 5321 section 4.1.1.1).
  package var hostname: String
  package var limits = SessionLimits()
  /// Connections in all. Beyond, clients that may send wait, and others hear 421 4.7.0.
  package var maximumConnections = 1000
  /// Of them those of clients that may not send before they log in; beyond: 421 4.7.0. Never more than a quarter of all.
  package var maximumBeforeLogin = 200
  /// Connections of one address, or of one /64 of IPv6 where it may not send without a login. Beyond, as with all.
  package var maximumPerClient = 100
  /// Connections that wait for a place; beyond: 421 4.7.0. Each has a descriptor.
  package var maximumWaiting = 4000
  /// How long a client waits for a place; then: 421 4.7.0.
  package var patience = Duration.seconds(5)
  /// The same for a loopback address, from which a whole site sends.
  package var maximumPerLoopbackClient = 500
  /// Octets of memory for the unfinished messages and commands of all clients; beyond: 452 4.3.1 or 421 4.3.1.
  package var memory = 64 << 20
  /// Whether mail with octets that no mail may have is mended for clients that may send, rather than refused.
  package var mendsMessages = true
  /// Who may send without AUTH. Nobody else may: the relay is never an open one.
  package var networks = [IPNetwork("127.0.0.0/8"), IPNetwork("::1/128")].compactMap { $0 }
  /// Whose connections begin with a PROXY header, which says who the client is. They are believed.
  package var proxies: [IPNetwork] = []
  /// Whether passwords are taken without TLS from clients on this machine.
  package var allowsPlaintextAuthOnLoopback = false
  /// How long we listen for a client that talks before the banner. It is enough for whoever sends at once, and short
  /// beside the sync that each mail waits for. Nil: that long for clients from elsewhere, and not at all for those on
  /// this machine, which are no bots: a timer for each connection is a tenth of what its mail costs.
  package var greetingDelay: Duration?

  func greetingDelay(for peer: Peer) -> Duration { greetingDelay ?? (peer.isLocal ? .zero : .microseconds(250)) }
  /// How long we read on, discarding, after the last reply to a client that we cut off. Closing at once with octets
  /// unread makes the kernel send a reset, which takes the reply away from the client.
  package var linger: Duration = .seconds(2)

  func maximumPerClient(isLocal: Bool) -> Int { isLocal ? maximumPerLoopbackClient : maximumPerClient }

  /// Places for strangers; as many for connections of which a proxy has not said yet whose they are.
  var placesBeforeLogin: Int { min(maximumBeforeLogin, max(1, maximumConnections / 4)) }
  /// Of those for one stranger: ten of them are not all.
  var placesPerStranger: Int { max(1, placesBeforeLogin / 10) }

  package init(endpoints: [Endpoint], hostname: String) {
    self.endpoints = endpoints
    self.hostname = hostname
  }
}

/// How many connections there are and were, for `status` and metrics.
package struct ConnectionCounts: Hashable, Sendable {
  /// Open now.
  package var open = 0
  /// Accepted since the start, the open ones included.
  package var total = 0
  /// Of clients that may send and wait for a place.
  package var waiting = 0
  /// Refused since the start because there were too many.
  package var refused = 0
  /// TLS sessions since the start.
  package var encrypted = 0
  /// Handshakes that failed, and TLS sessions that broke.
  package var failedHandshakes = 0
  /// Logins that were refused.
  package var failedLogins = 0

  package init() {}
}

/// The policy of a session: how its connection is secured when it begins, and what the client is offered and allowed.
/// The listener makes one for each connection from the configuration and the client's address.
package struct SessionPolicy: Hashable, Sendable {
  package enum Security: Hashable, Sendable {
    /// A TCP connection that can be read in transit, or a Unix socket.
    case plain
    /// TLS from the first octet (RFC 8314 section 3.3). The session waits for `secured` before it greets.
    case implicitTLS
  }

  package enum Authentication: Hashable, Sendable {
    /// AUTH is not offered: there are no users.
    case off
    /// AUTH is offered only inside TLS, where the password cannot be read in transit.
    case insideTLS
    /// AUTH is also offered without TLS: on a Unix socket, or on loopback if the admin allows it.
    case always
  }

  package var security = Security.plain
  /// True if there is a certificate: STARTTLS is offered while the connection is not secured (RFC 3207).
  package var offersStartTLS = false
  package var authentication = Authentication.off
  /// True if the client may send without AUTH, because of its network. No other client may (no open relay).
  package var maySend = true
  /// True if NUL, bare CRs and mixed line ends from a client that may send are accepted and repaired (`Mender`).
  /// Otherwise they are refused, as they are from every other client.
  package var mends = false

  package init() {}
}

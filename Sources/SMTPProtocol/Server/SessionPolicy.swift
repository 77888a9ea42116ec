/// What a session is about: how its connection is secured when it begins, and what the client is offered and allowed
/// on it. The listener makes one for each connection from the configuration and the client's address.
package struct SessionPolicy: Hashable, Sendable {
  package enum Security: Hashable, Sendable {
    /// A TCP connection that anybody on its way can read.
    case plain
    /// TLS from the first octet (RFC 8314 section 3.3). The session waits for `secured` before it greets.
    case implicitTLS
  }

  package enum Authentication: Hashable, Sendable {
    /// There are no users.
    case off
    /// Only where nobody on the way reads the password.
    case insideTLS
    /// Also as things are: on a Unix socket, or on loopback when the admin allows it.
    case always
  }

  package var security = Security.plain
  /// There is a certificate: STARTTLS is offered where the connection is not secured yet (RFC 3207).
  package var offersStartTLS = false
  package var authentication = Authentication.off
  /// The client may send without AUTH: it comes from a network that may. Nobody else may (no open relay).
  package var maySend = true
  /// From a client that may send, NUL, bare CRs and mixed line ends are taken and mended (`Mender`); where this is false
  /// they are refused, as they are from everybody else.
  package var mends = false

  package init() {}
}

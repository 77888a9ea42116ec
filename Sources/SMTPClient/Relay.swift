package import DedupCore
package import SMTPProtocol

/// A smarthost and how we talk to it.
package struct Relay: Hashable, Sendable {
  package var smarthost: Smarthost
  package var tls: TLSMode
  /// True if the smarthost is on this machine, so that a password may be sent in the clear.
  package var isLoopback: Bool

  package init(_ smarthost: Smarthost, tls: TLSMode = .none, isLoopback: Bool = false) {
    self.smarthost = smarthost
    self.tls = tls
    self.isLoopback = isLoopback
  }
}

/// The source of credentials. It is asked for each new connection, since tokens expire and passwords change at run
/// time.
package typealias CredentialSource = @Sendable () async throws(CredentialFailure) -> ClientCredentials

/// The reason why there are no credentials to log in with, as one printable line without the secret.
package struct CredentialFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

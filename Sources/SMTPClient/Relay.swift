package import DedupCore
package import SMTPProtocol

/// One smarthost, and how we speak to it.
package struct Relay: Hashable, Sendable {
  package var smarthost: Smarthost
  package var tls: TLSMode
  /// It is on this machine: a password may go there in the clear.
  package var isLoopback: Bool

  package init(_ smarthost: Smarthost, tls: TLSMode = .none, isLoopback: Bool = false) {
    self.smarthost = smarthost
    self.tls = tls
    self.isLoopback = isLoopback
  }
}

/// Asked for each new connection, since tokens expire and passwords change while the relay runs.
package typealias CredentialSource = @Sendable () async throws(CredentialFailure) -> ClientCredentials

/// Why there is nothing to log in with; one printable line without the secret.
package struct CredentialFailure: Error, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

/// How a connection to the next hop is encrypted.
package enum TLSMode: String, Hashable, Sendable, CaseIterable {
  /// Never.
  case none
  /// STARTTLS when the server offers it, whatever its certificate; else in the clear (RFC 7435). It keeps out those who
  /// only listen.
  case opportunistic
  /// STARTTLS with a certificate that is verified, or no mail is sent (RFC 3207).
  case require
  /// TLS from the first octet, with a certificate that is verified (RFC 8314 section 3.3).
  case implicit

  /// Whether the server has to prove its name.
  package var knowsThePeer: Bool { self == .require || self == .implicit }
}

/// The encryption of a connection to the next hop.
package enum TLSMode: String, Hashable, Sendable, CaseIterable {
  /// No TLS at all.
  case none
  /// STARTTLS if the server offers it, whatever its certificate; otherwise in the clear (RFC 7435). It keeps out
  /// attackers who only listen.
  case opportunistic
  /// STARTTLS with a verified certificate, or no mail is sent (RFC 3207).
  case require
  /// TLS from the first octet, with a verified certificate (RFC 8314 section 3.3).
  case implicit

  /// True if the server has to prove its name.
  package var knowsThePeer: Bool { self == .require || self == .implicit }
}

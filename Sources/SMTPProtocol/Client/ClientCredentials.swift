/// A password, a token, or octets derived from one. It is never shown: not in logs, not in the output of a failing
/// test.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// The secret itself, only for the octets on the wire.
  package let revealed: String

  package init(_ text: String) { revealed = text }

  package var description: String { "[secret]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// The credentials that we log in with at the next hop.
package struct ClientCredentials: Hashable, Sendable {
  package enum Proof: Hashable, Sendable {
    /// A password, for PLAIN (RFC 4616) or LOGIN.
    case password(Secret)
    /// An OAuth 2.0 access token, for XOAUTH2.
    case token(Secret)
  }

  package var username: String
  package var proof: Proof

  package init(username: String, proof: Proof) {
    self.username = username
    self.proof = proof
  }
}

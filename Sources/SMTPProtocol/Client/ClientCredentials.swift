/// A password, a token, or octets made of one. It is shown nowhere: not in logs, not in the output of a failing test.
package struct Secret: Hashable, Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  /// Only for the octets on the wire.
  package let revealed: String

  package init(_ text: String) { revealed = text }

  package var description: String { "[secret]" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// What we log in with at the next hop.
package struct ClientCredentials: Hashable, Sendable {
  package enum Proof: Hashable, Sendable {
    /// PLAIN (RFC 4616) or LOGIN.
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

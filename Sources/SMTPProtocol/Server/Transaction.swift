package import MailMessage

/// One complete mail transaction: the envelope and all octets of the message, dots already unstuffed
/// (RFC 5321 section 4.5.2).
package struct Transaction: Hashable, Sendable {
  package var client: Client
  package var envelope: Envelope
  /// The message as the client sent it but for what is `mended`, ending in CRLF; the final dot is not part of it. As the session hands it out,
  /// what went before as `spill` is missing.
  package var message: Message
  /// What was wrong with the octets that the client sent, and is not any more.
  package var mended: Mended = []

  /// Who sent it, for the trace header (RFC 5321 section 4.4) and the log.
  package struct Client: Hashable, Sendable {
    /// The address without port: `127.0.0.1`, `::1`, or `unix` for a Unix socket.
    package var address: String
    /// What HELO or EHLO said. Unchecked: it may hold anything printable.
    package var helo: String
    /// `SMTP` or `ESMTP` (RFC 3848 adds the letters for TLS and AUTH).
    package var transmission: String
    /// Names the session in the log.
    package var session: String
    /// Who logged in; nil without AUTH.
    package var user: String?

    package init(address: String, helo: String, transmission: String, session: String) {
      self.address = address
      self.helo = helo
      self.transmission = transmission
      self.session = session
    }
  }

  package init(client: Client, envelope: Envelope, message: Message) {
    self.client = client
    self.envelope = envelope
    self.message = message
  }
}

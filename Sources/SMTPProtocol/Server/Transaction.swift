package import MailMessage

/// One complete mail transaction: the envelope and all octets of the message, with dots unstuffed (RFC 5321 section
/// 4.5.2).
package struct Transaction: Hashable, Sendable {
  package var client: Client
  package var envelope: Envelope
  /// The message as the client sent it, except for what is `mended`. It ends in CRLF, without the final dot. In the
  /// session's `commit` action, the octets already given out as `spill` are missing.
  package var message: Message
  /// The faults in the client's octets that were repaired.
  package var mended: Mended = []

  /// The client that sent the mail, for the trace header (RFC 5321 section 4.4) and the log.
  package struct Client: Hashable, Sendable {
    /// The address without port: `127.0.0.1`, `::1`, or `unix` for a Unix socket.
    package var address: String
    /// The argument of HELO or EHLO. It is unchecked and may hold anything printable.
    package var helo: String
    /// The protocol: `SMTP` or `ESMTP`, with the letters of RFC 3848 for TLS and AUTH, or `UTF8SMTP` (RFC 6531).
    package var transmission: String
    /// The name of the session in the log.
    package var session: String
    /// The user who logged in, or nil without AUTH.
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

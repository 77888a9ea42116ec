import MailMessage

extension ServerSession {
  enum State: Hashable, Sendable {
    /// The banner is not out yet.
    case silent
    /// Waiting for a command or the rest of one.
    case command
    /// Reading a message into `decoder`.
    case data
    /// Reading a chunk of a message (RFC 3030).
    case chunk(Chunk)
    /// Waiting for the client's response within AUTH.
    case challenged(Challenge)
    /// Waiting for the driver to check a password.
    case verifying(user: String)
    /// Waiting for the driver to make a transaction durable.
    case committing
    /// Negotiating TLS; after that the session greets or waits for a command.
    case handshaking(greets: Bool)
    /// Waiting for the driver to end a pause, after which this reply goes out.
    case paused(Reply)
    case closed
  }

  /// The chunk that BDAT announced.
  struct Chunk: Hashable, Sendable {
    /// The number of octets still to come.
    var left: Int
    let size: Int
    let isLast: Bool
    /// The reply that refuses the chunk, or nil. A refused chunk is read too, or it would be taken for commands.
    let refusal: Reply?
  }

  /// An open transaction, for which MAIL was accepted.
  struct Draft: Hashable, Sendable {
    var envelope: Envelope
    var declaredSize: Int?
  }
}

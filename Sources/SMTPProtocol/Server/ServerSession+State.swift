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
    /// Waiting for the driver to do something. What the client sends meanwhile is held, to be read afterwards.
    case awaiting(DriverTask, held: [UInt8] = [])
    /// Negotiating TLS; after that the session greets or waits for a command.
    case handshaking(greets: Bool)
    case closed
  }

  /// The task of the driver for which the session waits.
  enum DriverTask: Hashable, Sendable {
    /// Checking a password.
    case verification(user: String)
    /// Making a transaction durable.
    case commit
    /// Ending a pause, after which this reply goes out.
    case pause(before: Reply)
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

import MailMessage

extension ServerSession {
  package enum Action: Hashable, Sendable {
    case reply(Reply)
    /// The next octets of a message that is too large for memory.
    case spill([UInt8])
    /// Drops the spilled octets: their message will not be handed over.
    case forget
    /// Asks the driver to make the transaction durable and then to call `finish`.
    case commit(Transaction)
    /// Asks for a wait of this length and then for `resume`: the client makes too many errors.
    case pause(Duration)
    /// Asks for TLS around the connection, once the previous reply is out, and then for `secured`. The value is the
    /// number of plain-text octets that followed the command and were dropped.
    case startTLS(dropping: Int)
    /// Asks for a check of the password off the event loop and then for `verified`.
    case authenticate(LoginAttempt)
    /// Asks to listen for a moment whether the client talks first, and then for `open`.
    case greet
    /// Ends the connection: the driver sends what is pending and closes; nothing follows.
    case close(Ending)
  }

  /// The reason why a session ends.
  package enum Ending: String, Hashable, Sendable, CaseIterable {
    case quit
    /// The client went away.
    case gone
    case earlyTalker = "early-talker"
    case notSMTP = "not-smtp"
    case tlsOnPlainPort = "tls-on-plain-port"
    case lineTooLong = "line-too-long"
    /// A command has a CR or an LF that is not part of CRLF.
    case bareLineEnd = "bare-line-end"
    case noMemory = "no-memory"
    /// A BDAT command does not say how many octets follow.
    case badChunk = "bad-chunk"
    case tooManyErrors = "too-many-errors"
    case tooMuchJunk = "too-much-junk"
    case tooManyFailures = "too-many-failed-logins"
    case tooMuchAhead = "too-much-ahead"
    case idle
    /// A client that may not send without a login did not log in.
    case loginTooLate = "login-too-late"
    case dataTooLate = "data-too-late"
    case dataTooSlow = "data-too-slow"
    case shutdown
    /// TLS was not established in time.
    case handshakeTooLate = "handshake-too-late"
    /// The transaction handler replied 421.
    case unavailable
  }
}

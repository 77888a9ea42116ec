/// The record that a session keeps of its client, whatever the dialogue is about: errors, commands that bring no mail,
/// mail, the end of the input. STARTTLS does not clear it: that would be a way around the limits.
struct ClientRecord: Hashable, Sendable {
  /// The consequence of something that the client did.
  enum Consequence: Hashable, Sendable {
    /// The reply goes out as usual.
    case none
    /// The reply goes out after this time.
    case delay(Duration)
    /// This reply goes out in its place, and the session ends.
    case end(Reply, ServerSession.Ending)
  }

  /// The number of errors since the last mail that was taken.
  private var errors = 0
  private var wrongPasswords = 0
  /// The number of commands since the last mail that brought none nearer.
  private var junk = 0
  /// True once a transaction got its reply.
  private(set) var hasHadMail = false
  /// True once the client closed its side.
  private(set) var isAtEnd = false

  /// Notes the reply to a complete transaction.
  mutating func noteMail(_ reply: Reply) {
    hasHadMail = true
    if reply.isPositive { errors = 0 }
    junk = 0
  }

  mutating func noteEnd() { isAtEnd = true }

  /// Counts a refused request: too many slow down or end the session. A 4xx reply is not the client's fault.
  mutating func noteRefusal(_ reply: Reply, _ limits: SessionLimits) -> Consequence {
    if reply.isPermanent { errors += 1 }
    if errors >= limits.errorsBeforeClose { return .end(.tooManyErrors, .tooManyErrors) }
    return errors >= limits.errorsBeforeDelay ? Self.delay(limits.errorDelay) : .none
  }

  /// Counts a wrong password. Each guess costs time, and after a few the connection.
  mutating func noteWrongPassword(_ limits: SessionLimits) -> Consequence {
    errors += 1
    wrongPasswords += 1
    if wrongPasswords >= limits.authFailures { return .end(.tooManyFailures, .tooManyFailures) }
    return Self.delay(limits.authDelay)
  }

  /// Counts a command that brings no message nearer: a client that sends nothing else only holds the connection.
  mutating func noteJunk(_ limits: SessionLimits) -> Consequence {
    junk += 1
    return junk > limits.junkCommands ? .end(.tooMuchJunk, .tooMuchJunk) : .none
  }

  private static func delay(_ time: Duration) -> Consequence { time > .zero ? .delay(time) : .none }
}

import MailMessage

/// AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN, which is in no RFC and which smtplib, Outlook and many devices
/// fall back to. Whether a password is right is the driver's to say: hashing it takes long.
extension ServerSession {
  /// What the client answers to.
  enum Challenge: Hashable, Sendable {
    case plain
    case loginUser
    case loginPassword(user: String)
  }

  /// What became of an `authenticate`.
  package enum Verification: Hashable, Sendable {
    case accepted
    /// No such user, or not the password.
    case rejected
    /// It cannot be told now.
    case unavailable
    /// The client failed too often, in whatever sessions.
    case tooManyFailures
  }

  /// Whether a password may be given on this connection as it is now.
  var mayAuthenticate: Bool {
    switch policy.authentication {
    case .off: false
    case .insideTLS: isSecure
    case .always: true
    }
  }

  /// Whether MAIL may be given, as things are now.
  var maySend: Bool { policy.maySend || client.user != nil }

  /// Why not: 530 where AUTH would help, perhaps after STARTTLS (RFC 4954 section 6), else 550.
  var sendingRefusal: Reply {
    mayAuthenticate || (policy.authentication != .off && announcesStartTLS) ? .authenticationRequired : .notPermitted
  }

  mutating func authenticate(_ mechanism: String, _ initial: [UInt8]?, _ actions: inout [Action]) {
    if policy.authentication == .off { return refuse(.notImplemented, &actions) }
    // AUTH is an extension, and HELO asks for none (RFC 5321 section 2.2.1).
    if !isExtended { return refuse(.extendedHelloFirst, &actions) }
    if client.user != nil { return refuse(.alreadyAuthenticated, &actions) }
    if draft != nil { return refuse(.authenticationInTransaction, &actions) }
    if !mayAuthenticate { return refuse(.encryptionRequired, &actions) }
    let challenge: Challenge
    switch mechanism {
    case "plain": challenge = .plain
    case "login": challenge = .loginUser
    default: return refuse(.unknownMechanism, &actions)
    }
    guard let initial else { return ask(challenge, &actions) }
    // RFC 4954 section 4: `=` stands for a response of no octets.
    respond(to: challenge, initial == [UInt8(ascii: "=")] ? [] : initial, &actions)
  }

  /// A line that answers a challenge.
  mutating func takeResponse(_ line: ArraySlice<UInt8>, to challenge: Challenge, _ actions: inout [Action]) {
    state = .command
    // RFC 4954 section 4: the client cancels.
    if line.elementsEqual([UInt8(ascii: "*")]) { return refuse(.authenticationCancelled, &actions) }
    respond(to: challenge, Array(line), &actions)
  }

  private mutating func respond(to challenge: Challenge, _ response: [UInt8], _ actions: inout [Action]) {
    guard let octets = SASL.decodeBase64(response) else { return refuse(.badBase64, &actions) }
    switch challenge {
    case .plain:
      guard let credentials = SASL.plain(octets) else { return refuse(.badCredentials, &actions) }
      verify(credentials, &actions)
    case .loginUser:
      guard let user = SASL.name(octets) else { return refuse(.badCredentials, &actions) }
      ask(.loginPassword(user: user), &actions)
    case .loginPassword(let user):
      guard SASL.isPassword(octets) else { return refuse(.badCredentials, &actions) }
      verify(LoginAttempt(user: user, password: octets), &actions)
    }
  }

  private mutating func ask(_ challenge: Challenge, _ actions: inout [Action]) {
    state = .challenged(challenge)
    answer(.challenge(challenge), &actions)
  }

  private mutating func verify(_ credentials: LoginAttempt, _ actions: inout [Action]) {
    state = .verifying(user: credentials.user)
    actions.append(.authenticate(credentials))
  }

  /// The answer to `authenticate`.
  package mutating func verified(_ verification: Verification) -> [Action] {
    guard case .verifying(let user) = state else { return [] }
    var actions: [Action] = []
    state = .command
    switch verification {
    case .accepted:
      client.user = user
      answer(.authenticated, &actions)
    case .rejected: rejectCredentials(&actions)
    case .unavailable: answer(.cannotAuthenticate, &actions)
    case .tooManyFailures: end(.tooManyFailures, .tooManyFailures, &actions)
    }
    continueWithHeld(&actions)
    return actions
  }

  /// Each guess costs its time, and after a few the connection.
  private mutating func rejectCredentials(_ actions: inout [Action]) {
    errors += 1
    failures += 1
    if failures >= limits.authFailures { return end(.tooManyFailures, .tooManyFailures, &actions) }
    guard limits.authDelay > .zero, !isDraining else { return answer(.badPassword, &actions) }
    state = .paused(.badPassword)
    actions.append(.pause(limits.authDelay))
  }
}

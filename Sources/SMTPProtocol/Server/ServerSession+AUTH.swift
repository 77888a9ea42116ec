import MailMessage

/// AUTH (RFC 4954) with PLAIN (RFC 4616) and LOGIN, which is in no RFC and which smtplib, Outlook and many devices fall
/// back to. The driver checks the password, because hashing it takes long.
extension ServerSession {
  /// The challenge that the client has to respond to.
  enum Challenge: Hashable, Sendable {
    case plain
    case loginUser
    case loginPassword(user: String)
  }

  /// The outcome of an `authenticate` action.
  package enum Verification: Hashable, Sendable {
    case accepted
    /// The user does not exist or the password is wrong.
    case rejected
    /// The password cannot be checked now.
    case unavailable
    /// The client failed too often, across all its sessions.
    case tooManyFailures
  }

  /// True if a password may be sent on this connection in its present state.
  var mayAuthenticate: Bool {
    switch policy.authentication {
    case .off: false
    case .insideTLS: isSecure
    case .always: true
    }
  }

  /// True if MAIL is permitted in the present state.
  var maySend: Bool { policy.maySend || client.user != nil }

  /// The reply to a client that may not send: 530 where AUTH would help, perhaps after STARTTLS (RFC 4954 section 6),
  /// else 550.
  var sendingRefusal: Reply {
    mayAuthenticate || (policy.authentication != .off && announcesStartTLS) ? .authenticationRequired : .notPermitted
  }

  mutating func authenticate(_ mechanism: String, _ initial: [UInt8]?, _ actions: inout [Action]) {
    if policy.authentication == .off { return refuse(.notImplemented, &actions) }
    // AUTH is an extension, and HELO requests none (RFC 5321 section 2.2.1).
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
    // RFC 4954 section 4: `=` stands for an empty response.
    respond(to: challenge, initial == [UInt8(ascii: "=")] ? [] : initial, &actions)
  }

  /// Takes the line with which the client responds to a challenge.
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
    state = .awaiting(.verification(user: credentials.user))
    actions.append(.authenticate(credentials))
  }

  /// Takes the outcome of an `authenticate` action.
  package mutating func verified(_ verification: Verification) -> [Action] {
    guard case .awaiting(.verification(let user), let held) = state else { return [] }
    var actions: [Action] = []
    state = .command
    switch verification {
    case .accepted:
      client.user = user
      answer(.authenticated, &actions)
    case .rejected: answer(.badPassword, heeding: record.noteWrongPassword(limits), &actions)
    case .unavailable: answer(.cannotAuthenticate, &actions)
    case .tooManyFailures: end(.tooManyFailures, .tooManyFailures, &actions)
    }
    proceed(with: held, &actions)
    return actions
  }
}

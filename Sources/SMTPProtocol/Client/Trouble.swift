/// What a failure at the next hop means. This is the one place that decides it: callers report facts (clause R7).
///
/// | fact | meaning |
/// |---|---|
/// | 4xx anywhere; 421 also ends the connection | temporary |
/// | 5xx to MAIL, RCPT, DATA or to the message | permanent |
/// | 530, 534, 535, 538: the server wants TLS or other credentials | temporary: our configuration, not the mail |
/// | 552 to a RCPT behind an accepted one, without status or with 5.5.3; any 5xx 5.5.3 there | temporary (RFC 5321 section 4.5.3.1.10) |
/// | 5xx to the connection, HELO, STARTTLS, AUTH or RSET; any other reply, also 250 to STARTTLS | temporary, and the connection is of no use |
/// | no TLS where it is required, no handshake, a bad certificate, octets behind the reply to STARTTLS | the same |
/// | no way to log in that both sides know, no secret at hand, no TLS to send it in | the same |
/// | no name, no connection, no reply in time, a lost connection, garbage | temporary |
/// | our copy of the message cannot be read | temporary; the connection is cut, so that no half of it counts |
/// | SMTPUTF8 is needed and not offered (RFC 6531 section 3.2); the message is over the announced SIZE | permanent |
///
/// Whom it concerns, and so what is done next, says `subject` (`Trouble+Subject.swift`).
package struct Trouble: Error, Hashable, Sendable, CustomStringConvertible {
  /// What we were waiting for.
  package enum Step: String, Hashable, Sendable, CaseIterable {
    case connect = "the connection"
    case greeting = "the banner"
    case hello = "EHLO"
    case startTLS = "STARTTLS"
    case handshake = "the TLS handshake"
    case authentication = "AUTH"
    case reset = "RSET"
    case mail = "MAIL"
    case recipient = "RCPT"
    /// A RCPT of a transaction in which one was accepted already.
    case furtherRecipient = "RCPT (further)"
    case data = "DATA"
    /// The message with its final dot.
    case message = "the message"
    case quit = "QUIT"
  }

  /// What needs SMTPUTF8.
  package enum Need: String, Hashable, Sendable {
    case address = "an address"
    case header = "the header"
  }

  /// What happened.
  package enum Fact: Hashable, Sendable {
    case reply(Reply)
    case timedOut
    case connectionLost
    /// It could not be made; the text says why.
    case unreachable(String)
    /// The server said something that is no reply.
    case garbled(String)
    /// It said something before it was asked; then nobody knows which reply belongs to what.
    case outOfStep(String)
    /// It is needed for an address or for the header.
    case lacksSMTPUTF8(for: Need)
    case overSize(limit: Int)
    /// An address has control characters.
    case malformedEnvelope
    /// The handshake failed or the certificate is not good; the text says why.
    case tlsFailed(String)
    case lacksSTARTTLS
    /// Something stood behind the reply to STARTTLS that the server cannot have sent in good faith.
    case injected
    /// None of the mechanisms fits our credentials.
    case lacksAUTH(offered: [String])
    /// Our credentials would be sent where others may read them.
    case insecureAUTH
    /// We do not have them at the moment; the text says why.
    case noCredentials(String)
    /// Our own copy of the message could not be read to its end.
    case unreadable(String)
  }

  package var isPermanent: Bool
  /// Whether nothing more may be said on this connection.
  package var endsConnection: Bool
  /// Whether it may be tried again at once: not where the server let us wait for its answer until we gave up.
  package private(set) var isRepeatable = true
  /// The reply did not come in time.
  package private(set) var isTimeout = false
  /// Replies and commands do not match: what was said before in this transaction may have been meant for another command.
  package private(set) var isOutOfStep = false
  /// Whether the server said it in a reply.
  package private(set) var isReply = false
  /// Whether it will last until an admin looks: our configuration, our credentials, or a certificate.
  package private(set) var needsAdmin = false
  /// The trouble was TLS itself: without it, the connection might have worked.
  package private(set) var isAboutTLS = false
  /// Whom it concerns.
  package private(set) var subject: Subject
  /// What we were waiting for.
  package private(set) var step: Step
  /// The server wants less of us: fewer mails, fewer connections, or later.
  package private(set) var isThrottle = false
  /// It says so, and is not only a server that ends the connection (421).
  package private(set) var saysThrottle = false
  /// The system of the server failed, as it says: mail system status (4.3.x, RFC 3463 section 3.4), or 4xx to MAIL with no
  /// more than that. One such mail is nothing; several in a row are the host, at RCPT only those to several domains.
  package private(set) var isAboutSystem = false
  /// It is about how many recipients there are, and not about who they are.
  package private(set) var countsRecipients = false
  /// The server may have taken the message all the same: offering it again at once could make two of it (RFC 1047).
  package internal(set) var isInDoubt = false
  /// One line for logs and bounces; printable.
  package var description: String
  /// The enhanced status code, when there is one.
  package var status: EnhancedStatusCode?

  /// The trouble that `fact` is at `step`, or nil when it is none: the reply that we hoped for.
  ///
  /// - Parameter history: what the connection did before.
  package init?(_ fact: Fact, at step: Step, after history: History = .fresh) {
    switch fact {
    case .reply(let reply):
      guard !Self.isWelcome(reply, at: step) else { return nil }
      self.init(reply, at: step, after: history)
    case .timedOut:
      self.init(fault: "no reply to \(step.name) in time", .init(4, 4, 2), at: step, after: history)
      (isRepeatable, isTimeout) = (false, true)
    case .connectionLost: self = .lost(at: step, after: history)
    case .unreachable(let why): self = .unreachable(why)
    case .garbled(let text):
      self.init(fault: "reply to \(step.name) is not SMTP: \(text)", .init(4, 5, 0), at: step, after: history)
      isOutOfStep = true
    case .outOfStep(let text):
      let what = "replies and commands do not match: \(text) answers nothing that was asked"
      self.init(fault: what, .init(4, 5, 0), at: step, after: history)
      isOutOfStep = true
    case .unreadable(let why):
      let what = "the message cannot be read: \(why)"
      self.init(what, .init(4, 3, 0), .message, at: step, isPermanent: false, ends: true)
    case .lacksSMTPUTF8(let need):
      let what = "\(need.rawValue) is not ASCII and the next hop does not offer SMTPUTF8"
      self.init(what, .init(5, 6, 7), .recipient, at: step, isPermanent: true, ends: false)
    case .malformedEnvelope:
      let what = "an address has control characters"
      self.init(what, .init(5, 1, 3), .message, at: step, isPermanent: true, ends: false)
    case .overSize(let limit):
      let what = "the next hop takes no message above \(limit) octets"
      self.init(what, .init(5, 3, 4), .message, at: step, isPermanent: true, ends: false)
    case .tlsFailed, .lacksSTARTTLS, .injected, .lacksAUTH, .insecureAUTH, .noCredentials:
      self.init(Self.complaint(about: fact), .init(4, 7, 0), .host, at: step, isPermanent: false, ends: true)
      needsAdmin = true
      switch fact {
      case .tlsFailed, .injected: isAboutTLS = true
      default: break
      }
    }
    // A server that drops the connection where TLS should begin does not get along with ours (RFC 7435).
    if step == .handshake || step == .startTLS, endsConnection, !needsAdmin { isAboutTLS = true }
  }

  /// About security, of which RFC 3463 section 3.8 says no more than x.7.0 where we can.
  private static func complaint(about fact: Fact) -> String {
    switch fact {
    case .tlsFailed(let why): "no TLS: \(why)"
    case .lacksSTARTTLS: "TLS is required and the next hop does not offer STARTTLS"
    case .injected: "octets in the clear behind the reply to STARTTLS: somebody meddles with the connection"
    case .lacksAUTH(let offered):
      "no way to log in that fits: the next hop offers " + (offered.isEmpty ? "none" : offered.joined(separator: " "))
    case .insecureAUTH: "there is no verified TLS to log in over"
    case .noCredentials(let why): "nothing to log in with: \(why)"
    default: "\(fact)"
    }
  }

  package static func lost(at step: Step, after history: History = .fresh) -> Trouble {
    Trouble(fault: "connection lost while waiting for \(step.name)", .init(4, 4, 2), at: step, after: history)
  }

  /// The connection could not be made; `why` is one printable line.
  package static func unreachable(_ why: String) -> Trouble {
    Trouble(why, .init(4, 4, 1), .host, at: .connect, isPermanent: false, ends: true)
  }

  /// The same for a mail that came while the host is left alone because of it.
  package var whileResting: Trouble {
    var copy = self
    copy.description += " (a moment ago; the next hop is left alone for a while)"
    return copy
  }

  private init(
    _ description: String, _ status: EnhancedStatusCode?, _ subject: Subject, at step: Step, isPermanent: Bool,
    ends: Bool
  ) {
    self.description = description
    self.status = status
    self.subject = subject
    self.step = step
    self.isPermanent = isPermanent
    endsConnection = ends
  }

  /// A connection that broke: it says nothing of what became of a message that was on its way.
  private init(fault description: String, _ status: EnhancedStatusCode, at step: Step, after history: History) {
    self.init(
      description, status, .ofEnd(at: step, after: history), at: step, isPermanent: false, ends: true)
    isInDoubt = step == .message
  }

  private init(_ reply: Reply, at step: Step, after history: History) {
    let isMisplaced = !reply.isTemporary && !reply.isPermanent
    let isTooMany = reply.meansTooManyRecipients(at: step)
    let isThrottle = reply.isThrottle(at: step)
    // A reply of a wrong kind means that we and the server no longer talk about the same command.
    let ends = reply.code == 421 || isMisplaced || !step.isAboutTheMail || isThrottle && history.hasWorked
    self.init(
      "\(reply) (in reply to \(step.name))", reply.status,
      ends ? .ofEnd(reply, at: step, after: history) : .ofRefusal(reply, at: step, after: history), at: step,
      isPermanent: reply.isPermanent && step.isAboutTheMail && !Self.isAboutUs(reply) && !isTooMany, ends: ends)
    needsAdmin = Self.isAboutUs(reply) || step == .authentication && reply.isPermanent
    self.isThrottle = isThrottle
    saysThrottle = reply.saysThrottle(at: step)
    isReply = true
    countsRecipients = isTooMany
    let blamesSystem = reply.status.map { $0.subject == 3 } ?? (step == .mail)
    isAboutSystem = (subject == .message || subject == .recipient) && reply.isTemporary && blamesSystem
    isInDoubt = step == .message && isMisplaced
    isOutOfStep = isMisplaced
  }

  /// RFC 5321 section 4.2.1: only the first digit decides, 3xx for DATA and 2xx for everything else. STARTTLS is the
  /// exception: whoever answers 250 to it did not understand it, and a handshake would hang (RFC 3207 section 4).
  private static func isWelcome(_ reply: Reply, at step: Step) -> Bool {
    switch step {
    case .data: (300...399).contains(reply.code)
    case .startTLS: reply.code == 220
    default: reply.isPositive
    }
  }

  /// RFC 4954 section 6 and RFC 3207 section 4. Bouncing all mail of a site because a password expired helps nobody.
  static func isAboutUs(_ reply: Reply) -> Bool { [530, 534, 535, 538].contains(reply.code) }
}

extension Trouble.Step {
  fileprivate var name: String { self == .furtherRecipient ? Self.recipient.rawValue : rawValue }
}

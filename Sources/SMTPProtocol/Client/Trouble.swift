/// The meaning of a failure at the next hop: callers report facts, and this type alone decides whether the failure is
/// final and whether the connection can go on. `Trouble.Subject` decides what the failure is about.
///
/// | fact | meaning |
/// |---|---|
/// | 4xx anywhere; 421 also ends the connection | temporary |
/// | 5xx to MAIL, RCPT, DATA or to the message | permanent |
/// | 530, 534, 535, 538: the server wants TLS or other credentials | temporary: our configuration, not the mail |
/// | 552 to a RCPT after an accepted one, bare or with 5.5.3; any 5xx 5.5.3 there | temporary (RFC 5321 4.5.3.1.10) |
/// | 5xx banner or to HELO, STARTTLS, AUTH, RSET; any other, also 250 to STARTTLS | temporary, connection unusable |
/// | no TLS where it is required, no handshake, a bad certificate, octets after the reply to STARTTLS | the same |
/// | no way to log in that both sides know, no secret at hand, no TLS to send it in | the same |
/// | no name, no connection, no reply in time, a lost connection, garbage | temporary |
/// | our copy of the message cannot be read | temporary; the connection is cut, so that no half of it counts |
/// | SMTPUTF8 is needed and not offered (RFC 6531 section 3.2); the message is over the announced SIZE | permanent |
///
/// `subject` (`Trouble+Subject.swift`) says whom the failure concerns, and so what is done next.
package struct Trouble: Error, Hashable, Sendable, CustomStringConvertible {
  /// The step of the session that we were waiting for.
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
    /// A RCPT in a transaction that already has an accepted one.
    case furtherRecipient = "RCPT (further)"
    case data = "DATA"
    /// The message with its final dot.
    case message = "the message"
    case quit = "QUIT"
  }

  /// The part of a mail that needs SMTPUTF8.
  package enum Need: String, Hashable, Sendable {
    case address = "an address"
    case header = "the header"
  }

  /// The event that is judged.
  package enum Fact: Hashable, Sendable {
    case reply(Reply)
    case timedOut
    case connectionLost
    /// The connection could not be made; the text says why.
    case unreachable(String)
    /// The server sent something that is not a reply.
    case garbled(String)
    /// The server sent something before it was asked, so that it is unknown which reply belongs to which command.
    case outOfStep(String)
    /// The server lacks SMTPUTF8, which an address or the header needs.
    case lacksSMTPUTF8(for: Need)
    case overSize(limit: Int)
    /// An address has control characters.
    case malformedEnvelope
    /// The handshake failed or the certificate is not good; the text says why.
    case tlsFailed(String)
    case lacksSTARTTLS
    /// Something followed the reply to STARTTLS that the server cannot have sent in good faith.
    case injected
    /// None of the mechanisms fits our credentials.
    case lacksAUTH(offered: [String])
    /// Our credentials would be sent where others may read them.
    case insecureAUTH
    /// The credentials are not available at the moment; the text says why.
    case noCredentials(String)
    /// Our own copy of the message could not be read to its end.
    case unreadable(String)
  }

  package var isPermanent: Bool
  /// True if nothing more may be said on this connection.
  package var endsConnection: Bool
  /// True if the same may be tried again at once; false after a reply that did not come in time.
  package private(set) var isRepeatable = true
  /// True if the reply did not come in time.
  package private(set) var isTimeout = false
  /// True if replies and commands do not match: earlier replies of this transaction may have been meant for other
  /// commands.
  package private(set) var isOutOfStep = false
  /// True if the server reported the failure in a reply.
  package private(set) var isReply = false
  /// True if the trouble will last until an admin acts: our configuration, our credentials, or a certificate.
  package private(set) var needsAdmin = false
  /// True if the trouble was TLS itself: without it, the connection might have worked.
  package private(set) var isAboutTLS = false
  /// The subject that the trouble concerns.
  package private(set) var subject: Subject
  /// The step of the session that we were waiting for.
  package private(set) var step: Step
  /// True if the server wants less from us: fewer mails, fewer connections, or later.
  package private(set) var isThrottle = false
  /// True if the server says that it throttles, and does not merely end the connection (421).
  package private(set) var saysThrottle = false
  /// True if the server's system failed, as it says: mail system status (4.3.x, RFC 3463 section 3.4), or 4xx to MAIL
  /// with no more than that. One such mail means nothing; several in a row mean the host, at RCPT only those to several
  /// domains.
  package private(set) var isAboutSystem = false
  /// True if a throttle is about what goes on at the same time, and not about a rate.
  package private(set) var countsConnections = false
  /// True if the trouble is about the number of recipients, and not about who they are.
  package private(set) var countsRecipients = false
  /// True if the server may have taken the message all the same: offering it again at once could deliver it twice (RFC
  /// 1047).
  package internal(set) var isInDoubt = false
  /// One printable line for logs and bounces.
  package var description: String
  /// The enhanced status code, or nil if there is none.
  package var status: EnhancedStatusCode?

  /// Creates the trouble that `fact` is at `step`, or nil if it is none: the reply that we hoped for.
  ///
  /// - Parameter history: What the connection did before.
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
    // A server that drops the connection where TLS should begin does not get along with our TLS (RFC 7435).
    if step == .handshake || step == .startTLS, endsConnection, !needsAdmin { isAboutTLS = true }
  }

  /// Returns the description of a security problem. RFC 3463 section 3.8 has no code better than x.7.0 for those we can
  /// detect.
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

  /// Returns the trouble of a connection that could not be made; `why` is one printable line.
  package static func unreachable(_ why: String) -> Trouble {
    Trouble(why, .init(4, 4, 1), .host, at: .connect, isPermanent: false, ends: true)
  }

  /// A copy whose description says that the host is being left alone because of it.
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

  /// Creates the trouble of a connection that broke, which says nothing about the fate of a message in progress.
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
    countsConnections = isThrottle && reply.countsConnections
    countsRecipients = isTooMany
    let blamesSystem = reply.status.map { $0.subject == 3 } ?? (step == .mail)
    isAboutSystem = (subject == .message || subject == .recipient) && reply.isTemporary && blamesSystem
    isInDoubt = step == .message && isMisplaced
    isOutOfStep = isMisplaced
  }

  /// Returns true if the reply is the one hoped for. RFC 5321 section 4.2.1: only the first digit decides, 3xx for DATA
  /// and 2xx for everything else. STARTTLS is the exception: a server that answers 250 to it did not understand it, and
  /// a handshake would hang (RFC 3207 section 4).
  private static func isWelcome(_ reply: Reply, at step: Step) -> Bool {
    switch step {
    case .data: (300...399).contains(reply.code)
    case .startTLS: reply.code == 220
    default: reply.isPositive
    }
  }

  /// Returns true if the refusal is about us, not the mail (RFC 4954 section 6 and RFC 3207 section 4). Bouncing all
  /// mail of a site because a password expired helps nobody.
  static func isAboutUs(_ reply: Reply) -> Bool { [530, 534, 535, 538].contains(reply.code) }
}

extension Trouble.Step {
  fileprivate var name: String { self == .furtherRecipient ? Self.recipient.rawValue : rawValue }
}

/// The subject of a failure: the host, connection, transaction, message or recipient that it concerns. It is decided
/// here alone, from the code, the enhanced code, the step, and what the connection did before.
///
/// | failure | on a connection that carried a mail before | on a fresh one |
/// |---|---|---|
/// | no connection, banner, EHLO, STARTTLS, TLS, AUTH | | host |
/// | 421, a lost connection, a timeout, garbage at RSET | connection | |
/// | the same at MAIL | connection | host |
/// | the same at RCPT | connection | recipient |
/// | the same at DATA or after the message | connection | message; host where a 421 says that it is a throttle |
/// | a throttle (see `Reply.isThrottle(at:)`) | connection | MAIL, DATA, message: host; RCPT: recipient |
/// | 452, 4.5.3, 552 or 5.5.3 at a RCPT after an accepted one | transaction | transaction |
/// | 452 or 4.5.3 at the first RCPT | connection | recipient |
/// | 530, 534, 535, 538 to MAIL | host | host |
/// | any other refusal | RCPT: recipient; else message | the same |
extension Trouble {
  /// The history of the connection before it failed.
  package struct History: Hashable, Sendable {
    /// True if the connection carried another mail to its end. A failure may then only mean that the connection had its
    /// time.
    var hasWorked: Bool

    package init(hasWorked: Bool) { self.hasWorked = hasWorked }

    package static let fresh = History(hasWorked: false)
    package static let worked = History(hasWorked: true)
  }

  package enum Subject: String, Hashable, Sendable, CaseIterable {
    /// The host, as a fresh connection shows: it is left alone, and another one is asked.
    case host
    /// This connection alone: the mail is tried again at once over another one.
    case connection
    /// The transaction, which has as many recipients as it may: the rest goes into the next one at once.
    case transaction
    /// The mail, whoever its recipients are.
    case message
    /// This recipient.
    case recipient
  }
}

extension Trouble.Subject {
  /// Returns the subject of the end of a connection.
  static func ofEnd(at step: Trouble.Step, after history: Trouble.History) -> Trouble.Subject {
    if step.isAboutTheMail || step == .reset, history.hasWorked { return .connection }
    return switch step {
    case .recipient, .furtherRecipient: .recipient
    case .data, .message: .message
    case .reset, .quit: .connection
    case .connect, .greeting, .hello, .startTLS, .handshake, .authentication, .mail: .host
    }
  }

  /// Returns the subject of a reply that ends the connection.
  static func ofEnd(_ reply: Reply, at step: Trouble.Step, after history: Trouble.History) -> Trouble.Subject {
    let isAboutAnyMail = (step == .data || step == .message) && reply.saysThrottle(at: step)
    return isAboutAnyMail && !history.hasWorked ? .host : ofEnd(at: step, after: history)
  }

  /// Returns the subject of a refusal that leaves the connection open.
  static func ofRefusal(_ reply: Reply, at step: Trouble.Step, after history: Trouble.History) -> Trouble.Subject {
    switch step {
    case .furtherRecipient where reply.meansTooManyRecipients(at: step) || reply.wantsAnotherTransaction: .transaction
    case .recipient where reply.countsRecipients && history.hasWorked: .connection
    case .recipient, .furtherRecipient: .recipient
    case .mail where Trouble.isAboutUs(reply): .host
    default: reply.isThrottle(at: step) ? .host : .message
    }
  }
}

extension Trouble.Step {
  /// True if the step belongs to a transaction, so that a refusal is about what we asked and not about us.
  package var isAboutTheMail: Bool {
    switch self {
    case .mail, .recipient, .furtherRecipient, .data, .message: true
    case .connect, .greeting, .hello, .startTLS, .handshake, .authentication, .reset, .quit: false
    }
  }

  /// True if the step comes before the first mail.
  package var isOpening: Bool {
    switch self {
    case .connect, .greeting, .hello, .startTLS, .handshake, .authentication: true
    case .mail, .recipient, .furtherRecipient, .data, .message, .reset, .quit: false
    }
  }
}

extension Reply {
  /// Returns true if the server wants less from us, whoever the mail is for: fewer mails, fewer connections, or later.
  /// Those are 421; 432 (Exchange Online); 454 without a status or with 4.7.0 (Amazon SES); 4.7.0, 4.7.28 (Google),
  /// 4.7.500 and above (Exchange Online), 4.3.2 (RFC 3463: the system takes no messages), 4.4.5 (congestion); except at
  /// RCPT, also a reply that says so in words (`450 4.2.1 Peak SMTP relay limit exceeded`, Google).
  ///
  /// Not 4.7.1 and not 4.2.x: greylisting, and mailboxes that get too much.
  func isThrottle(at step: Trouble.Step) -> Bool { code == 421 || saysThrottle(at: step) }

  /// Returns true for a throttle that more than the code 421 reveals; a 421 alone may as well be a server that crashed
  /// over a mail.
  func saysThrottle(at step: Trouble.Step) -> Bool {
    guard isTemporary else { return false }
    if code == 432 || code == 454 && status == nil { return true }
    switch status.map({ ($0.subject, $0.detail) }) {
    case (7, 0)?, (7, 28)?, (7, 500...)?, (3, 2)?, (4, 5)?: return true
    case _?: return step != .recipient && step != .furtherRecipient && namesThrottle
    case nil: return namesThrottle
    }
  }

  /// True for 432 (Exchange Online: `432 4.3.2 Concurrent connections limit exceeded`) and what says the same in words.
  var countsConnections: Bool { code == 432 || says("concurrent", "connections") }

  private var namesThrottle: Bool {
    says("throttl", "rate limit", "limit exceeded", "too many connections", "too many messages", "too fast")
  }

  private func says(_ words: String...) -> Bool {
    let text = lines.joined(separator: " ").lowercased()
    return words.contains { text.contains($0) }
  }

  /// Returns true if there are too many recipients. RFC 5321 section 4.5.3.1.10 has 452 for that and knows of servers
  /// that reply 552; RFC 3463 has x.5.3.
  func meansTooManyRecipients(at step: Trouble.Step) -> Bool {
    step == .furtherRecipient && (countsRecipients || isPermanent && saysTooMany(or: 552))
  }

  /// True for `451 4.3.0 Multiple destination domains per transaction is unsupported` (Google) and the like.
  fileprivate var wantsAnotherTransaction: Bool { isTemporary && says("per transaction", "separate transaction") }

  var countsRecipients: Bool { isTemporary && saysTooMany(or: 452) }

  /// Returns true if the reply means too many.
  ///
  /// - Parameter code: The code that means too many if the reply has no status.
  private func saysTooMany(or code: Int) -> Bool {
    status.map { $0.subject == 5 && $0.detail == 3 } ?? (self.code == code)
  }
}

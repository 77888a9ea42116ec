package import MailMessage

/// An SMTP connection from the client's side (RFC 5321), as a value: replies in, actions out. It has no socket, no
/// clock and no log.
///
/// The promises of the entry points:
/// - the octets of the server go into `receive`, and every other event into `fail`;
/// - after `ready`, `deliver` starts a mail, and exactly one `finished` ends it, with one outcome per recipient;
/// - `awaited` is the reply that we wait for, so that the driver knows the timeout;
/// - `tls` and `credentials` are obeyed or the connection is given up: where TLS is required, nothing but EHLO and
///   STARTTLS is sent in the clear, and a secret is only sent where it cannot be overheard;
/// - the message is only sent if at least one recipient was accepted. If the server may have taken it although we never
///   got the reply, the trouble says so (`Trouble.isInDoubt`): sending it again at once would make duplicates.
package struct ClientSession: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case send([UInt8])
    /// Begin the TLS handshake at once, before anything else is read; `secured` or `fail` reports the result.
    case startTLS
    /// Send the message of the current job through a `DotEncoder`.
    case sendMessage
    /// The server has greeted us and accepted the login, if any; mails may come.
    case ready
    /// The connection is of no use; no mail was begun.
    case unusable(Trouble)
    case finished(Delivery)
    case close
  }

  /// The properties of a mail that are needed to send it.
  package struct Job: Hashable, Sendable {
    package var envelope: Envelope
    /// The size of the message in octets.
    package var size: Int
    /// True if the message holds octets above 127.
    package var isEightBit: Bool
    /// True if the header is not ASCII and the client announced that.
    package var needsSMTPUTF8 = false
    /// True if there is no message: the session only asks who would be accepted, and then resets the transaction.
    package var isQuestion = false

    package init(envelope: Envelope, size: Int, isEightBit: Bool) {
      self.envelope = envelope
      self.size = size
      self.isEightBit = isEightBit
    }
  }

  package enum Outcome: Hashable, Sendable {
    /// The server took the message for the recipient, or only the recipient if the job is a question.
    ///
    /// - Parameter speaksDSN: True if the server announced DSN, so that it was told the sender's wishes and reports to
    ///   the sender itself.
    case delivered(Reply, speaksDSN: Bool)
    case failed(Trouble)
  }

  /// The result of a mail.
  package struct Delivery: Hashable, Sendable {
    /// The outcomes, one for each recipient, in order.
    package var outcomes: [Outcome]
    /// True if the connection can take another mail.
    package var isReusable: Bool
    /// The number of recipients that were accepted, whatever happened to the message afterwards.
    package var accepted: Int
    /// The reason why MAIL was refused, or nil if it was not.
    package var refusal: Trouble?
    /// The end of the connection, if it came before everything was answered. The outcomes of the `undecided` recipients
    /// say no more than that.
    package var end: End?

    package struct End: Hashable, Sendable {
      package var trouble: Trouble
      /// The recipients about which the server had said nothing, or nothing final.
      package var undecided: [Int]
      /// The recipient whose RCPT was awaiting its reply.
      package var culprit: Int?

      package init(trouble: Trouble, undecided: [Int], culprit: Int?) {
        self.trouble = trouble
        self.undecided = undecided
        self.culprit = culprit
      }
    }

    package init(outcomes: [Outcome], isReusable: Bool = false, accepted: Int = 0, end: End? = nil) {
      self.outcomes = outcomes
      self.isReusable = isReusable
      self.accepted = accepted
      self.end = end
    }

    /// Returns the result for a connection that was gone before the mail came to it.
    package static func gone(_ job: Job) -> Delivery {
      let trouble = Trouble.lost(at: .mail, after: .worked)
      let recipients = job.envelope.recipients.indices
      return Delivery(
        outcomes: recipients.map { _ in .failed(trouble) },
        end: End(trouble: trouble, undecided: Array(recipients), culprit: nil))
    }

    /// Returns the result for a mail whose progress is unknown.
    package static func unknown(_ job: Job) -> Delivery {
      Delivery(outcomes: job.envelope.recipients.map { _ in .failed(.lost(at: .message)) })
    }
  }

  enum State: Hashable {
    case greeting
    case hello(extended: Bool)
    /// STARTTLS was sent.
    case startTLS
    /// The handshake is in progress; the driver performs it.
    case handshake
    case authenticating(SASLExchange)
    case idle
    /// A mail is in progress; `awaiting` says at which command.
    case busy
    case quitting
    case closed
  }

  /// A command whose reply is still to come.
  enum Awaited: Hashable {
    case reset
    case mail
    case recipient(Int)
    case data
    case message
  }

  let hostname: String
  let tls: TLSMode
  /// The reply that refused STARTTLS where the session may go on in the clear; nil if none did.
  package internal(set) var refusalOfTLS: Reply?
  let credentials: ClientCredentials?
  let isLoopback: Bool

  var state: State
  var parser = ReplyParser()
  /// True after the handshake. Anything said before it may have come from anybody (RFC 3207 section 4.2).
  package internal(set) var isSecure = false
  package internal(set) var capabilities = ServerCapabilities()
  /// The number of mails begun on this connection.
  package internal(set) var mails = 0

  var job: Job?
  var results: [Outcome?] = []
  var accepted: Set<Int> = []
  /// The commands to send; `awaiting` holds those sent whose replies are still to come. Both are in order.
  var plan: [Awaited] = []
  var awaiting: [Awaited] = []
  /// The reply with which MAIL was refused, or nil.
  var refusal: Trouble?
  /// True if a recipient was accepted after a MAIL that was refused.
  var isContradictory = false
  /// True while the driver is still sending the message.
  var isSending = false
  /// True if a transaction may have been left open.
  var needsReset = false

  /// Creates the session of a new connection.
  ///
  /// - Parameters:
  ///   - hostname: Our own name in EHLO.
  ///   - tls: With `implicit`, the driver begins with the handshake and reports `secured` before anything else.
  ///   - credentials: The credentials to log in with; nil means no AUTH.
  ///   - isLoopback: True if the next hop is on this machine, so that nothing can be overheard.
  package init(
    hostname: String, tls: TLSMode = .none, credentials: ClientCredentials? = nil, isLoopback: Bool = false
  ) {
    self.hostname = hostname
    self.tls = tls
    self.credentials = credentials
    self.isLoopback = isLoopback
    state = tls == .implicit ? .handshake : .greeting
  }

  /// The reply that we wait for, or nil if the server owes us none.
  package var awaited: Trouble.Step? {
    switch state {
    case .greeting: .greeting
    case .hello: .hello
    case .startTLS: .startTLS
    case .handshake: .handshake
    case .authenticating: .authentication
    case .idle, .closed: nil
    case .quitting: .quit
    case .busy: awaiting.first.map(step)
    }
  }

  /// The history of the connection before the current mail.
  var history: Trouble.History { mails > 1 ? .worked : .fresh }

  /// True if `deliver` may be called with a chance of success.
  package var isIdle: Bool { state == .idle }

  // MARK: - Events

  package mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Action] {
    guard state != .closed else { return [] }
    parser.append(bytes)
    var actions: [Action] = []
    do {
      while state != .closed, let reply = try parser.next() { take(reply, &actions) }
    } catch {
      abandon(.garbled(error.text), &actions)
    }
    return actions
  }

  package mutating func receive(_ bytes: [UInt8]) -> [Action] { bytes.withUnsafeBytes { receive($0) } }

  /// Tells the session that the reply did not come in time, or that the connection was lost or could not be made.
  package mutating func fail(_ fact: Trouble.Fact) -> [Action] {
    guard state != .closed else { return [] }
    var actions: [Action] = []
    abandon(fact, &actions)
    return actions
  }

  /// Tells the session that the whole message was sent.
  package mutating func messageSent() { isSending = false }

  /// Starts a mail. Only an idle session takes it; on any other the mail ends with `Delivery.gone`.
  package mutating func deliver(_ job: Job) -> [Action] {
    guard state == .idle else { return [.finished(.gone(job))] }
    let obstacles = obstacles(to: job)
    if obstacles.allSatisfy({ $0 != nil }), !job.isQuestion {
      let outcomes = obstacles.compactMap { $0.map(Outcome.failed) }
      return [.finished(Delivery(outcomes: outcomes, isReusable: true))]
    }
    mails += 1
    self.job = job
    results = obstacles.map { $0.map(Outcome.failed) }
    accepted = []
    state = .busy
    let recipients = job.envelope.recipients.indices.filter { results[$0] == nil }
    plan = (needsReset ? [.reset] : []) + [.mail] + recipients.map { .recipient($0) }
    plan.append(job.isQuestion ? .reset : .data)
    (refusal, isContradictory, needsReset) = (nil, false, false)
    var actions: [Action] = []
    advance(&actions)
    return actions
  }

  /// Sends QUIT (RFC 5321 section 4.1.1.10). In the middle of a mail, it does nothing.
  package mutating func quit() -> [Action] {
    guard state == .idle else { return [] }
    state = .quitting
    return [.send(Array("QUIT\r\n".utf8))]
  }

  // MARK: - Replies

  mutating func take(_ reply: Reply, _ actions: inout [Action]) {
    switch state {
    case .greeting: greeted(reply, &actions)
    case .hello(let extended): helloAnswered(reply, extended: extended, &actions)
    case .startTLS: startTLSAnswered(reply, &actions)
    // Decrypted octets come after `secured`, so this is a driver's mistake or an attack.
    case .handshake: abandon(.injected, &actions)
    case .authenticating(let exchange): authenticationAnswered(reply, exchange, &actions)
    case .busy: commandAnswered(reply, &actions)
    // This reply is unsolicited, so it can only be the 421 of a server that closes the connection.
    case .idle: abandon(.connectionLost, &actions)
    case .quitting: close(&actions)
    case .closed: break
    }
  }
}

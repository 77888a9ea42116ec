package import MailMessage

/// One SMTP connection as the client sees it (RFC 5321), as a value: replies in, actions out. It has no socket, no
/// clock and no log.
///
/// What each entry point promises:
/// - the octets of the server go into `receive`, whatever else happens into `fail`;
/// - after `ready`, `deliver` starts a mail, and exactly one `finished` ends it, with one outcome a recipient;
/// - `awaited` says which reply we wait for, so that the driver knows the timeout;
/// - `tls` and `credentials` are obeyed or the connection is given up: where TLS is required nothing is said in the clear
///   but EHLO and STARTTLS, and a secret is only sent where nobody can listen in;
/// - the message is only sent when at least one recipient was accepted, and where the server may have taken it although
///   we never heard so, the trouble says that (`Trouble.isInDoubt`): sending it again at once would make duplicates.
package struct ClientSession: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case send([UInt8])
    /// Begin the TLS handshake at once, before anything else is read; `secured` or `fail` tells how it went.
    case startTLS
    /// Send the message of the current job through a `DotEncoder`.
    case sendMessage
    /// The server has greeted and knows us; mails may come.
    case ready
    /// It is no use; no mail was begun.
    case unusable(Trouble)
    case finished(Delivery)
    case close
  }

  /// What has to be known of a mail to send it.
  package struct Job: Hashable, Sendable {
    package var envelope: Envelope
    /// Octets of the message.
    package var size: Int
    /// Whether it holds octets above 127.
    package var isEightBit: Bool
    /// Its header is not ASCII, and the client said so.
    package var needsSMTPUTF8 = false
    /// There is no message: it is only asked who would be accepted, and taken back.
    package var isQuestion = false

    package init(envelope: Envelope, size: Int, isEightBit: Bool) {
      self.envelope = envelope
      self.size = size
      self.isEightBit = isEightBit
    }
  }

  package enum Outcome: Hashable, Sendable {
    /// - Parameter speaksDSN: the server announced DSN, so it was told what the sender wants to know, and tells it.
    case delivered(Reply, speaksDSN: Bool)
    case failed(Trouble)
  }

  /// How a mail fared.
  package struct Delivery: Hashable, Sendable {
    /// One for each recipient, in order.
    package var outcomes: [Outcome]
    /// The connection can take another mail.
    package var isReusable: Bool
    /// Recipients that were accepted, whatever became of the message then.
    package var accepted: Int
    /// Why MAIL was refused.
    package var refusal: Trouble?
    /// What ended the connection before all was answered; of those it left `undecided`, the outcome says no more.
    package var end: End?

    package struct End: Hashable, Sendable {
      package var trouble: Trouble
      /// The recipients of which the server had said nothing, or nothing final.
      package var undecided: [Int]
      /// The one whose RCPT was to be answered.
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

    /// A connection that was gone before the mail came to it.
    package static func gone(_ job: Job) -> Delivery {
      let trouble = Trouble.lost(at: .mail, after: .worked)
      let recipients = job.envelope.recipients.indices
      return Delivery(
        outcomes: recipients.map { _ in .failed(trouble) },
        end: End(trouble: trouble, undecided: Array(recipients), culprit: nil))
    }

    /// One of which nobody knows any more how far it came.
    package static func unknown(_ job: Job) -> Delivery {
      Delivery(outcomes: job.envelope.recipients.map { _ in .failed(.lost(at: .message)) })
    }
  }

  enum State: Hashable {
    case greeting
    case hello(extended: Bool)
    /// STARTTLS was sent.
    case startTLS
    /// The handshake is under way, which the driver does.
    case handshake
    case authenticating(SASLExchange)
    case idle
    /// A mail is on its way; `awaiting` says where.
    case busy
    case quitting
    case closed
  }

  /// A command of which the reply is still to come.
  enum Awaited: Hashable {
    case reset
    case mail
    case recipient(Int)
    case data
    case message
  }

  let hostname: String
  let tls: TLSMode
  let credentials: ClientCredentials?
  let isLoopback: Bool

  var state: State
  var parser = ReplyParser()
  /// All that was said before the handshake may have come from anybody (RFC 3207 section 4.2).
  package internal(set) var isSecure = false
  package internal(set) var capabilities = ServerCapabilities()
  /// Mails that were begun on this connection.
  package internal(set) var mails = 0

  var job: Job?
  var results: [Outcome?] = []
  var accepted: Set<Int> = []
  /// Commands to send, and those sent whose replies are to come; both in order.
  var plan: [Awaited] = []
  var awaiting: [Awaited] = []
  /// What MAIL was refused with.
  var refusal: Trouble?
  /// A recipient was accepted behind a MAIL that was refused.
  var isContradictory = false
  /// The driver is still sending the message.
  var isSending = false
  /// A transaction may have been left open.
  var needsReset = false

  /// - Parameters:
  ///   - hostname: what we call ourselves in EHLO.
  ///   - tls: with `implicit` the driver begins with the handshake and reports `secured` before anything else.
  ///   - credentials: to log in with; nil: no AUTH.
  ///   - isLoopback: the next hop is on this machine, so nobody can listen in.
  package init(
    hostname: String, tls: TLSMode = .none, credentials: ClientCredentials? = nil, isLoopback: Bool = false
  ) {
    self.hostname = hostname
    self.tls = tls
    self.credentials = credentials
    self.isLoopback = isLoopback
    state = tls == .implicit ? .handshake : .greeting
  }

  /// The reply we wait for, or nil when the server owes us none.
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

  /// What it did before the mail that is on its way.
  var history: Trouble.History { mails > 1 ? .worked : .fresh }

  /// Whether `deliver` may be called with a chance of success.
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

  /// The reply did not come in time, the connection was lost, or it could not be made.
  package mutating func fail(_ fact: Trouble.Fact) -> [Action] {
    guard state != .closed else { return [] }
    var actions: [Action] = []
    abandon(fact, &actions)
    return actions
  }

  /// All of the message went out.
  package mutating func messageSent() { isSending = false }

  /// Starts a mail. Only for an idle session; any other is gone.
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

  /// Takes leave (RFC 5321 section 4.1.1.10). In the middle of a mail it does nothing.
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
    // Decrypted octets come behind `secured`, so this is a driver's mistake or an attack.
    case .handshake: abandon(.injected, &actions)
    case .authenticating(let exchange): authenticationAnswered(reply, exchange, &actions)
    case .busy: commandAnswered(reply, &actions)
    // Unasked, so it can only be the 421 of a server that leaves.
    case .idle: abandon(.connectionLost, &actions)
    case .quitting: close(&actions)
    case .closed: break
    }
  }
}

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
/// - the message is only sent when at least one recipient was accepted, and a mail whose sending has begun is never
///   reported as fit to be sent again at once (`Delivery.isStale`): that would make duplicates.
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
    /// The connection had died since the last mail, before the server took anything of this one.
    package var isStale: Bool
    /// The connection can take another mail.
    package var isReusable: Bool
    /// The connection failed before anything was decided and before any of the message was sent: another host may be
    /// asked at once without making duplicates.
    package var isUntouched: Bool

    package init(
      outcomes: [Outcome], isStale: Bool = false, isReusable: Bool = false, isUntouched: Bool = false
    ) {
      self.outcomes = outcomes
      self.isStale = isStale
      self.isReusable = isReusable
      self.isUntouched = isUntouched
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
  /// Something of this mail was answered favourably.
  var isTaken = false
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

  /// Starts a mail. Only for an idle session; any other is a stale one.
  package mutating func deliver(_ job: Job) -> [Action] {
    guard state == .idle else { return [.finished(Self.stale(job))] }
    if let trouble = obstacle(to: job) {
      let outcomes = job.envelope.recipients.map { _ in Outcome.failed(trouble) }
      return [.finished(Delivery(outcomes: outcomes, isReusable: true))]
    }
    mails += 1
    self.job = job
    results = Array(repeating: nil, count: job.envelope.recipients.count)
    accepted = []
    isTaken = false
    state = .busy
    plan = (needsReset ? [.reset] : []) + [.mail] + job.envelope.recipients.indices.map { .recipient($0) } + [.data]
    needsReset = false
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

  // MARK: - Ends

  /// Every recipient without a result shares the fate.
  mutating func failOpen(_ trouble: Trouble) {
    for index in results.indices where results[index] == nil { results[index] = .failed(trouble) }
  }

  mutating func finish(
    needsReset: Bool, isStale: Bool = false, isReusable: Bool = true, isUntouched: Bool = false,
    _ actions: inout [Action]
  ) {
    isSending = false
    self.needsReset = needsReset
    state = .idle
    let outcomes = results.map { $0 ?? .failed(.lost(at: .mail)) }
    job = nil
    results = []
    let delivery = Delivery(
      outcomes: outcomes, isStale: isStale, isReusable: isReusable, isUntouched: isUntouched)
    actions.append(.finished(delivery))
  }

  /// The connection is over. What has no result yet is temporary, what has one keeps it.
  mutating func abandon(_ fact: Trouble.Fact, _ actions: inout [Action]) {
    let step = awaited ?? .connect
    let trouble = Trouble(fact, at: step) ?? .lost(at: step)
    switch state {
    case .greeting, .hello, .startTLS, .handshake, .authenticating: actions.append(.unusable(trouble))
    case .busy:
      let isStale = mails > 1 && !isTaken && step != .message && Self.isDeath(fact)
      let isUntouched = step != .message && results.allSatisfy { $0 == nil }
      failOpen(trouble)
      finish(needsReset: true, isStale: isStale, isReusable: false, isUntouched: isUntouched, &actions)
    case .idle, .quitting, .closed: break
    }
    close(&actions)
  }

  mutating func close(_ actions: inout [Action]) {
    state = .closed
    actions.append(.close)
  }

  /// What a connection does that had its time: a server closes it, or says so with 421.
  static func isDeath(_ fact: Trouble.Fact) -> Bool {
    switch fact {
    case .connectionLost: true
    case .reply(let reply): reply.code == 421
    default: false
    }
  }

  static func stale(_ job: Job) -> Delivery {
    Delivery(outcomes: job.envelope.recipients.map { _ in .failed(.lost(at: .mail)) }, isStale: true)
  }
}

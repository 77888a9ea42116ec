package import MailMessage

/// One SMTP connection as the client sees it (RFC 5321), as a value: replies in, actions out. It has no socket, no
/// clock and no log.
///
/// What each entry point promises:
/// - the octets of the server go into `receive`, whatever else happens into `fail`;
/// - after `ready`, `deliver` starts a mail, and exactly one `finished` ends it, with one outcome a recipient;
/// - `awaited` says which reply we wait for, so that the driver knows the timeout;
/// - the message is only sent when at least one recipient was accepted, and a mail whose sending has begun is never
///   reported as fit to be sent again at once (`Delivery.isStale`): that would make duplicates.
package struct ClientSession: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case send([UInt8])
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
    case delivered(Reply)
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

    package init(outcomes: [Outcome], isStale: Bool = false, isReusable: Bool = false) {
      self.outcomes = outcomes
      self.isStale = isStale
      self.isReusable = isReusable
    }
  }

  private enum State: Hashable {
    case greeting
    case hello(extended: Bool)
    case idle
    /// A mail is on its way; `awaiting` says where.
    case busy
    case quitting
    case closed
  }

  /// A command of which the reply is still to come.
  private enum Awaited: Hashable {
    case reset
    case mail
    case recipient(Int)
    case data
    case message
  }

  private let hostname: String
  private var state = State.greeting
  private var parser = ReplyParser()
  package private(set) var capabilities = ServerCapabilities()
  /// Mails that were begun on this connection.
  package private(set) var mails = 0

  private var job: Job?
  private var results: [Outcome?] = []
  private var accepted: Set<Int> = []
  /// Commands to send, and those sent whose replies are to come; both in order.
  private var plan: [Awaited] = []
  private var awaiting: [Awaited] = []
  /// Something of this mail was answered favourably.
  private var isTaken = false
  /// The driver is still sending the message.
  private var isSending = false
  /// A transaction may have been left open.
  private var needsReset = false

  /// - Parameter hostname: what we call ourselves in EHLO.
  package init(hostname: String) { self.hostname = hostname }

  /// The reply we wait for, or nil when the server owes us none.
  package var awaited: Trouble.Step? {
    switch state {
    case .greeting: .greeting
    case .hello: .hello
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
    plan = (needsReset ? [.reset] : []) + [.mail] + job.envelope.recipients.indices.map { .recipient($0) }
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

  private mutating func take(_ reply: Reply, _ actions: inout [Action]) {
    switch state {
    case .greeting: greeted(reply, &actions)
    case .hello(let extended): helloAnswered(reply, extended: extended, &actions)
    case .busy: commandAnswered(reply, &actions)
    // Unasked, so it can only be the 421 of a server that leaves.
    case .idle: abandon(.connectionLost, &actions)
    case .quitting: close(&actions)
    case .closed: break
    }
  }

  private mutating func greeted(_ reply: Reply, _ actions: inout [Action]) {
    if Trouble(.reply(reply), at: .greeting) != nil { return abandon(.reply(reply), &actions) }
    state = .hello(extended: true)
    actions.append(.send(Array("EHLO \(hostname)\r\n".utf8)))
  }

  private mutating func helloAnswered(_ reply: Reply, extended: Bool, _ actions: inout [Action]) {
    // RFC 5321 section 3.2: a server that does not know EHLO is greeted with HELO.
    if extended, reply.isPermanent {
      state = .hello(extended: false)
      return actions.append(.send(Array("HELO \(hostname)\r\n".utf8)))
    }
    if Trouble(.reply(reply), at: .hello) != nil { return abandon(.reply(reply), &actions) }
    capabilities = extended ? ServerCapabilities(reply.lines) : ServerCapabilities()
    state = .idle
    actions.append(.ready)
  }

  private mutating func commandAnswered(_ reply: Reply, _ actions: inout [Action]) {
    guard let command = awaiting.first else { return abandon(.garbled("\(reply)"), &actions) }
    let trouble = Trouble(.reply(reply), at: step(command))
    if let trouble, trouble.endsConnection { return abandon(.reply(reply), &actions) }
    // An answer to half a message: it counts when it is a refusal, and either way nothing may follow on this connection,
    // for the server would take our next commands for the rest of the message.
    if isSending { return abandon(trouble == nil ? .garbled("\(reply)") : .reply(reply), &actions) }
    awaiting.removeFirst()
    if trouble == nil { isTaken = true }
    switch (command, trouble) {
    case (.reset, _), (.mail, nil): break
    case (.mail, let trouble?):
      // The replies to what was pipelined behind MAIL still come, and mean nothing.
      plan = []
      failOpen(trouble)
    case (.recipient(let index), nil): if results[index] == nil { accepted.insert(index) }
    case (.recipient(let index), let trouble?): if results[index] == nil { results[index] = .failed(trouble) }
    case (.data, nil):
      awaiting.append(.message)
      isSending = true
      return actions.append(.sendMessage)
    case (.data, let trouble?), (.message, let trouble?): failOpen(trouble)
    case (.message, nil):
      for index in accepted { results[index] = .delivered(reply) }
      return finish(needsReset: false, &actions)
    }
    goOn(after: command, &actions)
  }

  private mutating func goOn(after command: Awaited, _ actions: inout [Action]) {
    if command == .data || command == .message { return finish(needsReset: true, &actions) }
    guard awaiting.isEmpty else { return }
    if !plan.isEmpty { return advance(&actions) }
    // DATA is not pipelined: a server that refused all recipients may answer it with 354 all the same, and would take
    // the empty message that we then owed it (RFC 2920 section 3.1) for a mail.
    let isOpen = accepted.contains { results[$0] == nil }
    if isOpen {
      plan = [.data]
      advance(&actions)
    } else {
      finish(needsReset: true, &actions)
    }
  }

  private mutating func advance(_ actions: inout [Action]) {
    let count = capabilities.pipelining ? plan.count : min(1, plan.count)
    var bytes: [UInt8] = []
    for command in plan.prefix(count) { bytes += line(of: command).utf8 }
    awaiting += plan.prefix(count)
    plan.removeFirst(count)
    actions.append(.send(bytes))
  }

  // MARK: - Ends

  /// Every recipient without a result shares the fate.
  private mutating func failOpen(_ trouble: Trouble) {
    for index in results.indices where results[index] == nil { results[index] = .failed(trouble) }
  }

  private mutating func finish(
    needsReset: Bool, isStale: Bool = false, isReusable: Bool = true, _ actions: inout [Action]
  ) {
    isSending = false
    self.needsReset = needsReset
    state = .idle
    let outcomes = results.map { $0 ?? .failed(.lost(at: .mail)) }
    job = nil
    results = []
    actions.append(.finished(Delivery(outcomes: outcomes, isStale: isStale, isReusable: isReusable)))
  }

  /// The connection is over. What has no result yet is temporary, what has one keeps it.
  private mutating func abandon(_ fact: Trouble.Fact, _ actions: inout [Action]) {
    let step = awaited ?? .connect
    let trouble = Trouble(fact, at: step) ?? .lost(at: step)
    switch state {
    case .greeting, .hello: actions.append(.unusable(trouble))
    case .busy:
      let isStale = mails > 1 && !isTaken && step != .message && Self.isDeath(fact)
      failOpen(trouble)
      finish(needsReset: true, isStale: isStale, isReusable: false, &actions)
    case .idle, .quitting, .closed: break
    }
    close(&actions)
  }

  private mutating func close(_ actions: inout [Action]) {
    state = .closed
    actions.append(.close)
  }

  /// What a connection does that had its time: a server closes it, or says so with 421.
  private static func isDeath(_ fact: Trouble.Fact) -> Bool {
    switch fact {
    case .connectionLost: true
    case .reply(let reply): reply.code == 421
    case .timedOut, .unreachable, .garbled, .lacksSMTPUTF8, .overSize, .malformedEnvelope: false
    }
  }

  private static func stale(_ job: Job) -> Delivery {
    Delivery(outcomes: job.envelope.recipients.map { _ in .failed(.lost(at: .mail)) }, isStale: true)
  }

  // MARK: - Commands

  private func step(_ command: Awaited) -> Trouble.Step {
    switch command {
    case .reset: .reset
    case .mail: .mail
    case .recipient: accepted.isEmpty ? .recipient : .furtherRecipient
    case .data: .data
    case .message: .message
    }
  }

  /// What the server's announcements rule out from the start.
  private func obstacle(to job: Job) -> Trouble? {
    if let limit = capabilities.sizeLimit, job.size > limit { return Trouble(.overSize(limit: limit), at: .mail) }
    if !job.envelope.isSendable { return Trouble(.malformedEnvelope, at: .mail) }
    if !capabilities.smtpUTF8, !job.envelope.isASCII { return Trouble(.lacksSMTPUTF8, at: .mail) }
    return nil
  }

  private func line(of command: Awaited) -> String {
    switch command {
    case .reset: "RSET\r\n"
    case .mail: mailLine
    case .recipient(let index): "RCPT TO:<\(job?.envelope.recipients[index].text ?? "")>\r\n"
    case .data: "DATA\r\n"
    case .message: ""
    }
  }

  private var mailLine: String {
    guard let job else { return "" }
    var line = "MAIL FROM:<\(job.envelope.sender.text)>"
    if capabilities.size { line += " SIZE=\(job.size)" }
    // A server without 8BITMIME gets 8-bit text all the same: nearly all of them pass it on, Postfix does so by
    // default towards peers that it knows, and a conversion would change the mail.
    let isEightBit = job.isEightBit || job.envelope.body == .eightBitMIME
    if capabilities.eightBitMIME, isEightBit { line += " BODY=8BITMIME" }
    if capabilities.smtpUTF8, job.envelope.usesSMTPUTF8 || !job.envelope.isASCII { line += " SMTPUTF8" }
    return line + "\r\n"
  }
}

extension Envelope {
  fileprivate var isASCII: Bool { sender.isASCII && recipients.allSatisfy(\.isASCII) }

  /// A line end in an address would be a command to the next hop. Addresses from the network cannot have one; those
  /// from a configuration or a damaged store might.
  fileprivate var isSendable: Bool {
    ([sender] + recipients).allSatisfy { $0.text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
  }
}

package import MailMessage

/// One SMTP session as the server sees it (RFC 5321), as a value: octets in, actions out. It has no socket, no clock
/// and no log.
///
/// What each entry point promises:
/// - `open` gives the banner; octets that come before it end the session.
/// - `receive` takes any cut of the octet stream; the actions do not depend on where it is cut.
/// - `commit` is given once for each complete transaction, and nothing that the client pipelined behind it is looked
///   at before `finish` has brought the answer: the next reply may not overtake it (RFC 2920 section 3.2).
/// - `secured` is called once the handshake that `startTLS` asked for is done, or for implicit TLS the first one; only
///   then does the session greet or take commands again.
/// - `verified` is called once for each `authenticate`; nothing else happens until then.
/// - Whatever is short of CRLF.CRLF or of the last chunk is never handed over.
/// - A large message is given out in pieces, `spill`, before the `commit` with its last piece; `forget` takes back what
///   was spilled since.
///
/// Limits: `SessionLimits`, and `aheadLimit` octets that are held while a transaction is committed. They defend the
/// memory and time of the process against the client; the session trusts its driver.
///
/// The driver writes replies in order, calls `finish` or `resume` when it was told to `commit` or to `pause`, stops
/// reading while `wantsInput` is false, asks `check` as time passes, and closes when told so.
package struct ServerSession: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case reply(Reply)
    /// The next octets of a message that is too large for memory.
    case spill([UInt8])
    /// The message of which octets were spilled will not be handed over.
    case forget
    /// Make it durable, then call `finish`.
    case commit(Transaction)
    /// Wait this long, then call `resume`: the client makes too many errors.
    case pause(Duration)
    /// Once the reply before it is out, put TLS around the connection and call `secured`. So many octets of plain text
    /// came behind the command and were dropped.
    case startTLS(dropping: Int)
    /// Find out whether the password is right, away from the event loop, then call `verified`.
    case authenticate(LoginAttempt)
    /// Listen for a moment whether the client talks first, then call `open`.
    case greet
    /// Nothing follows; send what there is and close.
    case close(Ending)
  }

  /// Why the session ends.
  package enum Ending: String, Hashable, Sendable, CaseIterable {
    case quit
    /// The client went away.
    case gone
    case earlyTalker = "early-talker"
    case notSMTP = "not-smtp"
    case tlsOnPlainPort = "tls-on-plain-port"
    case lineTooLong = "line-too-long"
    /// A command with a CR or an LF that is not part of CRLF.
    case bareLineEnd = "bare-line-end"
    case noMemory = "no-memory"
    /// A BDAT of which we cannot tell how much follows.
    case badChunk = "bad-chunk"
    case tooManyErrors = "too-many-errors"
    case tooMuchJunk = "too-much-junk"
    case tooManyFailures = "too-many-failed-logins"
    case tooMuchAhead = "too-much-ahead"
    case idle
    /// A client that may not send without a login did not log in.
    case loginTooLate = "login-too-late"
    case dataTooLate = "data-too-late"
    case dataTooSlow = "data-too-slow"
    case shutdown
    /// No TLS came about in time.
    case handshakeTooLate = "handshake-too-late"
    /// The handler of transactions answered 421.
    case unavailable
  }

  enum State: Hashable, Sendable {
    /// The banner is not out yet.
    case silent
    /// Waiting for a command, or for the rest of one.
    case command
    /// Reading a message into `decoder`.
    case data
    /// Reading a chunk of it (RFC 3030).
    case chunk(Chunk)
    /// Waiting for the client's answer within AUTH.
    case challenged(Challenge)
    /// The driver checks a password.
    case verifying(user: String)
    /// The driver makes a transaction durable.
    case committing
    /// TLS is being negotiated; afterwards we greet, or wait for a command.
    case handshaking(greets: Bool)
    /// The driver waits before this reply goes out.
    case paused(Reply)
    case closed
  }

  /// What BDAT announced.
  struct Chunk: Hashable, Sendable {
    /// Octets that are still to come.
    var left: Int
    let size: Int
    let isLast: Bool
    /// Why it is dropped; it has to be read nevertheless, or it would be taken for commands.
    let refusal: Reply?
  }

  /// An open transaction: MAIL was accepted.
  struct Draft: Hashable, Sendable {
    var envelope: Envelope
    var declaredSize: Int?
  }

  /// Octets a client may send ahead of our replies; a driver that stops reading comes nowhere near. A whole group of
  /// 1,000 recipients behind a message fits in.
  package static let aheadLimit = 512 * 1024
  /// Octets that any client may hold of commands, however little memory there is.
  static let smallHolding = 16 * 1024

  package let limits: SessionLimits
  let policy: SessionPolicy
  let hostname: String
  var client: Transaction.Client
  var state: State
  /// TLS is on.
  package internal(set) var isSecure = false
  /// The client said EHLO rather than HELO.
  var isExtended = false
  var draft: Draft?
  // Not the payload of `State.data`: taking it out of the enum to change it would copy the message at each chunk.
  var decoder: MessageDecoder?
  /// The transaction whose message was complete, until the client goes on.
  var concluded: Envelope?
  /// Octets were spilled of the message that arrives.
  var hasSpilled = false
  /// There is little memory left for all clients together; the driver says so.
  package var isMemoryScarce = false
  /// The start of a command whose LF has not come yet.
  var partial: [UInt8] = []
  /// What came while the driver was busy with us.
  var held: [UInt8] = []
  var errors = 0
  /// Wrong passwords.
  var failures = 0
  var junk = 0
  var isDraining = false
  /// A message was answered.
  var hasHadMail = false
  var isAtEnd = false
  /// Changes whenever the client is given a new term; see `check`.
  package internal(set) var period = 0

  /// - Parameters:
  ///   - hostname: what we call ourselves in the banner and in the reply to EHLO.
  ///   - address: the client, without port.
  ///   - name: names the session in the log.
  package init(
    hostname: String, address: String, name: String, limits: SessionLimits, policy: SessionPolicy = SessionPolicy()
  ) {
    self.hostname = hostname
    self.limits = limits
    self.policy = policy
    state = policy.security == .implicitTLS ? .handshaking(greets: true) : .silent
    client = Transaction.Client(address: address, helo: "", transmission: "SMTP", session: name)
  }

  /// Whether the driver should go on reading. While a transaction is committed we listen on for a while: a client has
  /// nothing to say then, and a driver that need not turn reading off and on saves two system calls a mail.
  ///
  /// `mutating` for speed only: a driver that keeps the session in a class then looks at it in place, and does not copy
  /// it with all of its parts, some twenty times a mail.
  package var wantsInput: Bool {
    mutating get {
      switch state {
      case .silent, .command, .data, .chunk, .handshaking, .challenged: true
      case .committing, .paused, .verifying: held.count < (maySend ? Self.aheadLimit / 8 : Self.smallHolding / 4)
      case .closed: false
      }
    }
  }

  /// Whether what comes next is the octets of a message. `mutating` like `wantsInput`.
  package var expectsMessage: Bool {
    mutating get {
      switch state {
      case .data, .chunk: true
      default: false
      }
    }
  }

  /// The transaction that the last reply was about, for its log line; nil when it was about none.
  package var envelope: Envelope? { draft?.envelope ?? concluded }

  /// The connection is up: greet.
  package mutating func open() -> [Action] {
    guard case .silent = state else { return [] }
    state = .command
    period += 1
    return [.reply(.banner(hostname))]
  }

  /// Takes what the client sent.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Action] {
    var actions: [Action] = []
    if bytes.isEmpty { return actions }
    switch state {
    // A client that talks before it is talked to does not speak SMTP: it is a bot, or a browser sent by an attacker.
    case .silent: end(.earlyTalker, .earlyTalker, &actions)
    case .command, .data, .chunk, .challenged: process(bytes, &actions)
    case .committing, .paused, .verifying: hold(bytes, &actions)
    // What is not from inside TLS is not from our client.
    case .handshaking, .closed: break
    }
    return actions
  }

  package mutating func receive(_ bytes: [UInt8]) -> [Action] { bytes.withUnsafeBytes { receive($0) } }

  /// The transaction that was handed out is settled: `reply` goes to the client.
  package mutating func finish(_ reply: Reply) -> [Action] {
    guard case .committing = state else { return [] }
    hasHadMail = true
    var actions: [Action] = []
    state = .command
    if reply.isPositive { errors = 0 }
    junk = 0
    if reply.code == 421 {
      end(reply, .unavailable, &actions)
    } else {
      answer(reply, &actions)
      continueWithHeld(&actions)
    }
    return actions
  }

  /// The client has closed its side (or the connection is gone). What is short of CRLF.CRLF is forgotten; the answer
  /// to a transaction that is being committed may still reach a client that only closed its sending side.
  package mutating func endOfInput() -> [Action] {
    isAtEnd = true
    var actions: [Action] = []
    leaveIfAtEnd(&actions)
    return actions
  }

  /// The pause is over.
  package mutating func resume() -> [Action] {
    guard case .paused(let reply) = state else { return [] }
    var actions: [Action] = []
    state = .command
    answer(reply, &actions)
    continueWithHeld(&actions)
    return actions
  }

  /// Waiting for the client outside of a transaction.
  package var isIdle: Bool {
    switch state {
    case .command, .challenged: draft == nil
    default: false
    }
  }

  /// We shut down: a message that is on its way may still arrive, and a client that has sent none yet may send one: it
  /// has just come to do so, and most of them (Django) have no queue. Who has sent one may say QUIT: 421 in the place of
  /// 221 makes some clients (smtplib) report a failure. It is for the driver to end a session that `isIdle` for long.
  package mutating func drain() { isDraining = true }

  // MARK: - Octets

  private mutating func process(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) {
    var rest = bytes
    while !rest.isEmpty {
      switch state {
      case .command, .challenged:
        rest = UnsafeRawBufferPointer(rebasing: rest[takeLine(rest, &actions)...])
        if case .handshaking = state { return actions.append(.startTLS(dropping: rest.count)) }
      case .data: rest = UnsafeRawBufferPointer(rebasing: rest[takeData(rest, &actions)...])
      case .chunk(let chunk): rest = UnsafeRawBufferPointer(rebasing: rest[take(rest, of: chunk, &actions)...])
      case .committing, .paused, .verifying: return hold(rest, &actions)
      case .silent, .handshaking, .closed: return
      }
    }
  }

  /// Takes octets up to the end of a command line, or all of them when it does not end here.
  private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
    if partial.isEmpty, bytes[0] == 0x16 {
      // The first octet of a TLS handshake. Nothing we could say in plain text will be understood, but the log names it.
      end(.notSMTP, .tlsOnPlainPort, &actions)
      return bytes.count
    }
    let lineEnd = bytes.firstIndex(of: 0x0A)
    let length = (lineEnd ?? bytes.count - 1) + 1
    let isShort = partial.count + length <= limits.commandLine
    guard isShort || partial.count + length <= lineLimit(bytes) else {
      // Closing is the only safe way on: the rest of the line would be taken for commands.
      end(.lineTooLong, .lineTooLong, &actions)
      return bytes.count
    }
    guard lineEnd != nil else {
      partial.append(contentsOf: bytes[..<length])
      return length
    }
    var line = partial
    partial = []
    line.append(contentsOf: bytes[..<length])
    take(line: line, &actions)
    return length
  }

  /// RFC 4954 section 4.5.3.1 (of its section 4): what AUTH carries may be longer than other commands.
  private func lineLimit(_ bytes: UnsafeRawBufferPointer) -> Int {
    if case .challenged = state { return max(limits.commandLine, limits.authLine) }
    let start = (partial.prefix(5) + bytes.prefix(5)).prefix(5)
    let isAUTH = start.elementsEqual("auth ".utf8) { $0.asciiLowercased == $1 }
    return isAUTH ? max(limits.commandLine, limits.authLine) : limits.commandLine
  }

  private mutating func take(line: [UInt8], _ actions: inout [Action]) {
    guard line.dropLast().last == 0x0D else { return end(.bareLineFeed, .bareLineEnd, &actions) }
    let line = line.dropLast(2)
    if line.contains(0x0D) { return end(.bareCarriageReturnInLine, .bareLineEnd, &actions) }
    concluded = nil
    if case .challenged(let challenge) = state { return takeResponse(line, to: challenge, &actions) }
    do throws(Reply) {
      let command = try Command.parse(
        line, allowingUTF8: draft?.envelope.usesSMTPUTF8 ?? false, allowingBareAddresses: maySend)
      // What is a command of ours is none of another protocol.
      if command == .unknown, ForeignProtocol.isSpoken(in: line) { return end(.notSMTP, .notSMTP, &actions) }
      perform(command, &actions)
    } catch {
      if ForeignProtocol.isSpoken(in: line) { return end(.notSMTP, .notSMTP, &actions) }
      refuse(error, &actions)
    }
  }

  private mutating func takeData(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
    guard let taken = decoder?.consume(bytes) else { return bytes.count }
    if decoder?.isComplete == true { endOfData(&actions) } else { spill(&actions) }
    return taken
  }

  private mutating func hold(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) {
    guard held.count + bytes.count <= Self.aheadLimit else { return end(.tooMuchAhead, .tooMuchAhead, &actions) }
    held.append(contentsOf: bytes)
  }

  mutating func continueWithHeld(_ actions: inout [Action]) {
    if !held.isEmpty {
      let bytes = held
      held = []
      bytes.withUnsafeBytes { process($0, &actions) }
    }
    leaveIfAtEnd(&actions)
  }

  private mutating func leaveIfAtEnd(_ actions: inout [Action]) {
    switch state {
    case .silent, .command, .data, .chunk, .handshaking, .challenged: if isAtEnd { leave(.gone, &actions) }
    case .committing, .paused, .verifying, .closed: break
    }
  }

  // MARK: - Answers

  mutating func answer(_ reply: Reply, _ actions: inout [Action]) {
    actions.append(.reply(reply))
    period += 1
  }

  /// Refuses: counts the error, and slows down or ends the session of a client that makes too many.
  mutating func refuse(_ reply: Reply, _ actions: inout [Action]) {
    // 4xx is no fault of the client.
    if reply.isPermanent { errors += 1 }
    if errors >= limits.errorsBeforeClose { return end(.tooManyErrors, .tooManyErrors, &actions) }
    if errors >= limits.errorsBeforeDelay, limits.errorDelay > .zero, !isDraining {
      state = .paused(reply)
      actions.append(.pause(limits.errorDelay))
      return
    }
    answer(reply, &actions)
  }

  /// The last words. Nothing of the client is looked at any more.
  mutating func end(_ reply: Reply, _ ending: Ending, _ actions: inout [Action]) {
    actions.append(.reply(reply))
    leave(ending, &actions)
  }

  mutating func leave(_ ending: Ending, _ actions: inout [Action]) {
    abandon(&actions)
    actions.append(.close(ending))
    state = .closed
    partial = []
    held = []
    period += 1
  }
}

package import MailMessage

/// One SMTP session as the server sees it (RFC 5321), as a value: octets in, actions out. It has no socket, no clock
/// and no log.
///
/// The promises of each entry point:
/// - `open` gives the banner; octets that come before it end the session.
/// - `receive` takes any cut of the octet stream; the actions do not depend on where it is cut.
/// - `commit` is given once for each complete transaction. Octets pipelined behind it are not examined before `finish`
///   brings the reply: the next reply must not overtake it (RFC 2920 section 3.2).
/// - `secured` is called once the handshake of `startTLS`, or the first one of implicit TLS, is done; only then does
///   the session greet or accept commands again.
/// - `verified` is called once for each `authenticate`; nothing else happens until then.
/// - A message short of CRLF.CRLF or of the last chunk is never handed over.
/// - A large message is given out in pieces, `spill`, before the `commit` with its last piece; `forget` takes back the
///   pieces spilled so far.
///
/// Limits: `SessionLimits`, and `aheadLimit` octets held while a transaction is committed. They defend the memory and
/// time of the process against the client; the session trusts its driver.
///
/// The driver writes replies in order, calls `finish` or `resume` when told to `commit` or `pause`, stops reading while
/// `wantsInput` is false, calls `check` as time passes, and closes when told to.
package struct ServerSession: Hashable, Sendable {
  package enum Action: Hashable, Sendable {
    case reply(Reply)
    /// The next octets of a message that is too large for memory.
    case spill([UInt8])
    /// Drops the spilled octets: their message will not be handed over.
    case forget
    /// Asks the driver to make the transaction durable and then to call `finish`.
    case commit(Transaction)
    /// Asks for a wait of this length and then for `resume`: the client makes too many errors.
    case pause(Duration)
    /// Asks for TLS around the connection, once the previous reply is out, and then for `secured`. The value is the
    /// number of plain-text octets that followed the command and were dropped.
    case startTLS(dropping: Int)
    /// Asks for a check of the password off the event loop and then for `verified`.
    case authenticate(LoginAttempt)
    /// Asks to listen for a moment whether the client talks first, and then for `open`.
    case greet
    /// Ends the connection: the driver sends what is pending and closes; nothing follows.
    case close(Ending)
  }

  /// The reason why a session ends.
  package enum Ending: String, Hashable, Sendable, CaseIterable {
    case quit
    /// The client went away.
    case gone
    case earlyTalker = "early-talker"
    case notSMTP = "not-smtp"
    case tlsOnPlainPort = "tls-on-plain-port"
    case lineTooLong = "line-too-long"
    /// A command has a CR or an LF that is not part of CRLF.
    case bareLineEnd = "bare-line-end"
    case noMemory = "no-memory"
    /// A BDAT command does not say how many octets follow.
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
    /// TLS was not established in time.
    case handshakeTooLate = "handshake-too-late"
    /// The transaction handler replied 421.
    case unavailable
  }

  enum State: Hashable, Sendable {
    /// The banner is not out yet.
    case silent
    /// Waiting for a command or the rest of one.
    case command
    /// Reading a message into `decoder`.
    case data
    /// Reading a chunk of a message (RFC 3030).
    case chunk(Chunk)
    /// Waiting for the client's response within AUTH.
    case challenged(Challenge)
    /// Waiting for the driver to check a password.
    case verifying(user: String)
    /// Waiting for the driver to make a transaction durable.
    case committing
    /// Negotiating TLS; after that the session greets or waits for a command.
    case handshaking(greets: Bool)
    /// Waiting for the driver to end a pause, after which this reply goes out.
    case paused(Reply)
    case closed
  }

  /// The chunk that BDAT announced.
  struct Chunk: Hashable, Sendable {
    /// The number of octets still to come.
    var left: Int
    let size: Int
    let isLast: Bool
    /// The reply that refuses the chunk, or nil. A refused chunk is read too, or it would be taken for commands.
    let refusal: Reply?
  }

  /// An open transaction, for which MAIL was accepted.
  struct Draft: Hashable, Sendable {
    var envelope: Envelope
    var declaredSize: Int?
  }

  /// The number of octets that a client may send ahead of our replies; a driver that stops reading stays far below it.
  /// A pipelined group of 1,000 recipients after a message fits.
  package static let aheadLimit = 512 * 1024
  /// The octets of commands that any client may hold, however scarce memory is.
  static let smallHolding = 16 * 1024

  package let limits: SessionLimits
  let policy: SessionPolicy
  let hostname: String
  var client: Transaction.Client
  var state: State
  /// True once TLS is established.
  package internal(set) var isSecure = false
  /// True if the client said EHLO rather than HELO.
  var isExtended = false
  var draft: Draft?
  // Not the payload of `State.data`: taking it out of the enum to change it would copy the message at each chunk.
  var decoder: MessageDecoder?
  /// The envelope of the transaction whose message is complete, until the client's next command.
  var concluded: Envelope?
  /// True if octets of the arriving message were spilled.
  var hasSpilled = false
  /// True if little memory is left for all clients together; set by the driver.
  package var isMemoryScarce = false
  /// The start of a command whose LF has not arrived yet.
  var partial: [UInt8] = []
  /// The octets that arrived while the driver was busy with this session.
  var held: [UInt8] = []
  var errors = 0
  /// The number of wrong passwords.
  var failures = 0
  var junk = 0
  var isDraining = false
  /// True once a transaction got its reply.
  var hasHadMail = false
  var isAtEnd = false
  /// A number that changes whenever the client gets a new time limit; see `check`.
  package internal(set) var period = 0

  /// - Parameters:
  ///   - hostname: the host's name in the banner and in the reply to EHLO.
  ///   - address: the client's address, without port.
  ///   - name: the name of the session in the log.
  package init(
    hostname: String, address: String, name: String, limits: SessionLimits, policy: SessionPolicy = SessionPolicy()
  ) {
    self.hostname = hostname
    self.limits = limits
    self.policy = policy
    state = policy.security == .implicitTLS ? .handshaking(greets: true) : .silent
    client = Transaction.Client(address: address, helo: "", transmission: "SMTP", session: name)
  }

  /// True if the driver should go on reading. While a transaction is committed this stays true for a while: a client
  /// has nothing to send then, and a driver that need not turn reading off and on saves two system calls per mail.
  ///
  /// `mutating` is for speed only: a driver that keeps the session in a class then reads it in place rather than
  /// copying it with all its parts, some twenty times per mail.
  package var wantsInput: Bool {
    mutating get {
      switch state {
      case .silent, .command, .data, .chunk, .handshaking, .challenged: true
      case .committing, .paused, .verifying: held.count < (maySend ? Self.aheadLimit / 8 : Self.smallHolding / 4)
      case .closed: false
      }
    }
  }

  /// True if the next octets belong to a message. `mutating` like `wantsInput`.
  package var expectsMessage: Bool {
    mutating get {
      switch state {
      case .data, .chunk: true
      default: false
      }
    }
  }

  /// The envelope of the transaction that the last reply was about, for its log line; nil if it was about none.
  package var envelope: Envelope? { draft?.envelope ?? concluded }

  /// Greets the client: the connection is up.
  package mutating func open() -> [Action] {
    guard case .silent = state else { return [] }
    state = .command
    period += 1
    return [.reply(.banner(hostname))]
  }

  /// Takes octets from the client.
  package mutating func receive(_ bytes: UnsafeRawBufferPointer) -> [Action] {
    var actions: [Action] = []
    if bytes.isEmpty { return actions }
    switch state {
    // A client that talks before the banner does not speak SMTP: it is a bot, or a browser sent by an attacker.
    case .silent: end(.earlyTalker, .earlyTalker, &actions)
    case .command, .data, .chunk, .challenged: process(bytes, &actions)
    case .committing, .paused, .verifying: hold(bytes, &actions)
    // Octets from outside TLS are not from our client.
    case .handshaking, .closed: break
    }
    return actions
  }

  package mutating func receive(_ bytes: [UInt8]) -> [Action] { bytes.withUnsafeBytes { receive($0) } }

  /// Settles the transaction that was handed out: `reply` goes to the client.
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

  /// Takes the end of the input: the client closed its side, or the connection is gone. What is short of CRLF.CRLF is
  /// dropped; the reply to a transaction being committed may still reach a client that closed only its sending side.
  package mutating func endOfInput() -> [Action] {
    isAtEnd = true
    var actions: [Action] = []
    leaveIfAtEnd(&actions)
    return actions
  }

  /// Ends the pause.
  package mutating func resume() -> [Action] {
    guard case .paused(let reply) = state else { return [] }
    var actions: [Action] = []
    state = .command
    answer(reply, &actions)
    continueWithHeld(&actions)
    return actions
  }

  /// True if the session waits for the client outside of a transaction.
  package var isIdle: Bool {
    switch state {
    case .command, .challenged: draft == nil
    default: false
    }
  }

  /// Begins the shutdown. A message on its way may still arrive, and a client without one may send its first: it has
  /// just connected to do so, and most (Django) have no queue. Other clients may QUIT: 421 in place of 221 makes some
  /// (smtplib) report a failure. The driver has to end a session that `isIdle` for long.
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

  /// Takes octets up to the end of a command line, or all of them if the line does not end here.
  private mutating func takeLine(_ bytes: UnsafeRawBufferPointer, _ actions: inout [Action]) -> Int {
    if partial.isEmpty, bytes[0] == 0x16 {
      // The first octet of a TLS handshake. The client would not understand plain text, but the log names it.
      end(.notSMTP, .tlsOnPlainPort, &actions)
      return bytes.count
    }
    let lineEnd = bytes.firstIndex(of: 0x0A)
    let length = (lineEnd ?? bytes.count - 1) + 1
    let isShort = partial.count + length <= limits.commandLine
    guard isShort || partial.count + length <= lineLimit(bytes) else {
      // Closing is the only safe option: the rest of the line would be taken for commands.
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

  /// Returns the limit for a line: AUTH and its responses may be longer than others (RFC 4954 section 4).
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
      // A command known to us is not one of another protocol.
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

  /// Refuses a request and counts the error: too many slow down or end the session.
  mutating func refuse(_ reply: Reply, _ actions: inout [Action]) {
    // A 4xx reply is not the client's fault.
    if reply.isPermanent { errors += 1 }
    if errors >= limits.errorsBeforeClose { return end(.tooManyErrors, .tooManyErrors, &actions) }
    if errors >= limits.errorsBeforeDelay, limits.errorDelay > .zero, !isDraining {
      state = .paused(reply)
      actions.append(.pause(limits.errorDelay))
      return
    }
    answer(reply, &actions)
  }

  /// Ends the session with a last reply. No further octets of the client are examined.
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

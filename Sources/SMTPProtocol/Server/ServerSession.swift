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
  /// The number of octets that a client may send ahead of our replies; a driver that stops reading stays far below it.
  /// A pipelined group of 1,000 recipients after a message fits.
  static let aheadLimit = 512 * 1024
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
  // Not part of `State`: a message in chunks lasts through several states (`chunk`, and `command` between two of them),
  // and here it is changed in place, where a payload might be copied with the message at each chunk.
  var decoder: MessageDecoder?
  /// The envelope of the transaction whose message is complete, until the client's next command.
  var concluded: Envelope?
  /// True if little memory is left for all clients together; set by the driver.
  package var isMemoryScarce = false
  /// The start of a command whose LF has not arrived yet.
  var partial: [UInt8] = []
  var record = ClientRecord()
  var isDraining = false
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
      case .awaiting(_, let held): held.count < (maySend ? Self.aheadLimit / 8 : Self.smallHolding / 4)
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
    case .awaiting: hold(bytes, &actions)
    // Octets from outside TLS are not from our client.
    case .handshaking, .closed: break
    }
    return actions
  }

  package mutating func receive(_ bytes: [UInt8]) -> [Action] { bytes.withUnsafeBytes { receive($0) } }

  /// Settles the transaction that was handed out: `reply` goes to the client.
  package mutating func finish(_ reply: Reply) -> [Action] {
    guard case .awaiting(.commit, let held) = state else { return [] }
    var actions: [Action] = []
    state = .command
    record.noteMail(reply)
    if reply.code == 421 {
      end(reply, .unavailable, &actions)
    } else {
      answer(reply, &actions)
      proceed(with: held, &actions)
    }
    return actions
  }

  /// Takes the end of the input: the client closed its side, or the connection is gone. What is short of CRLF.CRLF is
  /// dropped; the reply to a transaction being committed may still reach a client that closed only its sending side.
  package mutating func endOfInput() -> [Action] {
    record.noteEnd()
    var actions: [Action] = []
    leaveIfAtEnd(&actions)
    return actions
  }

  /// Ends the pause.
  package mutating func resume() -> [Action] {
    guard case .awaiting(.pause(let reply), let held) = state else { return [] }
    var actions: [Action] = []
    state = .command
    answer(reply, &actions)
    proceed(with: held, &actions)
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

  // MARK: - Answers

  mutating func answer(_ reply: Reply, _ actions: inout [Action]) {
    actions.append(.reply(reply))
    period += 1
  }

  /// Refuses a request and counts the error.
  mutating func refuse(_ reply: Reply, _ actions: inout [Action]) {
    answer(reply, heeding: record.noteRefusal(reply, limits), &actions)
  }

  /// Answers, unless the client's record has it that the session ends. Nobody is delayed during a shutdown.
  mutating func answer(_ reply: Reply, heeding consequence: ClientRecord.Consequence, _ actions: inout [Action]) {
    switch consequence {
    case .end(let reply, let ending): end(reply, ending, &actions)
    case .delay(let time) where !isDraining:
      state = .awaiting(.pause(before: reply))
      actions.append(.pause(time))
    case .none, .delay: answer(reply, &actions)
    }
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
    period += 1
  }
}

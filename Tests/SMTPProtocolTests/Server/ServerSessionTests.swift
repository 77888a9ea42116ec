import MailMessage
import SMTPProtocol
import Testing

/// What the dialogue files cannot show: commits, pauses, time and the end of a session.
struct ServerSessionTests {
  private static let transaction = "EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r\n"
  private static let accepted = Reply(250, .init(2, 0, 0), "Accepted")

  private func opened(_ adjust: (inout SessionLimits) -> Void = { _ in }) -> ServerSession {
    var limits = SessionLimits()
    adjust(&limits)
    var session = ServerSession(hostname: "mx.example", address: "192.0.2.1", name: "s1", limits: limits)
    #expect(session.open() == [.reply(Reply(220, nil, "mx.example ESMTP MailDedup"))])
    return session
  }

  private func say(_ text: String, _ session: inout ServerSession) -> [ServerSession.Action] {
    session.receive(Array(text.utf8))
  }

  private func codes(_ actions: [ServerSession.Action]) -> [Int] {
    actions.compactMap { action in if case .reply(let reply) = action { reply.code } else { nil } }
  }

  @Test("the transaction that is handed over says who sent it, to whom, and how")
  func handsOver() {
    var session = opened()
    let client = Transaction.Client(address: "192.0.2.1", helo: "c", transmission: "ESMTP", session: "s1")
    let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d")])
    let transaction = Transaction(client: client, envelope: envelope, message: Message(Array("x\r\n".utf8)))
    #expect(say(Self.transaction, &session).last == .commit(transaction))
  }

  @Test("with SMTPUTF8 the transmission is named so (RFC 6531 section 4.3)")
  func namesTransmission() {
    var session = opened()
    let text = "EHLO c\r\nMAIL FROM:<é@b> SMTPUTF8\r\nRCPT TO:<c@d>\r\nDATA\r\n.\r\n"
    guard case .commit(let transaction) = say(text, &session).last else {
      Issue.record("nothing was handed over")
      return
    }
    #expect(transaction.client.transmission == "UTF8SMTP" && transaction.envelope.usesSMTPUTF8)
  }

  @Test("nothing that is pipelined behind the end of the data is looked at before the transaction is settled")
  func holdsWhileCommitting() {
    var session = opened()
    #expect(codes(say(Self.transaction + "NOOP\r\n", &session)) == [250, 250, 250, 354])
    #expect(say("RSET\r\nNO", &session) == [])
    #expect(codes(session.finish(Self.accepted)) == [250, 250, 250])
    #expect(codes(say("OP\r\n", &session)) == [250])
  }

  @Test("a second answer to a transaction is not taken for one to something else")
  func finishesOnce() {
    var session = opened()
    _ = say(Self.transaction, &session)
    #expect(codes(session.finish(Self.accepted)) == [250])
    #expect(session.finish(Self.accepted) == [])
  }

  @Test("what is held is bounded, and the driver is asked to stop reading long before")
  func boundsWhatIsHeld() {
    var session = opened()
    _ = say(Self.transaction, &session)
    let wantedInput = session.wantsInput
    #expect(wantedInput)
    let piece = [UInt8](repeating: 0x0A, count: 64 * 1024)
    #expect(session.receive(piece) == [])
    let wantsInput = session.wantsInput
    #expect(!wantsInput)
    for _ in 1..<8 { #expect(session.receive(piece) == []) }
    #expect(session.receive(piece).last == .close(.tooMuchAhead))
  }

  @Test("octets before the banner end the session")
  func refusesEarlyTalkers() {
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: SessionLimits())
    #expect(
      say("EHLO x\r\n", &session) == [
        .reply(Reply(554, .init(5, 5, 1), "Wait for the banner before you send")), .close(.earlyTalker),
      ])
    #expect(session.open() == [])
  }

  @Test("from the tenth error on each reply waits, and nothing behind it is looked at in the meantime")
  func delaysErrors() {
    var session = opened { $0.errorsBeforeDelay = 2 }
    #expect(codes(say("BOGUS\r\n", &session)) == [500])
    #expect(say("BOGUS\r\nNOOP\r\n", &session) == [.pause(.seconds(1))])
    #expect(codes(session.resume()) == [500, 250])
    #expect(session.resume() == [])
  }

  @Test(
    "the delay is that of the settings, and none when they say so",
    arguments: [Duration.zero, .milliseconds(1), .seconds(60)])
  func delaysAsSet(_ delay: Duration) {
    var session = opened {
      $0.errorsBeforeDelay = 1
      $0.errorDelay = delay
    }
    let actions = say("BOGUS\r\n", &session)
    if delay == .zero { #expect(codes(actions) == [500]) } else { #expect(actions == [.pause(delay)]) }
  }

  @Test(
    "each wrong password costs its time, and the last one that is allowed the connection",
    arguments: [Duration.zero, .seconds(2)], [1, 3])
  func limitsGuesses(_ delay: Duration, _ allowed: Int) {
    var limits = SessionLimits()
    limits.authDelay = delay
    limits.authFailures = allowed
    var policy = SessionPolicy()
    policy.authentication = .always
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: limits, policy: policy)
    _ = session.open()
    _ = say("EHLO c\r\n", &session)
    for _ in 1..<allowed {
      _ = say("AUTH PLAIN AGFubmEAd3Jvbmc=\r\n", &session)
      let actions = session.verified(.rejected)
      if delay == .zero { #expect(codes(actions) == [535]) } else { #expect(actions == [.pause(delay)]) }
      #expect(codes(session.resume()) == (delay == .zero ? [] : [535]))
    }
    _ = say("AUTH PLAIN AGFubmEAd3Jvbmc=\r\n", &session)
    let actions = session.verified(.rejected)
    #expect(codes(actions) == [421] && actions.last == .close(.tooManyFailures))
  }

  @Test("the handshake has its own limit, and ends without a word")
  func limitsHandshakes() {
    var policy = SessionPolicy()
    policy.security = .implicitTLS
    var limits = SessionLimits()
    limits.handshake = .seconds(7)
    var session = ServerSession(hostname: "mx", address: "::1", name: "s", limits: limits, policy: policy)
    #expect(session.check(elapsed: .seconds(6), underPressure: true) == .wait(.seconds(1)))
    #expect(session.check(elapsed: .seconds(7), underPressure: false) == .expired([.close(.handshakeTooLate)]))
  }

  @Test("a client that says nothing for too long gets 421, and the term runs from our last reply")
  func endsIdleSessions() {
    var session = opened()
    let period = session.period
    #expect(session.check(elapsed: .seconds(0), underPressure: false) == .wait(.seconds(30)))
    #expect(session.check(elapsed: .seconds(290), underPressure: false) == .wait(.seconds(10)))
    #expect(say("NO", &session) == [] && session.period == period)
    guard case .expired(let actions) = session.check(elapsed: .seconds(300), underPressure: false) else {
      Issue.record("not expired")
      return
    }
    #expect(codes(actions) == [421] && actions.last == .close(.idle))
  }

  @Test("each reply begins a new term")
  func repliesBeginTerms() {
    var session = opened()
    let period = session.period
    _ = say("NOOP\r\n", &session)
    #expect(session.period != period)
  }

  @Test("when connections are scarce, an idle one has less time")
  func hurriesUnderPressure() {
    var session = opened()
    #expect(session.check(elapsed: .seconds(29), underPressure: true) != .wait(.zero))
    guard case .expired = session.check(elapsed: .seconds(30), underPressure: true) else {
      Issue.record("not expired")
      return
    }
  }

  @Test(
    "data has to come at the minimum rate once it had time to begin, and to end within its limit",
    arguments: [
      (0, 59, nil), (0, 61, .dataTooSlow), (29_000, 61, .dataTooSlow), (40_000, 61, nil), (40_000, 81, .dataTooSlow),
      (10_000_000, 599, nil), (10_000_000, 600, .dataTooLate),
    ] as [(Int, Int, ServerSession.Ending?)])
  func limitsData(octets: Int, seconds: Int, ending: ServerSession.Ending?) {
    var session = opened()
    _ = say("EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n", &session)
    _ = session.receive([UInt8](repeating: 0x78, count: octets))
    switch session.check(elapsed: .seconds(seconds), underPressure: true) {
    case .wait(let duration): #expect(ending == nil && duration > .zero)
    case .expired(let actions): #expect(actions.last == ending.map { .close($0) })
    }
  }

  @Test("while we make a mail durable, no time runs against the client")
  func waitsForItself() {
    var session = opened()
    _ = say(Self.transaction, &session)
    #expect(session.check(elapsed: .seconds(100_000), underPressure: true) == .wait(.seconds(30)))
  }

  @Test("shutting down lets a session send its first mail, however far it was, and the one that is on its way")
  func drains() {
    var session = opened()
    session.drain()
    #expect(session.isIdle)
    #expect(codes(say("EHLO c\r\nMAIL FROM:<a@b>\r\n", &session)) == [250, 250])
    #expect(!session.isIdle)
    #expect(codes(say("RCPT TO:<c@d>\r\nDATA\r\n", &session)) == [250, 354])
    #expect(say("x\r\n.\r\nMAIL FROM:<a@b>\r\n", &session).count == 1)
    #expect(codes(session.finish(Self.accepted)) == [250, 421], "there will be no second one")
  }

  @Test(
    "who has had its mail answered may take leave; smtplib takes 421 in the place of 221 for a failure",
    arguments: [("QUIT\r\n", [221]), ("RSET\r\nQUIT\r\n", [250, 221]), ("NOOP\r\n", [421])])
  func drainsAtTheEnd(_ said: String, _ expected: [Int]) {
    var session = opened()
    _ = say(Self.transaction, &session)
    session.drain()
    #expect(codes(session.finish(Self.accepted)) == [250])
    #expect(session.isIdle)
    #expect(codes(say(said, &session)) == expected)
  }

  @Test("the end of the connection within the data hands nothing over")
  func forgetsHalfAMessage() {
    var session = opened()
    _ = say("EHLO c\r\nMAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\nx\r\n.\r", &session)
    #expect(session.endOfInput() == [.close(.gone)])
    #expect(say("\n", &session) == [])
  }

  @Test("a client that closes its sending side behind a mail still gets the answer")
  func answersHalfClosedClients() {
    var session = opened()
    _ = say(Self.transaction + "QUIT\r\n", &session)
    #expect(session.endOfInput() == [])
    #expect(codes(session.finish(Self.accepted)) == [250, 221])
  }

  @Test("without QUIT the session ends behind the answer")
  func leavesHalfClosedClients() {
    var session = opened()
    _ = say(Self.transaction, &session)
    #expect(session.endOfInput() == [])
    #expect(session.finish(Self.accepted) == [.reply(Self.accepted), .close(.gone)])
  }
}

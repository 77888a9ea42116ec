import SMTPProtocol
import Testing

/// What each reply code means at each step, all of them, so that none can change its meaning unnoticed (clause R7).
struct TroubleTests {
  /// `-` no trouble, `t` temporary, `T` temporary and the connection is of no more use, `P` permanent.
  static let table: [(step: Trouble.Step, meanings: String)] = [
    // 200… 300… 400… 421 500… 530 534 535 538 552 220
    (.connect, "-TTTTTTTTT-"),
    (.greeting, "-TTTTTTTTT-"),
    (.hello, "-TTTTTTTTT-"),
    // Who answers 250 to STARTTLS did not understand it.
    (.startTLS, "TTTTTTTTTT-"),
    (.handshake, "-TTTTTTTTT-"),
    (.authentication, "-TTTTTTTTT-"),
    (.reset, "-TTTTTTTTT-"),
    (.mail, "-TtTPttttP-"),
    (.recipient, "-TtTPttttP-"),
    (.furtherRecipient, "-TtTPttttt-"),
    (.data, "T-tTPttttPT"),
    (.message, "-TtTPttttP-"),
    (.quit, "-TTTTTTTTT-"),
  ]

  @Test(
    "every reply code at every step means what the table says",
    arguments: table)
  func everyCode(step: Trouble.Step, meanings: String) {
    let meaning = Array(meanings)
    for code in 200...599 {
      #expect(Self.letter(Trouble(.reply(Reply(code, nil, "text")), at: step)) == meaning[Self.column(code)], "\(code)")
    }
  }

  @Test("every step has a row")
  func complete() { #expect(Set(Self.table.map(\.step)) == Set(Trouble.Step.allCases)) }

  private static func column(_ code: Int) -> Int {
    let special = [421: 3, 530: 5, 534: 6, 535: 7, 538: 8, 552: 9, 220: 10]
    return special[code] ?? [2: 0, 3: 1, 4: 2, 5: 4][code / 100] ?? 0
  }

  private static func letter(_ trouble: Trouble?) -> Character {
    guard let trouble else { return "-" }
    return trouble.isPermanent ? (trouble.endsConnection ? "!" : "P") : (trouble.endsConnection ? "T" : "t")
  }

  @Test("552 5.2.2 is a full mailbox and no limit of recipients, whoever came before")
  func fullMailbox() {
    let reply = Reply(552, .init(5, 2, 2), "mailbox full")
    #expect(Self.letter(Trouble(.reply(reply), at: .furtherRecipient)) == "P")
    #expect(Self.letter(Trouble(.reply(Reply(552, .init(5, 5, 3), "many")), at: .furtherRecipient)) == "t")
  }

  @Test(
    "faults are temporary and end the connection; what the mail asks and the server lacks is permanent",
    arguments: Trouble.Step.allCases)
  func everyFault(step: Trouble.Step) {
    let faults: [Trouble.Fact] = [
      .timedOut, .connectionLost, .unreachable("x"), .garbled("x"), .tlsFailed("x"), .lacksSTARTTLS, .injected,
      .lacksAUTH(offered: []), .insecureAUTH, .noCredentials("x"),
    ]
    for fact in faults {
      #expect(Self.letter(Trouble(fact, at: step)) == "T", "\(fact)")
    }
    for fact in [.lacksSMTPUTF8(for: .address), .overSize(limit: 1), .malformedEnvelope] as [Trouble.Fact] {
      #expect(Self.letter(Trouble(fact, at: step)) == "P", "\(fact)")
    }
  }

  @Test("the reason names the reply and the step, on one line")
  func reason() {
    let trouble = Trouble(.reply(Reply(550, .init(5, 1, 1), "no such user", "here")), at: .recipient)
    #expect(trouble?.description == "550 5.1.1 no such user here (in reply to RCPT)")
    #expect(trouble?.status == EnhancedStatusCode(5, 1, 1))
  }

  @Test("what only an admin can mend is told apart from what passes by itself")
  func admins() {
    let needed: [(Trouble.Fact, Trouble.Step)] = [
      (.reply(Reply(535, nil, "x")), .authentication), (.reply(Reply(504, nil, "x")), .authentication),
      (.reply(Reply(530, nil, "x")), .mail), (.tlsFailed("x"), .handshake), (.lacksSTARTTLS, .hello),
      (.noCredentials("x"), .authentication),
    ]
    #expect(needed.allSatisfy { Trouble($0, at: $1)?.needsAdmin == true })
    let notNeeded: [(Trouble.Fact, Trouble.Step)] = [
      (.reply(Reply(454, nil, "x")), .authentication), (.reply(Reply(550, nil, "x")), .recipient),
      (.connectionLost, .handshake), (.unreachable("x"), .connect),
    ]
    #expect(notNeeded.allSatisfy { Trouble($0, at: $1)?.needsAdmin == false })
  }

  // MARK: - Whom it concerns

  struct Subject: Sendable, CustomTestStringConvertible {
    let reply: Reply
    let step: Trouble.Step
    var history = Trouble.History.fresh
    let subject: Trouble.Subject
    var isThrottle = false
    let shows: String
    var testDescription: String { shows }

    init(
      _ code: Int, _ status: (Int, Int, Int)? = nil, _ text: String = "x", at step: Trouble.Step,
      _ history: Trouble.History, _ subject: Trouble.Subject, throttles: Bool = false, _ shows: String
    ) {
      reply = Reply(code, status.map { EnhancedStatusCode($0.0, $0.1, $0.2) }, text)
      (self.step, self.history, self.subject, isThrottle, self.shows) = (step, history, subject, throttles, shows)
    }
  }

  static let subjects: [Subject] = [
    Subject(421, at: .greeting, .fresh, .host, throttles: true, "421 in place of a banner is the host"),
    Subject(554, at: .greeting, .fresh, .host, "so is 554"),
    Subject(454, (4, 7, 0), at: .authentication, .fresh, .host, throttles: true, "no login for now is the host"),
    Subject(421, at: .mail, .fresh, .host, throttles: true, "421 to the first MAIL of a connection is the host"),
    Subject(421, at: .mail, .worked, .connection, throttles: true, "421 to a later one is the connection"),
    Subject(
      421, at: .recipient, .fresh, .recipient, throttles: true, "421 to RCPT on a fresh connection is the recipient"),
    Subject(421, at: .recipient, .worked, .connection, throttles: true, "and on a used one the connection"),
    Subject(421, at: .furtherRecipient, .fresh, .recipient, throttles: true, "421 behind an accepted RCPT: this one"),
    Subject(
      421, at: .message, .fresh, .message, throttles: true, "421 to the message on a fresh connection is the mail"),
    Subject(
      421, (4, 7, 28), "unusual rate", at: .message, .fresh, .host, throttles: true,
      "unless it says that it is a throttle"),
    Subject(421, at: .message, .worked, .connection, throttles: true, "and on a used one the connection"),
    Subject(421, at: .data, .worked, .connection, throttles: true, "the same at DATA"),
    Subject(250, at: .data, .worked, .connection, "a misunderstanding ends a used connection"),
    Subject(250, at: .data, .fresh, .message, "and is the mail's on a fresh one"),
    Subject(500, at: .reset, .worked, .connection, "a RSET that is refused ends the connection"),
    Subject(
      450, (4, 7, 0), at: .mail, .worked, .connection, throttles: true, "a throttle ends a connection that worked"),
    Subject(450, (4, 7, 0), at: .mail, .fresh, .host, throttles: true, "and is the host on a fresh one"),
    Subject(451, (4, 7, 0), at: .recipient, .worked, .connection, throttles: true, "also at RCPT"),
    Subject(
      451, (4, 7, 0), at: .recipient, .fresh, .recipient, throttles: true, "on a fresh one RCPT is the recipient's"),
    Subject(454, nil, "Throttling failure: Maximum", at: .message, .fresh, .host, throttles: true, "Amazon SES"),
    Subject(432, (4, 3, 2), "sender thread limit", at: .message, .fresh, .host, throttles: true, "Exchange Online"),
    Subject(451, (4, 7, 500), "Server busy", at: .mail, .fresh, .host, throttles: true, "Exchange Online, by address"),
    Subject(421, (4, 7, 28), "unusual rate", at: .message, .worked, .connection, throttles: true, "Google"),
    Subject(450, (4, 2, 1), "limit exceeded", at: .mail, .fresh, .host, throttles: true, "Google, as a relay"),
    Subject(
      451, (4, 3, 0), "Multiple domains per transaction", at: .furtherRecipient, .fresh, .transaction,
      "one domain at a time"),
    Subject(
      450, (4, 2, 1), "receiving mail at a rate", at: .recipient, .worked, .recipient, "a mailbox that gets too much"),
    Subject(451, (4, 7, 1), "greylisted", at: .recipient, .worked, .recipient, "greylisting is the recipient's"),
    Subject(450, nil, "greylisted", at: .recipient, .fresh, .recipient, "also without a status"),
    Subject(451, (4, 7, 1), "greylisted", at: .message, .fresh, .message, "and behind DATA the mail's"),
    Subject(451, (4, 3, 0), at: .message, .worked, .message, "what fails for now is the mail's"),
    Subject(550, (5, 1, 1), at: .recipient, .worked, .recipient, "no such user"),
    Subject(550, (5, 7, 1), at: .message, .fresh, .message, "spam"),
    Subject(452, (4, 5, 3), at: .furtherRecipient, .fresh, .transaction, "too many recipients"),
    Subject(452, at: .furtherRecipient, .worked, .transaction, "also without a status"),
    Subject(552, at: .furtherRecipient, .fresh, .transaction, "also with 552"),
    Subject(550, (5, 5, 3), at: .furtherRecipient, .fresh, .transaction, "also with 5.5.3"),
    Subject(452, (4, 2, 2), at: .furtherRecipient, .fresh, .recipient, "but not a full mailbox"),
    Subject(452, (4, 3, 1), at: .furtherRecipient, .fresh, .recipient, "and not a full disk"),
    Subject(452, (4, 5, 3), at: .recipient, .worked, .connection, "too many recipients of a connection"),
    Subject(452, (4, 5, 3), at: .recipient, .fresh, .recipient, "one recipient cannot be too many"),
    Subject(530, (5, 7, 0), at: .mail, .fresh, .host, "a login is wanted"),
    Subject(530, (5, 7, 0), at: .recipient, .fresh, .recipient, "or for this recipient"),
  ]

  @Test("whom a reply concerns", arguments: subjects)
  func subject(_ example: Subject) throws {
    let trouble = try #require(Trouble(.reply(example.reply), at: example.step, after: example.history))
    #expect(trouble.subject == example.subject)
    #expect(trouble.isThrottle == example.isThrottle)
    #expect(!trouble.isPermanent || [.recipient, .message].contains(trouble.subject), "only these are final")
  }

  @Test("whom the end of a connection concerns", arguments: Trouble.Step.allCases)
  func endOfConnection(step: Trouble.Step) {
    let fresh: [Trouble.Step: Trouble.Subject] = [
      .recipient: .recipient, .furtherRecipient: .recipient, .data: .message, .message: .message, .reset: .connection,
      .quit: .connection,
    ]
    for fact in [.connectionLost, .timedOut, .garbled("x")] as [Trouble.Fact] {
      #expect(Trouble(fact, at: step)?.subject == fresh[step] ?? .host)
      let isUsed = step.isAboutTheMail || step == .reset || step == .quit
      #expect(Trouble(fact, at: step, after: .worked)?.subject == (isUsed ? .connection : .host))
      #expect(Trouble(fact, at: step)?.isInDoubt == (step == .message))
    }
  }

  @Test("a refusal of the message leaves no doubt, a lost connection does")
  func doubt() {
    #expect(Trouble(.reply(Reply(421, nil, "x")), at: .message, after: .worked)?.isInDoubt == false)
    #expect(Trouble(.connectionLost, at: .message, after: .worked)?.isInDoubt == true)
    #expect(Trouble(.connectionLost, at: .data)?.isInDoubt == false)
  }

  @Test("a server that drops the connection where TLS should begin does not get along with ours")
  func tls() {
    for fact in [.connectionLost, .timedOut, .tlsFailed("x")] as [Trouble.Fact] {
      #expect(Trouble(fact, at: .handshake)?.isAboutTLS == true)
    }
    #expect(Trouble(.reply(Reply(250, nil, "x")), at: .startTLS)?.isAboutTLS == true)
    #expect(Trouble(.injected, at: .startTLS)?.isAboutTLS == true)
    #expect(Trouble(.connectionLost, at: .hello)?.isAboutTLS == false)
  }
}

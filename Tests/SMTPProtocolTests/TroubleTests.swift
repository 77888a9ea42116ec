import SMTPProtocol
import Testing

/// What each reply code means at each step, all of them, so that none can change its meaning unnoticed (clause R7).
struct TroubleTests {
  /// `-` no trouble, `t` temporary, `T` temporary and the connection is of no more use, `P` permanent.
  static let table: [(step: Trouble.Step, meanings: String)] = [
    // 200… 300… 400… 421 500… 530 534 535 538 552
    (.connect, "-TTTTTTTTT"),
    (.greeting, "-TTTTTTTTT"),
    (.hello, "-TTTTTTTTT"),
    (.startTLS, "-TTTTTTTTT"),
    (.handshake, "-TTTTTTTTT"),
    (.authentication, "-TTTTTTTTT"),
    (.reset, "-TTTTTTTTT"),
    (.mail, "-TtTPttttP"),
    (.recipient, "-TtTPttttP"),
    (.furtherRecipient, "-TtTPttttt"),
    (.data, "T-tTPttttP"),
    (.message, "-TtTPttttP"),
    (.quit, "-TTTTTTTTT"),
  ]

  @Test(arguments: table)
  func everyCode(step: Trouble.Step, meanings: String) {
    let meaning = Array(meanings)
    for code in 200...599 {
      #expect(Self.letter(Trouble(.reply(Reply(code, nil, "text")), at: step)) == meaning[Self.column(code)], "\(code)")
    }
  }

  /// Every step has a row.
  @Test func complete() { #expect(Set(Self.table.map(\.step)) == Set(Trouble.Step.allCases)) }

  private static func column(_ code: Int) -> Int {
    let special = [421: 3, 530: 5, 534: 6, 535: 7, 538: 8, 552: 9]
    return special[code] ?? [2: 0, 3: 1, 4: 2, 5: 4][code / 100] ?? 0
  }

  private static func letter(_ trouble: Trouble?) -> Character {
    guard let trouble else { return "-" }
    return trouble.isPermanent ? (trouble.endsConnection ? "!" : "P") : (trouble.endsConnection ? "T" : "t")
  }

  /// 552 5.2.2 is a full mailbox and no limit of recipients, whoever came before.
  @Test func fullMailbox() {
    let reply = Reply(552, .init(5, 2, 2), "mailbox full")
    #expect(Self.letter(Trouble(.reply(reply), at: .furtherRecipient)) == "P")
    #expect(Self.letter(Trouble(.reply(Reply(552, .init(5, 5, 3), "many")), at: .furtherRecipient)) == "t")
  }

  /// Faults are temporary and end the connection; what the mail asks and the server lacks is permanent.
  @Test(arguments: Trouble.Step.allCases)
  func everyFault(step: Trouble.Step) {
    let faults: [Trouble.Fact] = [
      .timedOut, .connectionLost, .unreachable("x"), .garbled("x"), .tlsFailed("x"), .lacksSTARTTLS, .injected,
      .lacksAUTH(offered: []), .insecureAUTH, .noCredentials("x"),
    ]
    for fact in faults {
      #expect(Self.letter(Trouble(fact, at: step)) == "T", "\(fact)")
    }
    for fact in [.lacksSMTPUTF8, .overSize(limit: 1), .malformedEnvelope] as [Trouble.Fact] {
      #expect(Self.letter(Trouble(fact, at: step)) == "P", "\(fact)")
    }
  }

  /// The reason names the reply and the step, on one line.
  @Test func reason() {
    let trouble = Trouble(.reply(Reply(550, .init(5, 1, 1), "no such user", "here")), at: .recipient)
    #expect(trouble?.description == "550 5.1.1 no such user here (in reply to RCPT)")
    #expect(trouble?.status == EnhancedStatusCode(5, 1, 1))
  }

  /// What only an admin can mend is told apart from what passes by itself.
  @Test func admins() {
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
}

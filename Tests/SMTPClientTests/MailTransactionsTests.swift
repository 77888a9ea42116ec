import SMTPProtocol
import Testing

@testable import SMTPClient

/// The way of one mail through transactions that go wrong.
struct MailTransactionsTests {
  /// What a transaction comes to: a letter for each recipient (`D` delivered, `P` refused for good, `t` for now, `m` one
  /// too many, `-` undecided), and what ended the connection.
  private func delivery(
    _ letters: String, ended fact: Trouble.Fact? = nil, at step: Trouble.Step = .recipient,
    _ history: Trouble.History = .fresh, culprit: Int? = nil, accepted: Int = 0, took: Int? = nil
  ) throws -> ClientSession.Delivery {
    let end = try fact.map { try #require(Trouble($0, at: step, after: history)) }
    let outcomes = try letters.map { letter -> ClientSession.Outcome in
      switch letter {
      case "D": .delivered(Reply(250, nil, "ok"), speaksDSN: false)
      case "P": .failed(try #require(Trouble(.reply(Reply(550, nil, "no")), at: .recipient)))
      case "t": .failed(try #require(Trouble(.reply(Reply(450, nil, "later")), at: .recipient)))
      case "m": .failed(try #require(Trouble(.reply(Reply(452, nil, "many")), at: .furtherRecipient)))
      case "5": .failed(try #require(Trouble(.reply(Reply(452, EnhancedStatusCode(4, 5, 3), "many")), at: .message)))
      case "6": .failed(try #require(Trouble(.reply(Reply(554, EnhancedStatusCode(5, 5, 3), "many")), at: .message)))
      case "7": .failed(try #require(Trouble(.reply(Reply(452, EnhancedStatusCode(4, 5, 3), "many")), at: .data)))
      case "h": .failed(try #require(Trouble(.reply(Reply(454, nil, "throttled")), at: .message)))
      default: .failed(try #require(end))
      }
    }
    let undecided = letters.enumerated().filter { $0.element == "-" }.map(\.offset)
    return ClientSession.Delivery(
      outcomes: outcomes, isReusable: end == nil,
      accepted: took ?? (end == nil ? letters.filter { $0 == "D" }.count : accepted),
      end: end.map { .init(trouble: $0, undecided: undecided, culprit: culprit) })
  }

  private func letters(_ mail: MailTransactions) -> String {
    mail.outcomes.map { outcome in
      switch outcome {
      case nil: "-"
      case .delivered?: "D"
      case .failed(let trouble)?: trouble.isPermanent ? "P" : "t"
      }
    }.joined()
  }

  private let lost = Trouble.Fact.connectionLost
  private let leaving = Trouble.Fact.reply(Reply(421, nil, "no more"))

  @Test(
    "a message that is refused for the number of its recipients, or at DATA, goes again in halves",
    arguments: ["5", "6", "7"])
  func tooManyForTheMessage(letter: String) throws {
    var mail = MailTransactions(recipients: 10)
    var sizes: [Int] = []
    while let batch = mail.next(limit: 100) {
      let count = batch.recipients.count
      sizes.append(count)
      let isTaken = count <= 3
      let lessons = mail.took(
        try delivery(String(repeating: isTaken ? "D" : letter, count: count), took: count), batch)
      #expect(lessons.mostRecipients == (isTaken ? nil : count / 2) && lessons.hostTrouble == nil)
    }
    #expect(sizes == [10, 5, 2, 2, 2, 2, 2] && letters(mail) == "DDDDDDDDDD")
  }

  @Test("one that is refused alone is refused")
  func tooManyAlone() throws {
    var mail = MailTransactions(recipients: 1)
    let batch = try #require(mail.next(limit: 100))
    _ = mail.took(try delivery("6", took: 1), batch)
    #expect(letters(mail) == "P")
  }

  @Test("all is well: one transaction")
  func plain() throws {
    var mail = MailTransactions(recipients: 3)
    let batch = try #require(mail.next(limit: 100))
    #expect(batch == .init(recipients: [0, 1, 2], needsFreshConnection: false, isAlone: false))
    let lessons = mail.took(try delivery("DPt"), batch)
    #expect(lessons.hostWorked && letters(mail) == "DPt" && mail.next(limit: 100) == nil && mail.wasOffered)
  }

  @Test("who was one too many goes in the next transaction on the same connection, and the number is learnt")
  func tooMany() throws {
    var mail = MailTransactions(recipients: 5)
    var batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(try delivery("DDmmm"), batch)
    #expect(lessons.mostRecipients == 2)
    batch = try #require(mail.next(limit: 2))
    #expect(batch == .init(recipients: [2, 3], needsFreshConnection: false, isAlone: false))
    _ = mail.took(try delivery("DD"), batch)
    #expect(mail.next(limit: 2)?.recipients == [4])
  }

  @Test("one that takes others behind those that it refuses does not count them")
  func anotherDomain() throws {
    var mail = MailTransactions(recipients: 3)
    let batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(try delivery("DmD"), batch)
    #expect(lessons.mostRecipients == nil && mail.next(limit: 100)?.recipients == [1])
  }

  @Test("what a used connection left undecided goes over a fresh one, and nobody is blamed but for RCPT")
  func usedConnection() throws {
    var mail = MailTransactions(recipients: 2)
    let batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(try delivery("--", ended: leaving, at: .mail, .worked), batch)
    #expect(lessons.endedUsedConnection && lessons.strikes == 0 && !mail.wasOffered)
    #expect(mail.next(limit: 100) == .init(recipients: [0, 1], needsFreshConnection: true, isAlone: false))
  }

  @Test("a recipient that ends two connections is given up, and the others go on at once")
  func poisonedRecipient() throws {
    var mail = MailTransactions(recipients: 3)
    var batch = try #require(mail.next(limit: 100))
    let first = mail.took(try delivery("---", ended: leaving, .worked, culprit: 1, accepted: 1), batch)
    #expect(first.struckRecipient == 1)
    batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(
      try delivery("---", ended: leaving, at: .furtherRecipient, culprit: 1, accepted: 1), batch)
    #expect(lessons.strikesHost != nil && lessons.struckRecipient == 1)
    batch = try #require(mail.next(limit: 100))
    #expect(batch == .init(recipients: [0], needsFreshConnection: true, isAlone: false))
    _ = mail.took(try delivery("D"), batch)
    batch = try #require(mail.next(limit: 100))
    #expect(batch.recipients == [2])
    _ = mail.took(try delivery("D"), batch)
    #expect(mail.next(limit: 100) == nil && letters(mail) == "D-D" && mail.lastRefusal != nil && mail.wasOffered)
  }

  @Test("a connection that ends at the third recipient is tried with two; if the third goes alone, two are the limit")
  func silentLimit() throws {
    var mail = MailTransactions(recipients: 4)
    var batch = try #require(mail.next(limit: 100))
    _ = mail.took(try delivery("----", ended: leaving, at: .furtherRecipient, culprit: 2, accepted: 2), batch)
    batch = try #require(mail.next(limit: 100))
    #expect(batch.recipients == [0, 1])
    _ = mail.took(try delivery("DD"), batch)
    batch = try #require(mail.next(limit: 100))
    #expect(batch.recipients == [2, 3])
    let lessons = mail.took(try delivery("DD"), batch)
    #expect(lessons.mostRecipients == 2)
    #expect(letters(mail) == "DDDD")
  }

  @Test("a recipient is not blamed for a server that says it gets too much; several such mails are the host's trouble")
  func slowDown() throws {
    var mail = MailTransactions(recipients: 2)
    let batch = try #require(mail.next(limit: 100))
    let fact = Trouble.Fact.reply(Reply(421, .init(4, 7, 0), "slow down"))
    let lessons = mail.took(try delivery("--", ended: fact, culprit: 0), batch)
    #expect(lessons.strikes == 0 && lessons.strikesHost != nil && mail.mayBeHost && letters(mail) == "t-")
    #expect(mail.next(limit: 100)?.recipients == [1])
  }

  @Test("a mail that ends two fresh connections is given up")
  func poisonedMail() throws {
    var mail = MailTransactions(recipients: 1)
    for attempt in 1...2 {
      let batch = try #require(mail.next(limit: 100), "\(attempt)")
      let lessons = mail.took(try delivery("-", ended: leaving, at: .data), batch)
      #expect((lessons.strikesHost != nil) == (attempt == 2), "the host is blamed for mails, not for connections")
    }
    #expect(mail.next(limit: 100) == nil && mail.lastRefusal != nil)
  }

  @Test("a message that may have been taken is not sent again")
  func doubt() throws {
    var mail = MailTransactions(recipients: 2)
    let batch = try #require(mail.next(limit: 100))
    _ = mail.took(try delivery("P-", ended: lost, at: .message, .worked, accepted: 1), batch)
    #expect(mail.next(limit: 100) == nil && letters(mail) == "Pt" && mail.lostAnswer)
  }

  @Test("one that was refused with 421 is")
  func refusedMessage() throws {
    var mail = MailTransactions(recipients: 1)
    let batch = try #require(mail.next(limit: 100))
    _ = mail.took(try delivery("-", ended: leaving, at: .message, .worked), batch)
    #expect(mail.next(limit: 100)?.needsFreshConnection == true)
  }

  @Test("a recipient for whom the server let us wait is not asked again at once")
  func tarpit() throws {
    var mail = MailTransactions(recipients: 2)
    let batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(try delivery("--", ended: .timedOut, culprit: 0), batch)
    #expect(lessons.strikes == 2)
    #expect(mail.next(limit: 100)?.recipients == [1])
  }

  @Test("what the host has against all mail is no fate of this one")
  func hostTrouble() throws {
    var mail = MailTransactions(recipients: 1)
    let batch = try #require(mail.next(limit: 100))
    let lessons = mail.took(try delivery("h"), batch)
    #expect(lessons.hostTrouble?.isThrottle == true && !lessons.hostWorked)
    #expect(mail.open == [0] && mail.isThrottled && mail.wasOffered)
  }

  @Test("a failure of the host's system is the mail's fate, and a strike against the host")
  func systemTrouble() throws {
    var mail = MailTransactions(recipients: 1)
    let batch = try #require(mail.next(limit: 100))
    let trouble = try #require(Trouble(.reply(Reply(451, .init(4, 3, 0), "x")), at: .mail))
    let lessons = mail.took(.init(outcomes: [.failed(trouble)], isReusable: true), batch)
    #expect(lessons.strikesHost != nil && !lessons.hostWorked && mail.mayBeHost && mail.open.isEmpty)
  }

  @Test("another host is asked about those that one gave up, once")
  func anotherHost() throws {
    var mail = MailTransactions(recipients: 1)
    for _ in 1...2 {
      let batch = try #require(mail.next(limit: 100))
      _ = mail.took(try delivery("-", ended: lost, culprit: 0), batch)
    }
    #expect(mail.next(limit: 100) == nil)
    mail.askAnotherHost()
    let batch = try #require(mail.next(limit: 100))
    _ = mail.took(try delivery("-", ended: lost, culprit: 0), batch)
    #expect(mail.next(limit: 100) == nil)
  }

  @Test("known suspects go last, each alone on a fresh connection")
  func suspects() throws {
    var mail = MailTransactions(recipients: 3, suspects: [0, 2])
    var batch = try #require(mail.next(limit: 100))
    #expect(batch == .init(recipients: [1], needsFreshConnection: false, isAlone: false))
    _ = mail.took(try delivery("D"), batch)
    batch = try #require(mail.next(limit: 100))
    #expect(batch == .init(recipients: [0], needsFreshConnection: true, isAlone: true))
    _ = mail.took(try delivery("-", ended: lost, culprit: 0), batch)
    #expect(mail.next(limit: 100) == .init(recipients: [2], needsFreshConnection: true, isAlone: true))
  }
}

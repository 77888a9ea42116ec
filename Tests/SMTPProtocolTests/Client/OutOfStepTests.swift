import MailMessage
import SMTPProtocol
import Testing

/// Replies that belong to no command: no mail bounces for them.
struct OutOfStepTests {
  private func session(pipelining: Bool) -> ClientSession {
    var session = ClientSession(hostname: "us.example")
    _ = hear("220 h\r\n", &session)
    _ = hear(pipelining ? "250-h\r\n250 PIPELINING\r\n" : "250 h\r\n", &session)
    let recipients = ["good@d", "bad@d"].map { EmailAddress($0) }
    let envelope = Envelope(sender: EmailAddress("a@b"), recipients: recipients)
    _ = session.deliver(.init(envelope: envelope, size: 1, isEightBit: false))
    return session
  }

  private func hear(_ text: String, _ session: inout ClientSession) -> [ClientSession.Action] {
    session.receive(Array(text.utf8))
  }

  /// Delivered, temporary or permanent, for each recipient; nil: it goes on.
  private func outcome(_ actions: [ClientSession.Action]) -> String? {
    for case .finished(let delivery) in actions {
      return delivery.outcomes.map { outcome in
        switch outcome {
        case .delivered: "D"
        case .failed(let trouble): trouble.isPermanent ? "P" : "T"
        }
      }.joined()
    }
    return nil
  }

  struct Case: Sendable, CustomTestStringConvertible {
    var pipelining = true
    /// What the server says at a time.
    let says: [String]
    let outcome: String
    let shows: String
    var testDescription: String { shows }
  }

  static let cases = [
    Case(says: ["250 a|550 stray|250 good", "550 bad", "354 go"], outcome: "TT", shows: "one before the first RCPT's"),
    Case(says: ["550 stray|250 a|250 good|550 bad", "354 go"], outcome: "TT", shows: "one before MAIL's"),
    Case(says: ["250 a|250 a|550 bad|250 good"], outcome: "TT", shows: "MAIL answered twice, the first one bad"),
    Case(
      says: ["250 a|250 a|250 good|550 bad", "354 go"], outcome: "TT",
      shows: "MAIL answered twice, the last one bad: that is not DATA's"),
    Case(says: ["250 a|250 good|250 b|354 go|550 stray"], outcome: "TT", shows: "one before the message was sent"),
    Case(pipelining: false, says: ["250 a|550 stray"], outcome: "TT", shows: "one before RCPT was sent"),
    Case(pipelining: false, says: ["250 a", "250 good|550 stray"], outcome: "TT", shows: "one before the second RCPT"),
    Case(pipelining: false, says: ["250 a", "250 good", "250 b|550 stray"], outcome: "TT", shows: "one before DATA"),
    Case(
      says: ["250 a|250 good|250 b|554 no", "250 reset"], outcome: "PP", shows: "DATA that is refused, in step"),
    Case(
      says: ["250 a|250 good|550 bad|554 no", "451 what"], outcome: "PP",
      shows: "the same by one that does not care for RSET"),
    Case(says: ["250 a|550 good|550 bad|503 nobody"], outcome: "PP", shows: "all refused, in step"),
  ]

  @Test(arguments: cases)
  func bouncesNothing(_ example: Case) {
    var session = session(pipelining: example.pipelining)
    var found: String?
    for says in example.says where found == nil {
      found = outcome(hear(says.split(separator: "|").map { "\($0)\r\n" }.joined(), &session))
    }
    #expect(found == example.outcome)
  }

  @Test("the connection is given up, and what is open goes over another one")
  func ends() {
    var session = session(pipelining: false)
    let actions = hear("250 a\r\n550 stray\r\n", &session)
    #expect(actions.last == .close)
    guard case .finished(let delivery)? = actions.first else { return #expect(Bool(false), "\(actions)") }
    #expect(delivery.end?.undecided == [0, 1] && delivery.end?.trouble.isOutOfStep == true)
    #expect(delivery.end?.trouble.description.contains("550 stray") == true)
  }
}

import MailMessage
import SMTPProtocol
import Testing

extension ClientSessionTests {
  private static let reset = "RSET"
  static let fates: [Fate] = [
    Fate(envelope: "250|250|250", data: "354", message: "250", outcome: "DD", next: "MAIL", shows: "all is well"),
    Fate(envelope: "250|550|250", data: "354", message: "250", outcome: "PD", next: "MAIL", shows: "one is refused"),
    Fate(envelope: "250|450|550", data: "503", outcome: "TP", next: reset, shows: "all are refused, then DATA too"),
    Fate(envelope: "550|503|503", data: "503", outcome: "PP", next: reset, shows: "MAIL is refused for good"),
    Fate(envelope: "451|503|503", data: "503", outcome: "TT", next: reset, shows: "MAIL is refused for now"),
    Fate(envelope: "451|250|250", data: "503", outcome: "TT", next: reset, shows: "RCPT behind it means nothing"),
    Fate(envelope: "530|503|503", data: "503", outcome: "TT", next: reset, shows: "the server wants credentials"),
    Fate(
      envelope: "250|450|550", data: "354", outcome: "TP", next: nil,
      shows: "DATA is taken for nobody: an empty message might be taken for a mail"),
    Fate(envelope: "550|250|250", data: "354", outcome: "PP", next: nil, shows: "the same behind a refused MAIL"),
    Fate(envelope: "250|450|550", data: "421", outcome: "TP", next: nil, shows: "421 to DATA changes no fate"),
    Fate(envelope: "250|250|250", data: "454", outcome: "TT", next: reset, shows: "DATA is refused"),
    Fate(envelope: "250|550|250", data: "451", outcome: "PT", next: reset, shows: "DATA is refused for now"),
    Fate(envelope: "250|250|250", data: "250", outcome: "TT", next: nil, shows: "DATA is misunderstood"),
    Fate(
      envelope: "250|250|250", data: "354", message: "554", outcome: "PP", next: reset, shows: "the message is refused"),
    Fate(
      envelope: "250|250|552", data: "354", message: "250", outcome: "DT", next: "MAIL", shows: "too many recipients"),
    Fate(
      envelope: "250|250|250", data: "354", message: "421", outcome: "TT", next: nil, shows: "421 instead of an answer"),
    Fate(envelope: "250|550|421", outcome: "PT", next: nil, shows: "421 keeps what was decided before"),
    Fate(envelope: "421", outcome: "TT", next: nil, shows: "421 to the first mail of a connection is no stale one"),
    Fate(envelope: "hello", outcome: "TT", next: nil, shows: "garbage"),
  ]

  @Test(
    "the replies in the envelope and behind the data are the fate of each recipient",
    arguments: fates)
  func fate(_ example: Fate) {
    var session = greeted()
    var actions = session.deliver(job(["c@d", "e@f"]))
    for reply in example.envelope.split(separator: "|") { actions = hear("\(reply) x\r\n", &session) }
    if !example.data.isEmpty {
      #expect(actions.isEmpty)
      actions = hear("\(example.data) x\r\n", &session)
    }
    if !example.message.isEmpty {
      #expect(actions == [.sendMessage])
      session.messageSent()
      actions = hear("\(example.message) x\r\n", &session)
    }
    #expect(outcome(actions) == example.outcome)
    #expect(actions.contains(.close) == (example.next == nil))
    guard let next = example.next, case .send(let bytes) = session.deliver(job()).first else {
      return #expect(example.next == nil)
    }
    #expect(String(decoding: bytes, as: UTF8.self).hasPrefix(next))
  }

  /// A connection that carried a mail before may be found dead, and the mail tried again at once: up to the point where
  /// the server has all of it.
  @Test(
    "a connection that carried a mail before may be found dead until the server has all of the next one",
    arguments: [
      ("", "T*"), ("250 ok\r\n", "T*"), ("250 ok\r\n250 ok\r\n", "T*"), ("250 ok\r\n250 ok\r\n354 go\r\n", "T"),
    ])
  func deadConnections(heard: String, expected: String) {
    var session = greeted()
    _ = session.deliver(job())
    _ = hear("250 ok\r\n250 ok\r\n354 go\r\n", &session)
    session.messageSent()
    #expect(outcome(hear("250 taken\r\n", &session)) == "D")
    _ = session.deliver(job())
    _ = hear(heard, &session)
    var sending = session
    session.messageSent()
    #expect(outcome(session.fail(.connectionLost)) == expected)
    // A message without its end is no mail.
    #expect(outcome(sending.fail(.connectionLost)) == "T*")
  }
}

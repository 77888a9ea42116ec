import MailMessage
import SMTPProtocol
import Testing

/// Dialogues of the client, written as: the server says, we do.
struct ClientSessionTests {
  static let everything = "250-h\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"

  func job(
    _ recipients: [String] = ["c@d"], sender: String = "a@b", size: Int = 10, isEightBit: Bool = false
  ) -> ClientSession.Job {
    let envelope = Envelope(sender: EmailAddress(sender), recipients: recipients.map { EmailAddress($0) })
    return ClientSession.Job(envelope: envelope, size: size, isEightBit: isEightBit)
  }

  /// A session that has greeted a server which announces `extensions`.
  func greeted(_ extensions: String = everything) -> ClientSession {
    var session = ClientSession(hostname: "us.example")
    _ = hear("220 h\r\n" + extensions, &session)
    #expect(session.isIdle)
    return session
  }

  func hear(_ text: String, _ session: inout ClientSession) -> [ClientSession.Action] {
    session.receive(Array(text.utf8))
  }

  func send(_ text: String) -> ClientSession.Action { .send(Array(text.utf8)) }

  /// The outcomes of the delivery that ended, as letters: delivered, temporary, permanent; `*` when only the connection
  /// failed, so that what is open may go over another one.
  func outcome(_ actions: [ClientSession.Action]) -> String? {
    for case .finished(let delivery) in actions {
      let letters = delivery.outcomes.map { outcome in
        switch outcome {
        case .delivered: "D"
        case .failed(let trouble): trouble.isPermanent ? "P" : "T"
        }
      }
      let isAboutConnection = delivery.end?.trouble.subject == .connection && delivery.end?.trouble.isInDoubt == false
      return letters.joined() + (isAboutConnection ? "*" : "")
    }
    return nil
  }

  @Test("a whole delivery with a server that knows everything: MAIL, RCPT and DATA in one go")
  func pipelined() {
    var session = ClientSession(hostname: "us.example")
    #expect(session.awaited == .greeting)
    #expect(hear("220 h\r\n", &session) == [send("EHLO us.example\r\n")])
    #expect(session.awaited == .hello)
    #expect(hear(Self.everything, &session) == [.ready])
    #expect(session.awaited == nil)
    let group = "MAIL FROM:<a@b> SIZE=10\r\nRCPT TO:<c@d>\r\nRCPT TO:<e@f>\r\nDATA\r\n"
    #expect(session.deliver(job(["c@d", "e@f"])) == [send(group)])
    #expect(hear("250 ok\r\n250 ok\r\n", &session) == [])
    #expect(session.awaited == .furtherRecipient)
    #expect(hear("250 ok\r\n", &session) == [])
    #expect(session.awaited == .data)
    #expect(hear("354 go\r\n", &session) == [.sendMessage])
    session.messageSent()
    #expect(session.awaited == .message)
    #expect(outcome(hear("250 2.0.0 taken\r\n", &session)) == "DD")
    #expect(session.quit() == [send("QUIT\r\n")])
    #expect(hear("221 bye\r\n", &session) == [.close])
  }

  @Test("FINDS S3: addresses that carriers gave out leave in quotes, as RFC 5321 has it")
  func strayDotsAreQuoted() {
    var session = greeted("250-h\r\n250 PIPELINING\r\n")
    let group =
      "MAIL FROM:<\".a\"@b>\r\nRCPT TO:<\"hoge.\"@docomo.example>\r\nRCPT TO:<\"try..this\"@e>\r\nDATA\r\n"
    #expect(session.deliver(job(["hoge.@docomo.example", "try..this@e"], sender: ".a@b")) == [send(group)])
  }

  @Test("without PIPELINING each command waits for the reply to the one before")
  func oneByOne() {
    var session = greeted("250 h\r\n")
    #expect(session.deliver(job(["c@d", "e@f"])) == [send("MAIL FROM:<a@b>\r\n")])
    #expect(hear("250 ok\r\n", &session) == [send("RCPT TO:<c@d>\r\n")])
    #expect(hear("250 ok\r\n", &session) == [send("RCPT TO:<e@f>\r\n")])
    #expect(hear("250 ok\r\n", &session) == [send("DATA\r\n")])
  }

  @Test(
    "there DATA is only said when somebody is to get the message",
    arguments: [("550", "450", "PT"), ("550", "550", "PP")])
  func oneByOneWithoutRecipients(first: String, second: String, expected: String) {
    var session = greeted("250 h\r\n")
    _ = session.deliver(job(["c@d", "e@f"]))
    _ = hear("250 ok\r\n", &session)
    _ = hear("\(first) no\r\n", &session)
    #expect(outcome(hear("\(second) no\r\n", &session)) == expected)
    #expect(session.deliver(job()) == [send("RSET\r\n")])
  }

  @Test("a server that does not know EHLO is greeted with HELO")
  func fallsBackToHELO() {
    var session = ClientSession(hostname: "us.example")
    _ = hear("220 h\r\n", &session)
    #expect(hear("502 what\r\n", &session) == [send("HELO us.example\r\n")])
    #expect(hear("250 h\r\n", &session) == [.ready])
    #expect(session.capabilities == ServerCapabilities())
  }

  struct Parameters: Sendable, CustomTestStringConvertible {
    let extensions: String
    var sender = "a@b"
    var isEightBit = false
    let line: String
    let shows: String
    var testDescription: String { shows }
  }

  static let parameters: [Parameters] = [
    Parameters(extensions: "250 h\r\n", line: "MAIL FROM:<a@b>\r\n", shows: "nothing that was not announced"),
    Parameters(
      extensions: "250 h\r\n", isEightBit: true, line: "MAIL FROM:<a@b>\r\n", shows: "8-bit text is sent as it is"),
    Parameters(
      extensions: "250-h\r\n250 8bitmime\r\n", isEightBit: true, line: "MAIL FROM:<a@b> BODY=8BITMIME\r\n",
      shows: "and named where it can be"),
    Parameters(extensions: "250-h\r\n250 8BITMIME\r\n", line: "MAIL FROM:<a@b>\r\n", shows: "7-bit text needs no word"),
    Parameters(
      extensions: "250-h\r\n250 SIZE\r\n", line: "MAIL FROM:<a@b> SIZE=10\r\n", shows: "SIZE without a limit"),
    Parameters(extensions: "250-h\r\n250 SIZE 0\r\n", line: "MAIL FROM:<a@b> SIZE=10\r\n", shows: "0 is no limit"),
    Parameters(
      extensions: "250-h\r\n250 SMTPUTF8\r\n", sender: "é@b", line: "MAIL FROM:<é@b> SMTPUTF8\r\n",
      shows: "an address in UTF-8"),
    Parameters(extensions: "250-h\r\n250 SMTPUTF8\r\n", sender: "", line: "MAIL FROM:<>\r\n", shows: "the null sender"),
  ]

  @Test(
    "MAIL has the parameters that the mail needs and the server offers",
    arguments: parameters)
  func mailLine(_ example: Parameters) {
    var session = greeted(example.extensions)
    #expect(session.deliver(job(sender: example.sender, isEightBit: example.isEightBit)) == [send(example.line)])
  }

  struct StatusRequest: Sendable, CustomTestStringConvertible {
    let extensions: String
    var returns: DeliveryStatusRequest.Returns?
    var id: String?
    var wish = DeliveryStatusRequest.Wish()
    /// What follows the addresses of MAIL and RCPT.
    var mail = ""
    var recipient = ""
    let shows: String
    var testDescription: String { shows }
  }
  @Test("what ended it is told with the recipient whose turn it was, and who is undecided")
  func culprits() {
    var session = greeted()
    _ = session.deliver(job(["c@d", "e@f", "g@h", "i@j"]))
    guard case .finished(let delivery)? = hear("250 ok\r\n250 ok\r\n550 no\r\n421 no\r\n", &session).first else {
      Issue.record("not finished")
      return
    }
    #expect(delivery.end?.culprit == 2 && delivery.end?.undecided == [0, 2, 3] && delivery.accepted == 1)
    #expect(delivery.end?.trouble.subject == .recipient)
  }

  @Test("one address that is not ASCII is no reason to keep the mail from the others")
  func utf8ByRecipient() {
    var session = greeted("250-h\r\n250 PIPELINING\r\n")
    #expect(session.deliver(job(["c@d", "é@f"])) == [send("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nDATA\r\n")])
    _ = hear("250 ok\r\n250 ok\r\n354 go\r\n", &session)
    session.messageSent()
    #expect(outcome(hear("250 taken\r\n", &session)) == "DP")
    #expect(outcome(session.deliver(job(["é@f"]))) == "P")
    #expect(outcome(session.deliver(job(["c@d"], sender: "é@b"))) == "P", "the sender is everybody's")
  }

  @Test("a question ends in RSET and sends nothing")
  func question() {
    var session = greeted("250-h\r\n250 PIPELINING\r\n")
    var job = job()
    job.isQuestion = true
    #expect(session.deliver(job) == [send("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\n")])
    #expect(outcome(hear("250 ok\r\n250 ok\r\n250 ok\r\n", &session)) == "D")
    job.envelope.recipients = []
    #expect(session.deliver(job).first == send("RSET\r\nMAIL FROM:<a@b>\r\nRSET\r\n"))
    guard case .finished(let delivery)? = hear("250 ok\r\n530 5.7.0 log in\r\n250 ok\r\n", &session).first else {
      Issue.record("not finished")
      return
    }
    #expect(delivery.refusal?.needsAdmin == true)
  }

  @Test("where the server let us wait, it is the connection as well, but nobody asks again at once")
  func timeoutsAreNotRepeated() {
    var session = greeted()
    _ = session.deliver(job())
    _ = hear("250 ok\r\n250 ok\r\n354 go\r\n", &session)
    session.messageSent()
    _ = hear("250 taken\r\n", &session)
    _ = session.deliver(job())
    guard case .finished(let delivery)? = session.fail(.timedOut).first else {
      Issue.record("not finished")
      return
    }
    #expect(delivery.end?.trouble.isRepeatable == false)
  }

  @Test("421 behind our back ends the connection, and the next mail finds it stale")
  func leavingServers() {
    var session = greeted()
    #expect(hear("421 idle\r\n", &session) == [.close])
    #expect(outcome(session.deliver(job())) == "T*")
  }

  @Test("a server that answers before it has the whole message must not get our next commands")
  func earlyAnswers() {
    var session = greeted()
    _ = session.deliver(job())
    _ = hear("250 ok\r\n250 ok\r\n354 go\r\n", &session)
    var other = session
    let refused = hear("552 too big\r\n", &session)
    #expect(outcome(refused) == "P" && refused.last == .close)
    let taken = hear("250 ok\r\n", &other)
    #expect(outcome(taken) == "T" && taken.last == .close)
  }

  @Test("what the server's announcements rule out is not tried, and the connection stays good")
  func obstacles() {
    var session = greeted("250-h\r\n250 SIZE 5\r\n")
    #expect(outcome(session.deliver(job())) == "P")
    #expect(outcome(session.deliver(job(["é@d"], size: 1))) == "P")
    #expect(outcome(session.deliver(job(["c@d>\r\nDATA"], size: 1))) == "P")
    #expect(session.isIdle)
  }

  @Test(
    "a server that does not want us is of no use, whatever it says; 5xx is no more final than 4xx (clause R7)",
    arguments: [
      "554 go away\r\n", "421 busy\r\n", "SSH-2.0\r\n", "220 h\r\n421 no\r\n", "220 h\r\n500 a\r\n500 b\r\n",
    ])
  func unusable(text: String) {
    var session = ClientSession(hostname: "us.example")
    let actions = text.split(separator: "\r\n").flatMap { hear($0 + "\r\n", &session) }
    guard case .unusable(let trouble) = actions.dropLast().last else {
      Issue.record("usable: \(actions)")
      return
    }
    #expect(!trouble.isPermanent && actions.last == .close)
  }

  @Test("replies mean the same when they come octet by octet")
  func cutEverywhere() {
    var session = ClientSession(hostname: "us.example")
    func trickle(_ text: String) -> [ClientSession.Action] { text.utf8.flatMap { session.receive([$0]) } }
    #expect(trickle("220 h\r\n" + Self.everything) == [send("EHLO us.example\r\n"), .ready])
    _ = session.deliver(job())
    #expect(trickle("250-a\r\n250 b\r\n250 ok\r\n354 go\r\n") == [.sendMessage])
  }
}

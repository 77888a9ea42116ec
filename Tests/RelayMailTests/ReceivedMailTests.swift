import DedupCore
import MailMessage
import MailTestKit
import RelayMail
import Testing

/// What came is known again from what was forwarded.
@Suite("Received mail") struct ReceivedMailTests {
  static let envelope = Envelope(sender: EmailAddress("root@shop"), recipients: [EmailAddress("a@example.org")])
  static let mail = "From: root@shop\r\nSubject: =?utf-8?q?=5BDjango=5D?=\r\n ERROR\r\n\r\nbody \u{FC}\r\n"

  static func forwarded(_ reason: ForwardReason, held: Int, _ form: SubjectForm = .count) -> [UInt8] {
    let occurrence = Occurrence(
      site: Site(settingsModule: "shop", subjectPrefix: nil, envelope: envelope), fingerprint: "1:3f2a",
      variant: "v", title: "E", place: "p")
    let submission = Submission(
      id: QueueID(at: noon, salt: 1), receivedAt: noon, envelope: envelope, received: { Array("Received: x\r\n".utf8) },
      message: Message(Array(mail.utf8)), judge: { .report(occurrence) })
    let history = RunningCount.History(episodes: 2, total: 9, firstSeen: noon, quiet: .seconds(90_000))
    let verdict = Verdict.forward(reason, RunningCount(heldBack: held, total: 9, since: noon, history: history))
    let thread = MailThread(root: MailThread.root(fingerprint: "1:3f2a", at: noon), first: "1@shop")
    let context = ForwardedMail.Context(thread: thread, subject: form)
    return ForwardedMail.render(submission, verdict, of: occurrence, context).applied(to: submission.message).head
  }

  @Test(
    "whatever the relay added is gone",
    arguments: [
      ForwardReason.first, .windowElapsed, .again, .regression, .stillGoing, .newVariant, .silenceEnded, .rule("x"),
    ], SubjectForm.allCases)
  func undone(_ reason: ForwardReason, _ form: SubjectForm) {
    for held in [0, 4] {
      let received = ReceivedMail(Self.forwarded(reason, held: held, form))
      let text = String(decoding: received.message, as: UTF8.self)
      #expect(received.passage == .forwarded(heldBack: held))
      #expect(text.hasPrefix("Received: x\r\nFrom: root@shop\r\nSubject:"))
      #expect(HeaderEdit.text(of: "subject", in: received.message) == "[Django] ERROR")
      #expect(text.hasSuffix("\r\n\r\nbody \u{FC}\r\n") && !text.contains("MailDedup") && !text.contains("References"))
    }
  }

  @Test("mail that no MailDedup touched stays as it is, whatever it looks like")
  func untouched() {
    for text in [Self.mail, "", "no header", "Subject: [+3 today] offers\nIn-Reply-To: <a@b>\n\nx"] {
      let received = ReceivedMail(Array(text.utf8))
      #expect(received.message == Array(text.utf8) && received.passage == .untouched)
    }
  }

  @Test("a copy that was sent once more is none that came")
  func copy() {
    let error = NamedError(row: 1, fingerprint: "4:0123456789abcdef", site: "[Django]", title: "KeyError")
    let time = Timestamp(seconds: 1_795_356_185)
    let copy = CopiedMail.render(Array(Self.mail.utf8), of: error, id: QueueID(rawValue: 7), arrivedAt: time)
    let received = ReceivedMail(copy)
    #expect(received.passage == .copy && received.message == Array(Self.mail.utf8))
  }

  @Test("our own mails are known")
  func own() {
    for field in ["List-Id: <errors.maildedup.relay.example>", "X-MailDedup-Queue-ID: 7"] {
      #expect(ReceivedMail(Array("\(field)\r\n\r\nx".utf8)).passage == .ownMail)
    }
    #expect(ReceivedMail(Array("List-Id: <dev.example.org>\r\n\r\nx".utf8)).passage == .untouched)
  }
}

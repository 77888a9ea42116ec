import DedupCore
import MailMessage
import MailTestKit
import RelayMail
import Testing

@Suite("Mails about errors that are held back")
struct NoticeTests {
  static let letterhead = Letterhead(hostname: "relay.example.org") { _ in 60 }
  static let thread = MailThread(
    root: "v13f2a.1795356185000@error.maildedup", first: "20261122.1@shop",
    subject: "[Django] ERROR: Server Error: /cart")

  static func record(mails: Int, episode number: Int = 1) -> WindowRecord {
    WindowRecord(
      firstSeen: noon.advanced(by: .seconds(-90 * 86_400)), lastSeen: noon, windowStart: noon, held: mails - 1,
      total: 5000, suppressed: 4000,
      episode: Episode(
        number: number, start: noon.advanced(by: .seconds(-750)), mails: mails, told: 1,
        beginning: number > 1 ? .again : .new, quietBefore: number > 1 ? .seconds(3 * 86_400) : nil))
  }

  static func notice(
    _ kind: ErrorNotice.Kind, _ record: WindowRecord, _ spread: VariantSpread = VariantSpread(texts: 3, places: 2)
  ) -> ErrorNotice {
    ErrorNotice(
      kind: kind, fingerprint: "2:3f2a9c51000000000000000000000000",
      title: "OperationalError: FATAL: sorry, too many clients already",
      place: "shop/db.py in connect", site: "shop.settings", record: record, thread: thread, variants: 4,
      spread: spread, otherSites: 2)
  }

  @Test(
    "variants are counted, and what differs between them is said",
    arguments: [
      (VariantSpread(), "4"), (VariantSpread(texts: 1, places: 1), "4"),
      (VariantSpread(texts: 3, places: 2), "4: 3 texts, 2 places"),
      (VariantSpread(texts: 1, places: 2), "4: 2 places"),
    ])
  func variants(_ spread: VariantSpread, _ words: String) {
    let mail = Self.message(Self.notice(.milestone(1000), Self.record(mails: 1000), spread))
    #expect(mail.contains("\nvariants    \(words)\n"))
  }

  static func message(_ notice: ErrorNotice, _ form: SubjectForm = .count, at now: Timestamp = noon) -> String {
    let bytes = notice.message(
      from: EmailAddress("root@shop"), to: [EmailAddress("a@example.org"), EmailAddress("b@example.org")],
      id: QueueID(at: noon, salt: 9), at: now, form, letterhead)
    return bytes.text
  }

  @Test("a milestone says how many, how fast, since when, where")
  func milestone() {
    expectGolden("notice-milestone.eml", Self.message(Self.notice(.milestone(1000), Self.record(mails: 1000))))
  }

  @Test("from the second episode on it also says what was before")
  func laterEpisode() {
    expectGolden(
      "notice-milestone-again.eml", Self.message(Self.notice(.milestone(10), Self.record(mails: 10, episode: 4))))
  }

  @Test("an all-clear says what it was and what comes when it is back")
  func allClear() {
    let notice = Self.notice(.allClear, Self.record(mails: 1))
    expectGolden("notice-all-clear.eml", Self.message(notice, at: noon.advanced(by: .seconds(86_400))))
  }

  @Test("where threads want one Subject, notices have the one of the first mail")
  func replyForm() {
    let mail = Self.message(Self.notice(.milestone(1000), Self.record(mails: 1000)), .reply)
    #expect(mail.contains("\nSubject: Re: [Django] ERROR: Server Error: /cart\n"))
  }

  @Test("what mail says cannot break out of a notice")
  func hostile() {
    var notice = Self.notice(.milestone(10), Self.record(mails: 10))
    notice.title = "a\r\nBcc: x@example.org\r\n\r\n\u{1B}[2Jboo " + String(repeating: "ä", count: 4000)
    notice.site = "s\r\nX: y"
    notice.thread.subject = "s\r\nBcc: y@example.org"
    notice.thread.first = "a>\r\nBcc: z@example.org\r\nX: <b"
    let mail = Self.message(notice)
    #expect(!mail.split(separator: "\n").contains { $0.hasPrefix("Bcc:") || $0.hasPrefix("X:") })
    #expect(!mail.contains("\u{1B}") && mail.utf8.count < 8000)
  }

  @Test("a digest names each error, what is new of it, and how many more there are")
  func digest() {
    var news = Self.record(mails: 1)
    news.episode.told = 0
    var back = Self.record(mails: 4, episode: 2)
    back.episode.beginning = .regression
    let items = [news, Self.record(mails: 40, episode: 2), back, Self.record(mails: 3)].enumerated().map {
      index, record in
      StormDigest.Item(
        errorID: "3f2a9c5\(index)", title: "Error\(index): it broke", place: "shop/views.py in view_\(index)",
        subject: "[Django] ERROR: /page/\(index)", record: record)
    }
    let bytes = StormDigest(site: "shop.settings", items: items, left: 17).message(
      from: EmailAddress("root@shop"), to: [EmailAddress("a@example.org")], id: QueueID(at: noon, salt: 9), at: noon,
      Self.letterhead)
    expectGolden("notice-digest.eml", bytes.text)
  }
}

@Suite
struct MailThreadTests {
  @Test(
    "only a Message-ID that can stand in a field is referred to",
    arguments: Self.messageIDs)
  func messageID(field: String, expected: String?) {
    #expect(MailThread.messageID(of: Array("Message-ID:\(field)\r\n\r\n".utf8)) == expected)
  }

  static let messageIDs: [(String, String?)] = [
    ("<20261122.1@shop>", "20261122.1@shop"), (" <a@b> (comment)", "a@b"), ("a@b", nil), ("<a b@c>", nil), ("<>", nil),
    ("<a\u{E9}@b>", nil), ("<a<b@c>", nil), ("<" + String(repeating: "x", count: 201) + ">", nil),
  ]

  @Test("the root is the same for the same error, and a Message-ID whatever the error is called")
  func root() {
    let root = MailThread.root(fingerprint: "v1:3f2a>\r\n", at: noon)
    #expect(root == "v13f2a.1795356185000@error.maildedup")
    #expect(root != MailThread.root(fingerprint: "v1:3f2a", at: noon.advanced(by: .seconds(1))))
  }

  struct Case: CustomTestStringConvertible {
    var shows: String
    var thread: MailThread
    var header: String
    var expected: String?
    var testDescription: String { shows }
  }

  static let fresh = MailThread(root: "r@x")
  static let known = MailThread(root: "r@x", first: "f@shop")

  @Test(
    "a mail that is forwarded refers to the thread of its error unless it has one of its own",
    arguments: [
      Case(
        shows: "the first mail hangs on the root", thread: fresh, header: "",
        expected: "In-Reply-To: <r@x>\r\nReferences: <r@x>\r\n"),
      Case(
        shows: "a later one on the first", thread: known, header: "",
        expected: "In-Reply-To: <f@shop>\r\nReferences: <r@x> <f@shop>\r\n"),
      Case(shows: "an answer stays in its own thread", thread: known, header: "References: <o@y>\r\n", expected: nil),
      Case(shows: "signed mail is left alone", thread: known, header: "DKIM-Signature: v=1\r\n", expected: nil),
    ])
  func forwarded(_ test: Case) {
    let mail = Array((test.header + "Subject: s\r\n\r\nbody\r\n").utf8)
    let submission = Submission(
      id: QueueID(at: noon, salt: 1), receivedAt: noon,
      envelope: Envelope(sender: EmailAddress("root@shop"), recipients: [EmailAddress("a@example.org")]),
      received: { [] },
      message: Message(mail), judge: { .doubt(DoubtfulReport(reason: "x")) })
    let count = RunningCount(heldBack: 0, total: 1, since: noon)
    let top = ForwardedMail.render(submission, .forward(.first, count), .init(thread: test.thread)).top.text
    #expect(top.contains("References:") == (test.expected != nil))
    if let expected = test.expected { #expect(top.hasSuffix(expected.replacing("\r\n", with: "\n"))) }
  }

  struct SubjectCase: CustomTestStringConvertible {
    var reason: ForwardReason
    var held: Int
    var form: SubjectForm
    var subject: String
    var testDescription: String { "\(reason.text), \(held) held back, \(form.rawValue)" }
  }

  static let occurrence = Occurrence(
    site: Site(settingsModule: "shop", subjectPrefix: nil, envelope: Envelope(sender: .null, recipients: [])),
    fingerprint: "1:3f2a9c51d0e4b677", variant: "v", title: "E", place: "p")

  static let history = RunningCount.History(
    episodes: 2, total: 500, firstSeen: noon.advanced(by: .seconds(-864_000)), quiet: .seconds(3 * 86_400))

  @Test(
    "the Subject says what is news of a later mail",
    arguments: [
      SubjectCase(reason: .first, held: 0, form: .count, subject: "Subject: s"),
      SubjectCase(reason: .first, held: 3, form: .reply, subject: "Subject: Re:\n s"),
      SubjectCase(
        reason: .windowElapsed, held: 9, form: .count, subject: "Subject: [12x 3f2a9c51]\n s"),
      SubjectCase(reason: .windowElapsed, held: 0, form: .count, subject: "Subject: [12x 3f2a9c51]\n s"),
      SubjectCase(reason: .windowElapsed, held: 9, form: .unchanged, subject: "Subject: s"),
      SubjectCase(reason: .again, held: 0, form: .count, subject: "Subject: [again 12x 3f2a9c51]\n s"),
      SubjectCase(reason: .again, held: 0, form: .reply, subject: "Subject: Re:\n s"),
      SubjectCase(reason: .regression, held: 0, form: .count, subject: "Subject: [back 12x 3f2a9c51]\n s"),
      SubjectCase(
        reason: .stillGoing, held: 1, form: .count,
        subject: "Subject: [still 12x 3f2a9c51]\n s"),
      SubjectCase(
        reason: .newVariant, held: 2, form: .count,
        subject: "Subject: [also 12x 3f2a9c51]\n s"),
      SubjectCase(
        reason: .silenceEnded, held: 7, form: .count,
        subject: "Subject: [12x 3f2a9c51]\n s"),
      SubjectCase(reason: .passingSite, held: 0, form: .count, subject: "Subject: s"),
    ])
  func subjects(_ test: SubjectCase) {
    let submission = Submission(
      id: QueueID(at: noon, salt: 1), receivedAt: noon,
      envelope: Envelope(sender: EmailAddress("root@shop"), recipients: [EmailAddress("a@example.org")]),
      received: { [] },
      message: Message(Array("Subject: s\r\n\r\nbody\r\n".utf8)), judge: { .report(Self.occurrence) })
    let count = RunningCount(
      heldBack: test.held, total: 12, since: noon, history: test.reason == .again ? Self.history : nil)
    let rendering = ForwardedMail.render(
      submission, .forward(test.reason, count), of: Self.occurrence, .init(subject: test.form))
    #expect(rendering.applied(to: submission.message).head.text.contains(test.subject + "\n\nbody\n"))
    #expect(rendering.top.text.contains("X-MailDedup-Count: 12\n"))
    #expect(
      rendering.top.text.contains("X-MailDedup-History: episode 2, quiet for 3 d before, 500 in all")
        == (test.reason == .again))
  }
}

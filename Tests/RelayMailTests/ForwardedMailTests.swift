import DedupCore
import MailMessage
import MailTestKit
import RelayMail
import Testing

@Suite struct ForwardedMailTests {
  static let received = "Received: from x\r\n\tby y;\r\n\tSun, 22 Nov 2026 14:03:05 +0000\r\n"
  static let mail = "From: root@shop\r\nSubject: [Django] ERROR\r\nX-MailDedup-Count: 7\r\n\r\nbody \u{FC}\n\rodd\r\n"

  static func render(
    _ verdict: Verdict, site: String = "shop.settings", judged: Judged? = nil,
    variants: VariantSpread = VariantSpread()
  ) -> String {
    let envelope = Envelope(sender: EmailAddress("root@shop"), recipients: [EmailAddress("a@example.org")])
    let occurrence = Occurrence(
      site: Site(settingsModule: site, subjectPrefix: nil, envelope: envelope), fingerprint: "1:3f2a9c51d0e4b677",
      variant: "v", title: "OperationalError: too many clients", place: "shop/db.py in connect")
    let submission = Submission(
      id: QueueID(at: noon, salt: 1), receivedAt: noon, envelope: envelope, received: { Array(received.utf8) },
      message: Message(Array(mail.utf8)), judge: { .report(occurrence) })
    let rendering = ForwardedMail.render(
      submission, verdict, of: (judged ?? .report(occurrence)).occurrence, ForwardedMail.Context(variants: variants))
    return String(decoding: rendering.applied(to: submission.message).head, as: UTF8.self)
  }

  static func count(held: Int, total: Int) -> RunningCount {
    RunningCount(heldBack: held, total: total, since: noon.advanced(by: .seconds(-3600)))
  }

  @Test("ordinary mail gets Received and nothing else")
  func ordinaryMailGetsReceivedAndNothingElse() {
    #expect(
      Self.render(.forward(.pass("no-traceback"), nil), judged: .pass(reason: "no-traceback")) == Self.received
        + Self.mail)
  }

  @Test("a doubt is named in the header")
  func doubtIsNamed() {
    let mail = Self.render(.forward(.doubt("too-deep"), nil), judged: .doubt(DoubtfulReport(reason: "too-deep")))
    #expect(mail == Self.received + "X-MailDedup-Reason: doubt/too-deep\r\n" + Self.mail)
  }

  @Test("the first mail of an error keeps Subject and body")
  func firstMailKeepsSubjectAndBody() {
    let expected =
      Self.received + """
        X-MailDedup-Fingerprint: 1:3f2a9c51d0e4b677\r
        X-MailDedup-Site: shop.settings\r
        X-MailDedup-Reason: first\r
        X-MailDedup-Next: dedupctl show 3f2a9c51; dedupctl silence add 3f2a9c51;\r
         dedupctl resolve 3f2a9c51\r
        X-MailDedup-Count: 1\r
        X-MailDedup-Held-Back: 0\r
        X-MailDedup-Since: Sun, 22 Nov 2026 13:03:05 +0000\r

        """ + Self.mail
    #expect(Self.render(.forward(.first, Self.count(held: 0, total: 1))) == expected)
  }

  @Test("mails that were held back are counted in the Subject")
  func heldBackMailsAreCountedInTheSubject() {
    let mail = Self.render(.forward(.windowElapsed, Self.count(held: 99, total: 101)))
    #expect(mail.contains("X-MailDedup-Reason: window-elapsed\r\n"))
    #expect(mail.contains("\r\nX-MailDedup-Count: 101\r\nX-MailDedup-Held-Back: 99\r\n"))
    let subject = "\r\nSubject: [101x 3f2a9c51]\r\n [Django] ERROR\r\n"
    #expect(mail.hasSuffix("From: root@shop" + subject + "X-MailDedup-Count: 7\r\n\r\nbody \u{FC}\n\rodd\r\n"))
  }

  @Test(
    "a later mail says in its header how many texts and places it stands for",
    arguments: [
      (VariantSpread(texts: 3, places: 2), "3 texts, 2 places"), (VariantSpread(texts: 3, places: 1), "3 texts"),
      (VariantSpread(texts: 1, places: 1200), "1,200 places"),
    ])
  func variants(_ spread: VariantSpread, _ words: String) {
    let mail = Self.render(.forward(.windowElapsed, Self.count(held: 99, total: 101)), variants: spread)
    #expect(mail.contains("+0000\r\nX-MailDedup-Variants: \(words)\r\n"))
  }

  @Test("nothing is said where all mails have one text and one place")
  func oneVariant() {
    let count = Self.count(held: 99, total: 101)
    let mail = Self.render(.forward(.windowElapsed, count), variants: VariantSpread(texts: 1, places: 1))
    #expect(mail == Self.render(.forward(.windowElapsed, count)))
  }

  @Test("the name of a site cannot forge a field")
  func siteNamesCannotForgeFields() {
    let mail = Self.render(.forward(.first, Self.count(held: 0, total: 1)), site: "a\r\nBcc: x\r\n\r\nbody")
    #expect(mail.contains("X-MailDedup-Site: a Bcc: x body\r\n"))
    let other = Self.render(.forward(.first, Self.count(held: 0, total: 1)), site: "caf\u{E9}")
    #expect(other.contains("X-MailDedup-Site: =?utf-8?q?caf=C3=A9?=\r\n"))
  }

  @Test("the topmost fields are ours, whatever the mail brings")
  func topmostFieldsAreOurs() {
    let mail = Self.render(.forward(.first, Self.count(held: 0, total: 1)))
    let counts = mail.split(separator: "\r\n").filter { $0.hasPrefix("X-MailDedup-Count") }
    #expect(counts == ["X-MailDedup-Count: 1", "X-MailDedup-Count: 7"])
  }
}

@Suite struct RuleMailTests {
  @Test("a variant is marked as one")
  func aVariantIsMarkedAsOne() {
    let mail = ForwardedMailTests.render(.forward(.newVariant, ForwardedMailTests.count(held: 0, total: 2)))
    #expect(mail.contains("\r\nX-MailDedup-Variant: v\r\nX-MailDedup-Reason: new-variant\r\n"))
  }

  @Test("a rule that passes a mail is named")
  func aRuleThatPassesIsNamed() {
    let mail = ForwardedMailTests.render(.forward(.rule("noise"), ForwardedMailTests.count(held: 0, total: 2)))
    #expect(mail.contains("\r\nX-MailDedup-Reason: rule/noise\r\n"))
    #expect(!mail.contains("X-MailDedup-Variant"))
    #expect(mail.hasSuffix(ForwardedMailTests.mail))
  }
}

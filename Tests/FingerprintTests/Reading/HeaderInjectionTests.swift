import Fingerprint
import Testing

/// Python folds an ASCII Subject at a vertical tab and puts no blank in front, so a visitor's path begins lines of the
/// header. It refuses `Name:` there, but not `Name :`.
@Suite struct HeaderInjectionTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    /// What the visitor's path leaves in the header behind `/cart/`.
    let line: String

    init(_ shows: String, _ line: String) { (testDescription, self.line) = (shows, line) }
  }

  static let cases: [Case] = [
    Case("a Subject of another site", "Subject : [Evil] ERROR (EXTERNAL IP): x"),
    Case("a Subject that ends the message earlier", "Subject : [Shop] ERROR (EXTERNAL IP): Internal Server Error: /"),
    Case("a mailing list", "List-Id : <x>"),
    Case("an answer", "In-Reply-To : <x@y>"),
    Case("our own mail", "X-MailDedup-Reason : x"),
    Case("a bounce", "From : MAILER-DAEMON@evil.example"),
    Case("cron's environment", "X-Cron-Env : <DJANGO_SETTINGS_MODULE=evil>"),
    Case("a line that is no field", "evil"),
    Case("a Subject as another relay may let it through", "Subject: [Evil] ERROR (EXTERNAL IP): x"),
  ]

  @Test("a path that puts a line into the header makes a doubt of the site:", arguments: cases)
  func doubt(_ hostile: Case) throws {
    var mail = SampleMail()
    #expect(SampleMail.outcome(mail.bytes) == "report")
    mail.subject += "\r\n" + hostile.line
    guard case .doubt(let doubt) = ReportReader().judge(mail.bytes) else {
      Issue.record("\(SampleMail.outcome(mail.bytes))")
      return
    }
    #expect(doubt.reason == .ambiguousReport)
  }

  /// What Python's `SMTPHandler` sends, with the format that it has by default.
  private static func record(_ message: String) -> [UInt8] {
    var mail = SampleMail()
    mail.value = message
    let text = "Subject: ERROR in a worker\nFrom: worker@shop.example.org\nTo: admin@example.org\n\n"
    return Array("\(text)Cannot sell \(message)\n\(mail.traceback)".replacing("\n", with: "\r\n").utf8)
  }

  @Test(
    "what a visitor makes a worker log leaves the record a record or a doubt",
    arguments: ["x\n\n", "Hi\n\nx", "Hello,\n\nCan you help?\n\nThanks\nKim"])
  func records(_ words: String) {
    #expect(SampleMail.outcome(Self.record("17 sofas")) == "report")
    #expect(["report", "text-behind-traceback", "ambiguous-report"].contains(SampleMail.outcome(Self.record(words))))
  }

  @Test(
    "a record without a traceback that holds an empty line is a doubt where a log handler sent it, else ordinary mail")
  func openRecord() {
    func outcome(_ headers: String) -> String {
      let text = "Subject: ERROR in a worker\nFrom: worker@shop.example.org\n\(headers)\n"
      let body = "[2026-11-30 09:57:15,602] ERROR in shop: Cannot sell x\n\ny\n"
      return SampleMail.outcome(Array((text + body).replacing("\n", with: "\r\n").utf8))
    }
    #expect(outcome("") == "text-behind-traceback")
    #expect(outcome("Message-ID: <CAF4x=1@mail.example.org>\n") == "no-report-structure")
  }

  @Test("a site that leaves the level out of its Subjects gets no prefix from a path")
  func prefix() throws {
    var mail = SampleMail()
    mail.subject = "Shop: Internal Server Error: /cart/ERROR: x"
    (mail.message, mail.path) = ("Internal Server Error: /cart/ERROR: x", "/cart/ERROR: x")
    let report = SampleMail.report(mail.bytes)
    #expect(report == nil || report?.subjectPrefix == nil)
  }

  @Test("the context of a variable that a template misses is no part of the error's name")
  func context() {
    func mail(_ word: String) -> SampleMail {
      var mail = SampleMail()
      mail.type = "VariableDoesNotExist"
      mail.value = "Failed lookup for key [missing] in [{'True': True}, {'q': '\(word)'}]"
      mail.frames[2] = .init("/usr/lib/python3/dist-packages/django/template/base.py", "resolve", "x()")
      return mail
    }
    #expect(mail("alpha").fingerprint != nil && mail("alpha").fingerprint == mail("beta").fingerprint)
  }
}

import Fingerprint
import MailMessage
import Testing

/// Notices that a site sends to its admins: reports only where the admin asked for their kind.
@Suite struct NoticeTests {
  private static let brokenLink =
    "Referrer: http://x.example/\nRequested URL: /old/17/\nUser agent: curl\nIP address:  192.0.2.7\n"

  private static func mail(
    _ subject: String, _ body: String, from: String = "root@localhost", headers: String = ""
  ) -> [UInt8] {
    Array("Subject: \(subject)\nFrom: \(from)\n\(headers)\n\(body)".replacing("\n", with: "\r\n").utf8)
  }

  struct Case: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let subject: String
    var body = "x"
    var from = "root@localhost"
    var headers = ""
    let kind: NoticeKind?

    init(
      _ shows: String, _ subject: String, body: String = "x", from: String = "root@localhost", headers: String = "",
      _ kind: NoticeKind?
    ) {
      (testDescription, self.subject, self.body, self.from) = (shows, subject, body, from)
      (self.headers, self.kind) = (headers, kind)
    }
  }

  static let cases: [Case] = [
    Case("Django's mail of a broken link", "[Shop] Broken link on shop.example", body: brokenLink, .brokenLinks),
    Case("a link of the site's own", "[Shop] Broken INTERNAL link on shop.example", body: brokenLink, .brokenLinks),
    Case("words about a broken link", "[Shop] Broken link on our page, can you look?", nil),
    Case("an outage of a service", "[Shop] ERROR: Payments: Service Unavailable", .serviceUnavailable),
    Case("logins that failed", "[Shop] 12 failed login attempts for admin", .failedLogins),
    Case("a client that was throttled", "[Shop] Rate limit exceeded for 192.0.2.7", .rateLimits),
    Case("a mail to the user himself", "Failed login to your account", nil),
    Case(
      "a mail to a customer", "[Shop] Failed login attempt", body: "Dear Kim,\nsomebody tried your password.\n", nil),
    Case("a mail to a customer, by its Subject", "[Shop] Failed login attempt on your account", nil),
    Case("a mail that speaks to somebody", "[Shop] Account locked", body: "Was it you? Code 771234\n", nil),
    Case(
      "a mail of a person", "[Shop] Rate limit question", from: "Kim <kim@example.org>",
      headers: "Message-ID: <CAF@mail.gmail.com>\n", nil),
    Case("an answer", "[Shop] Rate limit exceeded", headers: "In-Reply-To: <x@y>\n", nil),
    Case("any other mail of the site", "[Shop] Order 17 has come", nil),
  ]

  @Test("a notice is a report of its kind, and of no other", arguments: cases)
  func kinds(_ notice: Case) {
    let bytes = Self.mail(notice.subject, notice.body, from: notice.from, headers: notice.headers)
    for kind in NoticeKind.allCases {
      let isReport = if case .report = ReportReader(notices: [kind]).judge(bytes) { true } else { false }
      #expect(isReport == (kind == notice.kind), "\(kind)")
    }
    #expect(SampleMail.report(bytes) == nil, "unless the admin asks for it, it is ordinary mail")
  }

  @Test("what a visitor asked for and numbers in the Subject make no other notice")
  func names() {
    let reader = ReportReader(notices: Set(NoticeKind.allCases))
    func name(_ subject: String, _ body: String? = nil) -> String? {
      guard case .report(let report) = reader.judge(Self.mail(subject, body ?? Self.brokenLink)) else { return nil }
      return report.fingerprint.text
    }
    let link = name("[Shop] Broken link on shop.example")
    #expect(link != nil && link == name("[Shop] Broken link on shop.example", "Referrer: x\nRequested URL: /evil\n"))
    #expect(link != name("[Shop] Broken link on blog.example"))
    #expect(name("[Shop] 12 failed login attempts") == name("[Shop] 90 failed login attempts"))
  }

  @Test("two sites that share a sender have notices of their own", arguments: ["", "ERROR: "])
  func sites(level: String) {
    func prefix(_ site: String) -> String? {
      let bytes = Self.mail("[\(site)] \(level)Failed login for bob", "x")
      guard case .report(let report) = ReportReader(notices: [.failedLogins]).judge(bytes) else { return nil }
      #expect(report.title == "Failed login for bob")
      return report.subjectPrefix
    }
    #expect(prefix("Shop") == "[Shop]" && prefix("Blog") == "[Blog]")
  }

  @Test("a report stays what it is")
  func reports() {
    var mail = SampleMail()
    mail.subject = "[Shop] ERROR (EXTERNAL IP): Service Unavailable: /cart/"
    mail.message = "Service Unavailable: /cart/"
    let plain = SampleMail.fingerprint(mail.bytes)
    guard case .report(let report) = ReportReader(notices: Set(NoticeKind.allCases)).judge(mail.bytes) else {
      Issue.record("no report")
      return
    }
    #expect(report.fingerprint.text == plain)
  }

  @Test("a sender that the admin names writes reports, whatever stands around its tracebacks; an answer is still none")
  func senders() throws {
    let reader = ReportReader(senders: [try Glob("WORKER@*.example.org", ignoresCase: true)])
    func outcome(_ from: String, headers: String = "") -> String {
      let header = "Subject: nightly job\nFrom: Kim <\(from)>\nMessage-ID: <CAF4x=1@mail.example.org>\n\(headers)\n"
      let body = "Hello,\n\nthe job failed again:\n\n\(SampleMail().traceback)\nThanks\n"
      switch reader.judge(Array((header + body).replacing("\n", with: "\r\n").utf8)) {
      case .report: return "report"
      case .pass(let reason): return reason.rawValue
      case .doubt(let doubt): return doubt.reason.rawValue
      }
    }
    #expect(outcome("worker@a.example.org") == "report")
    #expect(outcome("kim@a.example.org") == "quoted-traceback")
    #expect(outcome("worker@a.example.org", headers: "In-Reply-To: <x@y>\n") == "human-reply")
  }
}

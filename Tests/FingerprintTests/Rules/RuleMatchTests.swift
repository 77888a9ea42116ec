import Fingerprint
import MailMessage
import Testing

/// Rules against whole mails: which reports they are for, and what they make of their fingerprints.
@Suite struct RuleMatchTests {
  struct Case: CustomTestStringConvertible, Sendable {
    var shows: String
    var field: RuleField
    var pattern: String
    var matches: Bool

    init(_ shows: String, _ field: RuleField, _ pattern: String, _ matches: Bool = true) {
      (self.shows, self.field, self.pattern, self.matches) = (shows, field, pattern, matches)
    }

    var testDescription: String { shows }
  }

  @Test(
    "a pattern matches the field that it is for",
    arguments: [
      Case("the type", .type, "KeyError"),
      Case("another type", .type, "TypeError", false),
      Case("the text", .text, "'price'"),
      Case("a word of the text", .text, "*price*"),
      Case("the file of the frame that decides", .module, "orders/pricing.py"),
      Case("the same with dots", .module, "orders.pricing"),
      Case("a folder", .module, "orders/*"),
      Case("a file further out", .module, "orders/views.py", false),
      Case("a library's file", .module, "django/*", false),
      Case("the function", .function, "total"),
      Case("a function further out", .function, "cart", false),
      Case("the view", .view, "orders.views.*"),
      Case("the path", .path, "/cart/"),
      Case("the path without its end", .path, "/cart", false),
      Case("the host", .host, "shop.example.org"),
      Case("the host in capitals", .host, "*.EXAMPLE.org"),
      Case("the settings module", .settingsModule, "shop.*"),
      Case("the Subject whatever its capitals", .subject, "[[]shop] error*"),
      Case("a template that is not there, by any pattern", .template, "*", false),
    ])
  func matches(_ test: Case) throws {
    let found = try #require(report(of: RuleMail(), [try rule(test.field, test.pattern)]))
    #expect((found.ruling != nil) == test.matches)
  }

  @Test("all matchers of a rule have to match, any pattern of each is enough")
  func allAndAny() throws {
    let both = try Rule(
      name: "both",
      matchers: [.init(.type, [Glob("TypeError"), Glob("KeyError")]), .init(.function, [Glob("total")])])
    #expect(report(of: RuleMail(), [both])?.ruling?.rule == "both")
    let one = try Rule(
      name: "one", matchers: [.init(.type, [Glob("KeyError")]), .init(.function, [Glob("refund")])])
    #expect(report(of: RuleMail(), [one])?.ruling == nil)
  }

  @Test("the first rule that matches decides, and a rule without a matcher matches nothing")
  func order() throws {
    let rules = [
      Rule(name: "none", matchers: []), try rule(.type, "TypeError", name: "other"),
      try rule(.type, "Key*", name: "first", action: .silence), try rule(.type, "*", name: "second"),
    ]
    let ruling = try #require(report(of: RuleMail(), rules)?.ruling)
    #expect(ruling.rule == "first" && ruling.action == .silence && ruling.window == nil)
  }

  @Test("a rule leaves mail alone that is no report")
  func ordinaryMail() throws {
    let mail = Array("Subject: KeyError\r\n\r\nHi, what is a KeyError?\r\n".utf8)
    guard case .pass = ReportReader(rules: RuleSet([try rule(.subject, "*", action: .silence)])).judge(mail)
    else {
      Issue.record("a rule made a report of it")
      return
    }
  }

  @Test("a plain traceback matches by its qualified type and by the last name of it")
  func qualifiedType() throws {
    var sample = RuleMail()
    sample.type = "shop.models.Trip.DoesNotExist"
    for pattern in ["DoesNotExist", "shop.models.*", "shop.models.Trip.DoesNotExist"] {
      #expect(plain(sample, [try rule(.type, pattern)])?.ruling != nil, "\(pattern)")
    }
  }

  @Test("a mail of several tracebacks is a doubt, which no rule silences")
  func severalTracebacks() throws {
    var other = RuleMail()
    other.type = "TypeError"
    let mail = Array(
      ("Subject: Cron <shop@web1> manage.py sync\r\nX-Cron-Env: <HOME=/srv>\r\n\r\n" + RuleMail().plainText + "\n"
        + other.plainText).utf8)
    func ruling(_ pattern: String) throws -> Ruling? {
      let reader = ReportReader(rules: RuleSet([try rule(.type, pattern, action: .silence)]))
      guard case .report(let report) = reader.judge(mail) else { return nil }
      return report.ruling
    }
    #expect(try ruling("KeyError") == nil)
    #expect(try ruling("TypeError") == nil)
    #expect(try ruling("*Error") == nil)
    guard case .doubt(let doubt) = ReportReader().judge(mail) else { return _ = Issue.record("no doubt") }
    #expect(doubt.reason == .ambiguousReport)
  }

  // MARK: - Fingerprints

  @Test("a fingerprint of one's own joins what it does not tell apart, whatever the name of the rule")
  func ownFingerprint() throws {
    var other = RuleMail()
    other.frames[1].1 = "subtotal"
    #expect(report(of: other, [])?.fingerprint != report(of: RuleMail(), [])?.fingerprint)
    let key = RuleKey.fingerprint([.literal("pricing"), .field(.type)])
    let one = try #require(report(of: RuleMail(), [try rule(.module, "orders/*", name: "a", key: key)]))
    let two = try #require(report(of: other, [try rule(.module, "orders/*", name: "b", key: key)]))
    #expect(one.fingerprint == two.fingerprint)
    #expect(one.variant == two.variant)
    other.type = "TypeError"
    #expect(report(of: other, [try rule(.module, "orders/*", key: key)])?.fingerprint != one.fingerprint)
  }

  @Test("a literal is never taken for a field")
  func literals() throws {
    let literal = try rule(.type, "*", key: .fingerprint([.literal("KeyError")]))
    let field = try rule(.type, "*", key: .fingerprint([.field(.type)]))
    #expect(report(of: RuleMail(), [literal])?.fingerprint != report(of: RuleMail(), [field])?.fingerprint)
  }

  @Test("ids in text and path do not count in a fingerprint", arguments: [RuleField.text, .path])
  func ids(_ field: RuleField) throws {
    let rules = [try rule(.type, "*", key: .fingerprint([.field(field)]))]
    var one = RuleMail()
    (one.value, one.path) = ("order 17 is gone", "/order/17/")
    var two = one
    (two.value, two.path) = ("order 4711 is gone", "/order/4711/")
    #expect(report(of: one, rules)?.fingerprint == report(of: two, rules)?.fingerprint)
    (two.value, two.path) = ("order 4711 is paid", "/basket/4711/")
    #expect(report(of: one, rules)?.fingerprint != report(of: two, rules)?.fingerprint)
  }

  @Test("a field that the mail does not have leaves the usual fingerprint: nothing joins for want of it")
  func missingField() throws {
    let usual = try #require(report(of: RuleMail(), []))
    let rules = [try rule(.type, "*", key: .fingerprint([.field(.template)]))]
    let ruled = try #require(report(of: RuleMail(), rules))
    #expect(ruled.fingerprint == usual.fingerprint)
    #expect(ruled.ruling?.rule == "rule")
    let explanation = ReportReader(rules: RuleSet(rules)).explain(RuleMail().bytes)
    #expect(explanation.missingFields == ["template"])
    #expect(explanation.text.contains("its fingerprint needs template"))
  }

  @Test("split-by tells apart by a field what has one fingerprint otherwise")
  func split() throws {
    var other = RuleMail()
    other.host = "api.example.org"
    #expect(report(of: other, [])?.fingerprint == report(of: RuleMail(), [])?.fingerprint)
    let rules = [try rule(.type, "*", key: .splitBy([.host]))]
    let one = try #require(report(of: RuleMail(), rules))
    #expect(report(of: other, rules)?.fingerprint != one.fingerprint)
    #expect(report(of: RuleMail(), rules)?.fingerprint == one.fingerprint)
    #expect(report(of: RuleMail(), [])?.fingerprint != one.fingerprint)
  }

  @Test("the explanation names the rule that decided and what it does")
  func explanation() throws {
    let rules = RuleSet([
      try rule(.type, "Key*", name: "pricing", action: .summaryOnly, key: .fingerprint([.literal("p"), .field(.view)]))
    ])
    let explanation = ReportReader(rules: rules).explain(RuleMail().bytes)
    #expect(explanation.adminRule == "pricing" && explanation.adminAction == .summaryOnly)
    #expect(explanation.rule == .admin)
    #expect(explanation.key == ["rule", "\"p\"", "view: orders.views.cart"])
    #expect(explanation.text.contains("Decided by:   rule pricing of the configuration"))
    #expect(explanation.text.contains("[rule pricing]"))
    #expect(explanation.title == report(of: RuleMail(), [])?.title)
  }

  // MARK: -

  @Test("a report that names no request matches no pattern of a path or a host")
  func noRequest() throws {
    for field in [RuleField.path, .host] {
      let found = try #require(plain(RuleMail(), [try rule(field, "*")]))
      #expect(found.ruling == nil)
    }
  }

  @Test("a report without a traceback is keyed by its logged message, whatever numbers stand in it")
  func loggedText() throws {
    let rules = [try rule(.subject, "*", key: .fingerprint([.field(.text)]))]
    func logged(_ message: String) throws -> FingerprintedReport {
      var sample = SampleMail()
      sample.subject = "[Shop] ERROR: \(message)"
      let head = "\(message)\n\nReport\n\(message)\n\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n"
      return try #require(RuleMail.report(sample.mail(head + "\nRequest data not supplied\n\nSettings:\n"), rules))
    }
    let (one, two) = (try logged("payment 4711 failed"), try logged("payment 4712 failed"))
    let other = try logged("refund 4711 failed")
    #expect(one.ruling?.rule == "rule")
    #expect(one.fingerprint == two.fingerprint && one.fingerprint != other.fingerprint)
  }

  private func rule(
    _ field: RuleField, _ pattern: String, name: String = "rule", action: RuleAction = .dedup, key: RuleKey? = nil
  ) throws -> Rule {
    Rule(
      name: name, matchers: [.init(field, [try Glob(pattern, ignoresCase: field.ignoresCase)])], action: action,
      key: key)
  }

  private func report(of sample: RuleMail, _ rules: [Rule]) -> FingerprintedReport? { sample.report(rules) }

  private func plain(_ sample: RuleMail, _ rules: [Rule]) -> FingerprintedReport? {
    RuleMail.report(Array("Subject: ERROR: sync\r\n\r\nsync failed\n\(sample.plainText)".utf8), rules)
  }
}

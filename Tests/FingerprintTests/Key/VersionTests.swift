import Fingerprint
import MailMessage
import Testing

/// Versions of the algorithm: what is released stays as it is, and an upgrade finds what it knew.
@Suite struct VersionTests {
  /// Made by versions 3, 2 and 1 when each was the current one. A store may know errors by these names: when one of them changes,
  /// put the change behind a switch of `Algorithm` instead.
  static let golden: [(shows: String, mail: RuleMail, three: String, two: String, one: String)] = [
    (
      "a place", RuleMail(), "b0700106f569c6b8bc942af3ae718f8d", "38e47df3ed542a72d866e45df4bfcde5",
      "7efd09ebee3c028d18cca4c34459375f"
    ),
    (
      "a place with a database's text", databaseError, "916e736cf44e0f11ca5e708e88342eb3",
      "23e4692d56c4009cf03ffa5e7b2b0787", "516d6bad94b49524f6541a6ed20cbfae"
    ),
    (
      "an outage", outage, "90fc6198d2cc884a344c425c821c4a3c", "b71d50f5a924d71070000432458c3df2",
      "f8ec6b725b0323b71ea07eca27576da9"
    ),
    (
      "a library's error", libraryError, "33801cb12322f99c5f4f8b525fef386e", "64a434955b4bbb8d9e1bfc6d3fa49148",
      "0ea7e9c8081979efa9778cec51ab3832"
    ),
    (
      "a recursion", recursion, "910d719cb4add0f3265bfaa573995e4f", "2182855563bf4567673e1e7cc6fb4116",
      "335c6f86359c99f779a02e2c227bee10"
    ),
    (
      "a wrong file", syntaxError, "e42c8956e994a3f9f0a5f2a9ad91db4b", "42a1032b19f78621e0d5621f7b21362c",
      "911a7a1be527a0d3412eaa87fe231bb7"
    ),
  ]

  @Test("versions 3, 2 and 1 name errors as they always did", arguments: golden.indices)
  func frozen(_ index: Int) throws {
    let (shows, mail, three, two, one) = Self.golden[index]
    let report = try #require(mail.report())
    #expect(report.previous.map(\.text) == ["3:" + three, "2:" + two, "1:" + one], "\(shows)")
    #expect(report.fingerprint.version == .current)
    #expect(![one, two, three].contains(report.fingerprint.digest))
  }

  @Test("a logged message has its name of version 1, too")
  func message() throws {
    let mail = Array("Subject: ERROR\r\n\r\n[2026-11-22 16:40:34,348] ERROR in mailer: no courier for order 17".utf8)
    #expect(try #require(RuleMail.report(mail)).previous.last?.text == "1:720346e1dce83d4d8b586909ab36750f")
  }

  struct Style: CustomTestStringConvertible, Sendable {
    var shows: String
    var code: String
    var isSame: Bool
    var testDescription: String { shows }
  }

  @Test(
    "version 2 reads code whatever its style, version 1 does not",
    arguments: [
      Style(shows: "other quotes", code: "return sum(line[\"price\"] for line in lines)", isSame: true),
      Style(shows: "blanks inside of brackets", code: "return sum( line['price'] for line in lines )", isSame: true),
      Style(shows: "a comma before the bracket", code: "return sum(line['price'] for line in lines,)", isSame: true),
      Style(shows: "another name", code: "return sum(line['cost'] for line in lines)", isSame: false),
      Style(shows: "another operator", code: "return min(line['price'] for line in lines)", isSame: false),
      Style(
        shows: "words that only blanks keep apart", code: "return sum(line['price'] forline in lines)", isSame: false),
    ])
  func codeStyle(_ style: Style) throws {
    var restyled = RuleMail()
    restyled.frames[1].2 = style.code
    let (one, two) = (try #require(RuleMail().report()), try #require(restyled.report()))
    #expect((one.fingerprint == two.fingerprint) == style.isSame)
    #expect(one.previous != two.previous)
  }

  @Test("rules change the names of all versions alike: their groups survive an upgrade")
  func rules() throws {
    let own = Rule(
      name: "own", matchers: [.init(.type, [try Glob("*")])], key: .fingerprint([.literal("x"), .field(.view)]))
    var other = RuleMail()
    other.frames[1].1 = "subtotal"
    let (one, two) = (try #require(RuleMail().report([own])), try #require(other.report([own])))
    #expect(one.fingerprint == two.fingerprint)
    #expect(one.previous == two.previous && one.previous.count == 3)
    #expect(one.previous != RuleMail().report()?.previous)
  }

  @Test("versions never share a name, even where they look at the same")
  func apart() throws {
    let report = try #require(Self.outage.report())
    #expect(report.previous.first?.digest != report.fingerprint.digest)
    #expect(report.previous.map(\.version.rawValue) == [3, 2, 1])
    #expect(Set(report.previous.map(\.digest)).count == 3)
  }

  struct Claim: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var type: String
    var value: String
    var library: String?
  }

  @Test(
    "an earlier name is a claim on its history: versions before 3 have none where they saw another error:",
    arguments: [
      Claim(testDescription: "a phrase in a number", type: "ValueError", value: "Invalid HTTP_HOST header: 'x'."),
      Claim(
        testDescription: "a phrase that the database quotes", type: "ProgrammingError",
        value: "syntax error at or near \"sorry, too many clients already\"", library: "django/db/backends/utils.py"),
      Claim(
        testDescription: "another server than the one quoted first", type: "OperationalError",
        value: "connection to server at \"db\", port 5432 failed: FATAL:  sorry, too many clients, host='x'",
        library: "django/template/loader.py"),
      Claim(
        testDescription: "a file with a fault that eval names", type: "SyntaxError", value: "x (<unknown>, line 1)"),
      Claim(
        testDescription: "a template that a visitor names", type: "TemplateDoesNotExist", value: "orders/cart.html",
        library: "django/template/loader.py"),
    ])
  func noClaim(_ claim: Claim) throws {
    var mail = RuleMail()
    (mail.type, mail.value) = (claim.type, claim.value)
    if let library = claim.library {
      mail.frames.append(("venv/lib/python3.11/site-packages/" + library, "call", "c()"))
    }
    #expect(try #require(mail.report()).previous.map(\.version.rawValue) == [3])
  }

  @Test("a rule of the admin knows its group under all versions, whatever they make of the error")
  func ruleWithoutClaim() throws {
    let own = Rule(name: "own", matchers: [.init(.type, [try Glob("*")])], key: .fingerprint([.literal("x")]))
    var mail = RuleMail()
    (mail.type, mail.value) = ("ValueError", "Invalid HTTP_HOST header: 'x'.")
    #expect(try #require(mail.report([own])).previous == (try #require(RuleMail().report([own])).previous))
  }

  // MARK: -

  static var databaseError: RuleMail {
    var mail = RuleMail()
    mail.type = "IntegrityError"
    mail.value = "duplicate key value violates unique constraint \"order_number_key\""
    return mail
  }

  static var outage: RuleMail {
    var mail = RuleMail()
    mail.type = "OperationalError"
    mail.value = "FATAL:  sorry, too many clients already"
    mail.frames.append(("venv/lib/python3.11/site-packages/psycopg2/__init__.py", "connect", "conn = _connect(dsn)"))
    return mail
  }

  static var libraryError: RuleMail {
    var mail = RuleMail()
    mail.type = "ValueError"
    mail.value = "The view orders.views.cart didn't return an HttpResponse object. It returned None instead."
    mail.frames = [("venv/lib/python3.11/site-packages/django/core/handlers/base.py", "check_response", "raise E(")]
    return mail
  }

  static var recursion: RuleMail {
    var mail = RuleMail()
    mail.type = "RecursionError"
    mail.value = "maximum recursion depth exceeded"
    mail.frames = Array(repeating: ("orders/tree.py", "walk", "return walk(node['next'])"), count: 30)
    return mail
  }

  static var syntaxError: RuleMail {
    var mail = RuleMail()
    mail.type = "SyntaxError"
    mail.value = "invalid syntax (views.py, line 10)"
    return mail
  }
}

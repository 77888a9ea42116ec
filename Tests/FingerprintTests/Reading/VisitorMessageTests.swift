import Testing

@testable import Fingerprint

/// What a visitor writes into the log message, which tells the reader where the report begins: found by the hostile
/// visitor and by readers of the code.
@Suite struct VisitorMessageTests {
  /// A report of another error, of another site.
  private static var other: SampleMail {
    var mail = SampleMail()
    (mail.type, mail.value, mail.settings, mail.view) = ("OSError", "[Errno 28] No space left", "evil", "evil.view")
    mail.frames = [SampleMail.Frame("/srv/shop/evil.py", "evil", "raise OSError(28)")]
    return mail
  }

  /// The message of `AdminEmailHandler`, which the Subject repeats as old Djangos write it.
  private static func ask(_ path: String, _ mail: inout SampleMail) {
    mail.path = path
    mail.message = "Internal Server Error: \(path)"
    mail.subject = "[Shop] ERROR (EXTERNAL IP): " + mail.message.replacing("\n", with: "\\n")
  }

  /// Django's report of a response with status 500 for which nothing was raised.
  private static func unraised(_ path: String, key: String = "x") -> SampleMail {
    var mail = SampleMail()
    ask(path, &mail)
    mail.key = key
    return mail
  }

  private static func text(_ mail: SampleMail) -> String {
    let report = mail.report
    let environment = report.firstRange(of: "\nRequest Method")?.lowerBound ?? report.endIndex
    let traceback = report[environment...].firstRange(of: "\nTraceback")?.lowerBound ?? report.endIndex
    let request = report[environment...].firstRange(of: "Request information:")?.lowerBound ?? report.endIndex
    return "\(mail.message)\n\nReport at \(mail.path)\n\(mail.message)\n" + report[environment..<traceback]
      + report[request...]
  }

  private static func same(_ one: [UInt8], _ other: [UInt8]) throws {
    let (one, other) = (try #require(SampleMail.report(one)), try #require(SampleMail.report(other)))
    #expect(one.fingerprint == other.fingerprint)
    #expect(one.settingsModule == other.settingsModule)
    #expect(one.subjectPrefix == other.subjectPrefix)
  }

  @Test("Python's line ends that are none in a mail become blanks in the Subject, and what is blank behind them goes")
  func foldedSubject() throws {
    var mail = SampleMail()
    Self.ask("/cart/", &mail)
    let plain = mail.bytes
    let forged = "Traceback (most recent call last):\n  File \"/srv/shop/evil.py\", line 1, in evil\nOSError: x"
    Self.ask("/cart/\u{2028}\u{A0}x\n\u{85}\n\(forged)\u{2029}", &mail)
    mail.subject = mail.subject.replacing("\u{2028}\u{A0}", with: " ").replacing("\u{85}", with: " ")
      .replacing("\u{2029}", with: "")
    try Self.same(mail.bytes, plain)
  }

  @Test("a path with a whole traceback, where nothing was raised: it is the path's", arguments: [false, true])
  func tracebackInPath(isGroup: Bool) throws {
    let frame = "  File \"/srv/shop/evil.py\", line 1, in evil\n    x()\nOSError: x"
    let group = "  + Exception Group Traceback (most recent call last):\n  | OSError: x"
    let hostile = Self.unraised("/nowhere/x\n" + (isGroup ? group : "Traceback (most recent call last):\n" + frame))
    let plain = Self.unraised("/nowhere/17")
    try Self.same(hostile.mail(Self.text(hostile)), plain.mail(Self.text(plain)))
  }

  @Test("a message that may have been cut, where nothing was raised, and another report as a form field's name")
  func cutMessage() {
    let path = "/nowhere/" + String(repeating: "x", count: 940)
    let hostile = Self.unraised(path, key: "x\n" + Self.other.report.drop { $0 != "O" })
    #expect(SampleMail.outcome(hostile.mail(Self.text(hostile))) == "ambiguous-report")
    let plain = Self.unraised(path)
    #expect(SampleMail.report(plain.mail(Self.text(plain)))?.settingsModule == "shop.settings")
  }

  @Test("a message that was cut inside of a traceback: it is not Python's own above a layout in its text")
  func cutTraceback() {
    var mail = Self.other
    mail.value = "x\n" + String(repeating: "y", count: 1000)
    let path = "/cart/\n" + mail.traceback
    mail = SampleMail()
    Self.ask(path, &mail)
    mail.subject = String(mail.subject.prefix(996))
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
    // Django 1.11, whose header is shorter.
    let old = mail.report.replacing("Traceback (most recent call last):", with: "Traceback:")
    #expect(SampleMail.outcome(mail.mail(old)) == "ambiguous-report")
  }

  @Test("a message that may have been cut, in a layout of the site's own, and a report in the path or in a form")
  func cutInOwnLayout() {
    let report = "OSError at /x\nx\n\n" + Self.other.traceback + "\nException Type: OSError at /x\nException Value: x"
    let path = "/nowhere/" + String(repeating: "x", count: 940)
    let message = "Internal Server Error: \(path)"
    var mail = SampleMail()
    Self.ask(path, &mail)
    #expect(SampleMail.outcome(mail.mail("\(message)\n\nReport at \(path)\n\n\(report)\n")) == "ambiguous-report")
    let environment = "\nDjango Version: 5\nPython Executable: x\n\nRaised during: evil.view\n\nRequest information:\n"
    let inPath = mail.mail("\(message)\n\nReport at \(path)\n\(environment)\(message)\n")
    #expect(SampleMail.outcome(inPath) == "ambiguous-report")
    let traceback = Self.other.traceback
    #expect(SampleMail.outcome(mail.mail("\(message)\n\nReport at \(path)\n\n\(traceback)\n")) == "ambiguous-report")
  }

  @Test("a layout of the site's own, where nothing was raised, and an environment with a view in the path")
  func environmentInPath() throws {
    func lost(_ path: String) -> [UInt8] {
      var mail = SampleMail()
      Self.ask("/nowhere/x", &mail)
      return mail.mail("\(mail.message)\n\nReport at \(path)\n\(mail.message)\n")
    }
    let environment = "\n\nDjango Version: 5\nPython Executable: x\n"
    let request = "Request information:\n"
    try Self.same(lost("/nowhere/x\(environment)\(request)"), lost("/nowhere/x"))
    #expect(SampleMail.outcome(lost("/nowhere/x\(environment)Raised during: evil\n\(request)")) == "ambiguous-report")
  }

  @Test("so many environments in an exception's text that Django's own is not among those that are kept")
  func manyEnvironments() {
    var mail = SampleMail()
    let inner = mail.report
    let start = inner.firstRange(of: "'price'\n\nRequest Method")?.lowerBound ?? inner.startIndex
    let environments = String(repeating: "a\nDjango Version: 5\nPython Executable: x\n", count: 20)
    mail.value = inner[start...].replacing("orders/pricing.py", with: "evil.py") + environments
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
    Self.ask("/cart/\n\n" + environments, &mail)
    mail.value = "'price'"
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
  }

  @Test("an encoded word in a path takes a line end out of the Subject: the message does not end there")
  func encodedWord() {
    var mail = SampleMail()
    let other = Self.other.report
    let start = other.firstRange(of: "Django Version")?.lowerBound ?? other.endIndex
    let end = other.firstRange(of: "\nException Type")?.lowerBound ?? other.endIndex
    // What Django prints of the path below the message repeats the head behind the traceback.
    let inner = "\n\n\(other[start..<end])\nException Type: OSError at /x?q??==?utf-8*\nException Value: \n"
    let hostile = "/cart/\(inner)KeyError at /cart/\nRequest information:\n=?utf-8*\n\nOSError at /x?q??==?utf-8*"
    Self.ask(hostile, &mail)
    mail.subject = mail.subject.replacing("=?utf-8*\\n\\nOSError at /x?q??=", with: "")
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
  }

  @Test("notes behind an exception's text: a report inside of that text is not the one around it")
  func notes() {
    var mail = SampleMail()
    let inner = mail.report
    let start = inner.firstRange(of: "'price'\n\nRequest Method")?.lowerBound ?? inner.startIndex
    mail.value = String(inner[start...].replacing("orders/pricing.py", with: "evil.py"))
    let end = mail.report.ranges(of: "\nRaised during").last?.lowerBound ?? mail.report.endIndex
    let noted = mail.report[..<end] + "\nNote: seen on Monday\n" + mail.report[end...]
    #expect(SampleMail.outcome(mail.mail(String(noted))) == "ambiguous-report")
  }

  @Test(
    "a visitor's line that looks like a field makes no Subject, and no list's or human's mail of a report",
    arguments: [
      "Subject : [Evil] ERROR: x", "List-Id : x", "In-Reply-To : x", "X-MailDedup-Reason : x", "From : postmaster@x",
    ])
  func brokenHeader(line: String) {
    var mail = SampleMail()
    mail.subject += "\n\(line)"
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
    mail.subject = "[Shop] KeyError\n\(line)"
    #expect(SampleMail.outcome(mail.bytes) == "ambiguous-report")
  }

  @Test("a level in a path is none of a Subject that the site words itself, and makes no prefix")
  func levelInPath() throws {
    var mail = SampleMail()
    mail.message = "Internal Server Error: /cart/"
    mail.subject = "[Shop] \(mail.message)"
    let plain = try #require(SampleMail.report(mail.bytes))
    #expect(plain.subjectPrefix == nil)
    Self.ask("/cart/ERROR: x", &mail)
    mail.subject = "[Shop] \(mail.message)"
    let hostile = try #require(SampleMail.report(mail.bytes))
    #expect(hostile.fingerprint == plain.fingerprint && hostile.subjectPrefix == nil)
    Self.ask("/cart/" + String(repeating: "x", count: 600) + "/ERROR: x", &mail)
    mail.subject = "[Shop] \(mail.message)"
    #expect(SampleMail.report(mail.bytes)?.subjectPrefix == nil)
  }
}

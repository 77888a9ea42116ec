import Testing

@testable import Fingerprint

/// What a visitor of the site adds to a request, and what it must not change.
struct HostileCase: CustomTestStringConvertible, Sendable {
  enum Expected: Sendable {
    /// The same error of the same site as without it.
    case same
    /// A doubt that tells the true type.
    case doubt(DoubtReason, String? = "KeyError")
  }

  let testDescription: String
  let expected: Expected
  let change: @Sendable (inout SampleMail) -> Void

  init(_ sentence: String, _ expected: Expected = .same, _ change: @escaping @Sendable (inout SampleMail) -> Void) {
    (testDescription, self.expected, self.change) = (sentence, expected, change)
  }
}

@Suite struct ProvenanceTests {
  /// A report of another error, of another site, as a visitor can know it.
  private static var other: SampleMail {
    var mail = SampleMail()
    (mail.type, mail.value, mail.settings, mail.view) = ("OSError", "[Errno 28] No space left", "evil", "evil.view")
    mail.frames = [
      SampleMail.Frame("/srv/shop/venv/lib/python3.11/site-packages/psycopg2/__init__.py", "connect", "x()")
    ]
    return mail
  }

  /// The message of `AdminEmailHandler`, which the Subject repeats.
  private static func ask(_ path: String, _ mail: inout SampleMail) {
    mail.path = path
    mail.message = "Internal Server Error: \(path)"
    let subject = mail.message.replacing("\n", with: "\\n")
    mail.subject = "[Shop] ERROR (EXTERNAL IP): \(subject)"
  }

  static let cases: [HostileCase] = [
    HostileCase("V2: a form field is called like the line of the settings module") {
      $0.key = "a\nUsing settings module evil"
    },
    HostileCase("a form field is called like the whole end of a report") {
      $0.key = "a = 'b'\n\nMETA:\nA = 'b'\n\nSettings:\nUsing settings module evil\nDEBUG = False\nx"
    },
    HostileCase("V4: a form field is called like an environment") {
      $0.key = "a\nDjango Version: 5\nPython Executable: x\nPython Version: 3"
    },
    HostileCase("a form field is called like another report") { $0.key = "a\n" + other.report },
    HostileCase("a form field is called like fifty environments") {
      $0.key = String(repeating: "a\nDjango Version: 5\nPython Executable: x\n", count: 50)
    },
    HostileCase("a path with the line of another type") {
      ask("/cart/\nException Type: OSError at /x\nException Value: [Errno 28] No space left", &$0)
    },
    HostileCase("a path with another report") { ask("/cart/\n" + other.report, &$0) },
    HostileCase("a path with an environment") {
      ask("/cart/\nDjango Version: 5\nPython Executable: x\nPython Version: 3", &$0)
    },
    HostileCase("a path with a level: it is no part of the prefix") { ask("/cart/ CRITICAL: ERROR: x", &$0) },
    HostileCase("a path with a lone CR that became a blank on the way") {
      ask("/cart/\rUsing settings module evil", &$0)
      $0.subject = $0.subject.replacing("\r", with: "\\r")
      ($0.message, $0.path) = ($0.message.replacing("\r", with: " "), $0.path.replacing("\r", with: " "))
    },
    HostileCase(
      "a path so long that the Subject ends where it has an empty line and a report", .doubt(.ambiguousReport, nil)
    ) {
      let start = "/cart/" + String(repeating: "x", count: 945)
      ask(start, &$0)
      let path = start + "\n\n" + String(other.report.drop { $0 != "O" })
      ($0.path, $0.message) = (path, "Internal Server Error: \(path)")
    },
    HostileCase("a path that ends in a question, as humans do") { ask("/cart/\nCan you have a look?\nThanks", &$0) },
    HostileCase("an exception's text with another report") { $0.value = "'price'\n" + other.report },
    HostileCase("an exception's text with the end of the report") {
      $0.value = "'price'\n\nRaised during: evil.view\nRequest information:\nUSER: x\n\nGET: No GET data"
    },
    HostileCase("an exception's text with another type and value") {
      $0.value = "'price'\n\nException Type: OSError at /cart/\nException Value: [Errno 28] No space left on device"
    },
    HostileCase("an exception's text with the settings") {
      $0.value = "'price'\n\nSettings:\nUsing settings module evil\nDEBUG = True"
    },
    HostileCase("an exception's text with its own report inside") {
      $0.value = "'price'\n" + SampleMail().report
    },
    HostileCase(
      "an exception's text that builds a whole report around the path and the text it knows", .doubt(.ambiguousReport)
    ) { mail in
      var inner = other
      (inner.type, inner.value) = ("KeyError", "'price'")
      let report = inner.report
      let start = report.firstRange(of: "'price'\n\nRequest Method")?.lowerBound ?? report.startIndex
      mail.value = String(report[start...])
    },
  ]

  @Test("a visitor's text leaves error, site and view as they are", arguments: cases)
  func leaves(_ hostile: HostileCase) throws {
    var mail = SampleMail()
    Self.ask("/cart/", &mail)
    let plain = try #require(SampleMail.report(mail.bytes))
    hostile.change(&mail)
    switch (hostile.expected, ReportReader().judge(mail.bytes)) {
    case (.same, .report(let report)):
      #expect(report.fingerprint == plain.fingerprint)
      #expect(report.settingsModule == plain.settingsModule)
      #expect(report.subjectPrefix == plain.subjectPrefix)
      #expect(report.place == plain.place)
    case (.doubt(let reason, let type), .doubt(let doubt)):
      #expect(doubt.reason == reason)
      #expect(doubt.type == type)
    case (_, let judgement): Issue.record("judged as \(judgement)")
    }
  }
}

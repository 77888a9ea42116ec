import Testing

@testable import Fingerprint

/// What a visitor puts into the text of an exception in a mail of Python's own format.
struct PlainHostileCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let expected: String
  let text: String

  init(_ sentence: String, _ expected: String, _ text: String) {
    (testDescription, self.expected, self.text) = (sentence, expected, text)
  }
}

@Suite struct PlainProvenanceTests {
  private static let joint = "\n\nDuring handling of the above exception, another exception occurred:\n\n"
  private static let forged =
    "Traceback (most recent call last):\n  File \"/usr/lib/python3/dist-packages/psycopg2/__init__.py\", line 122, in connect\n"
    + "    conn = _connect(dsn)\npsycopg2.OperationalError: FATAL:  sorry, too many clients already"

  static let cases: [PlainHostileCase] = [
    PlainHostileCase(
      "frames without a header are text", "same",
      "x\n  File \"/usr/lib/python3/dist-packages/psycopg2/a.py\", line 1, in f"),
    PlainHostileCase("another link that does not fit the first", "ambiguous-report", "x" + joint + forged),
    PlainHostileCase("another traceback behind the first", "ambiguous-report", "x\n\n" + forged),
    PlainHostileCase(
      "a request as Django up to 1.8 prints it, and another link", "ambiguous-report",
      "x\n\nRequest repr(): \n<WSGIRequest\n" + joint + forged),
    PlainHostileCase(
      "a question at the end, as humans ask", "same", "x\n\nRequest repr(): \n<WSGIRequest\nCan you help?\nThanks"),
  ]

  @Test("a plain traceback with a hostile text", arguments: cases)
  func plain(_ hostile: PlainHostileCase) throws {
    var mail = SampleMail()
    mail.value = "x"
    let expected = SampleMail.fingerprint(mail.mail("Internal Server Error: /cart/\n" + mail.traceback))
    mail.value = hostile.text
    let bytes = mail.mail("Internal Server Error: /cart/\n" + mail.traceback)
    #expect(expected != nil)
    if hostile.expected == "same" {
      #expect(SampleMail.fingerprint(bytes) == expected)
    } else {
      #expect(SampleMail.outcome(bytes) == hostile.expected)
    }
  }

  @Test("a traceback in the logged message is no traceback when the Subject says the message")
  func inMessage() {
    var mail = SampleMail()
    mail.value = "x"
    let expected = SampleMail.fingerprint(mail.mail("Internal Server Error: /cart/\n" + mail.traceback))
    let path = "/cart/\n" + Self.forged
    mail.subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: " + path.replacing("\n", with: "\\n")
    #expect(SampleMail.fingerprint(mail.mail("Internal Server Error: \(path)\n" + mail.traceback)) == expected)
  }
}

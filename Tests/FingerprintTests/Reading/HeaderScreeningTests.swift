import Fingerprint
import Testing

/// What is forwarded untouched although a whole report may be inside.
struct GateCase: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let expected: String
  let make: @Sendable () -> [UInt8]

  init(_ sentence: String, _ expected: String, _ make: @escaping @Sendable () -> [UInt8]) {
    testDescription = sentence
    self.expected = expected
    self.make = make
  }
}

private func withHeader(_ header: String) -> [UInt8] {
  var sample = SampleMail()
  sample.headers = header + "\n"
  return sample.bytes
}

/// With a Message-ID, as every mail program gives one.
private func withSubject(_ subject: String, _ body: String) -> [UInt8] {
  var sample = SampleMail()
  sample.subject = subject
  sample.headers = "Message-ID: <CAF4x=1@mail.example.org>\n"
  return sample.mail(body)
}

@Suite struct HeaderScreeningTests {
  static let cases: [GateCase] = [
    GateCase("an answer", "human-reply") { withHeader("In-Reply-To: <1@example.org>") },
    GateCase("an answer by its Subject", "human-reply") { withSubject("Re: [Shop] ERROR: x", SampleMail().report) },
    GateCase("a forwarded report", "human-reply") { withSubject("Fwd: [Shop] ERROR: x", SampleMail().report) },
    GateCase("an encoded Subject that begins with AW:", "human-reply") {
      withSubject("=?utf-8?q?AW=3A_Fehler?=", SampleMail().report)
    },
    GateCase("an answer below the line that mbox puts on top", "human-reply") {
      Array("From kim Sat Nov 21 10:00:00 2026\n".utf8) + withHeader("In-Reply-To: <1@example.org>")
    },
    GateCase("an answer below a fold of nothing", "human-reply") {
      Array(" folded\n".utf8) + withHeader("In-Reply-To: <1@example.org>")
    },
    GateCase("a list's copy", "list-mail") { withHeader("List-Id: <dev.example.org>") },
    GateCase("a vacation message", "automatic-reply") { withHeader("Auto-Submitted: auto-replied") },
    GateCase("a mail program's mail", "mail-program") { withHeader("User-Agent: Mozilla Thunderbird") },
    GateCase("our own summary", "own-mail") { withHeader("X-MailDedup-Summary: daily") },
    GateCase("a human who greets and pastes a traceback", "quoted-traceback") {
      withSubject("ERROR: page fails", "Hi,\n\nthe log says:\n\n" + SampleMail().traceback)
    },
    GateCase("a human who pastes a traceback and asks", "quoted-traceback") {
      withSubject("page fails", "The log says:\n\n" + SampleMail().traceback + "\nCan you have a look?\n")
    },
    GateCase("a human who shouts in the Subject, pastes and signs", "quoted-traceback") {
      withSubject("CRITICAL: site is down", "it says\n\n" + SampleMail().traceback + "\nThanks\nKim\n")
    },
    GateCase("a human who explains a pasted traceback", "quoted-traceback") {
      withSubject("page fails", "since this morning the log says:\n\n" + SampleMail().traceback)
    },
    GateCase("a human who pastes a whole report", "quoted-traceback") {
      withSubject("page fails", "Hello Kim,\n\nthis came in:\n\n" + SampleMail().report)
    },
    GateCase("a quoted traceback", "no-report-structure") {
      withSubject(
        "page fails", "> Traceback (most recent call last):\n>   File \"x.py\", line 1, in f\n> KeyError: 1\n")
    },
    GateCase("a text about errors", "no-report-structure") {
      withSubject("ERROR in contract?", "Exception granted.\nFile \"contract.pdf\", line 3, in the small print\n")
    },
    GateCase("a cron job without an error", "no-report-structure") {
      withSubject("Cron <root@app> certtool", "Renewed 3 certificates.\n")
    },
    GateCase("a mail of nothing but a header word", "no-report-structure") {
      withSubject("x", "Traceback of parcel 9\n")
    },
    GateCase("a traceback that breaks off", "truncated-report") {
      withSubject(
        "[Shop] ERROR: x", "Traceback (most recent call last):\n  File \"/srv/a/b.py\", line 1, in f\n    x\n")
    },
    GateCase("a report in a charset that is no superset of ASCII", "unknown-charset") {
      Array(
        "Subject: [Shop] ERROR: x\r\nContent-Type: text/plain; charset=utf-16\r\n\r\nT\0r\0a\0c\0e\0b\0a\0c\0k\0 \0"
          .utf8)
    },
    GateCase("a multipart that no boundary closes", "malformed-mime") {
      Array("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nTraceback\r\n".utf8)
    },
    GateCase("the same in a mail that holds nothing of a report", "no-report-structure") {
      Array("Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n".utf8)
    },
    GateCase("an order in a charset that nobody here can read", "no-report-structure") {
      Array("Subject: x\r\nContent-Type: text/plain; charset=utf-16\r\n\r\nO\0r\0d\0e\0r\0".utf8)
    },
    GateCase("an order in an encoding that nobody knows", "no-report-structure") {
      Array("Subject: x\r\nContent-Transfer-Encoding: x-zip\r\n\r\nPK\r\n".utf8)
    },
    GateCase("a letter in ISO-2022-JP", "no-report-structure") {
      Array("Subject: x\r\nContent-Type: text/plain; charset=ISO-2022-JP\r\n\r\n\u{1B}$B%F%9%H\u{1B}(B\r\n".utf8)
    },
    GateCase("an empty mail", "no-report-structure") { [] },
  ]

  @Test("forwarded:", arguments: cases)
  func forwards(_ gateCase: GateCase) {
    #expect(SampleMail.outcome(gateCase.make()) == gateCase.expected)
  }

  @Test(
    "a report below a line that is no field is the report it is: the header below counts when it leaves, too",
    arguments: ["From kim Sat Nov 21 10:00:00 2026\n", ">From kim\n", " folded\n"])
  func belowStrayLine(_ line: String) {
    let report = SampleMail().bytes
    #expect(SampleMail.outcome(Array(line.utf8) + report) == SampleMail.outcome(report))
  }

  @Test("a text larger than the limit is a doubt, a large one within it is the report it is")
  func tooLarge() throws {
    var sample = SampleMail()
    let expected = sample.fingerprint
    sample.value = "'price'" + String(repeating: "\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", count: 60_000)
    #expect(sample.fingerprint == expected)
    sample.value = String(repeating: "x", count: 6 * 1024 * 1024)
    #expect(SampleMail.outcome(sample.bytes) == "text-too-large")
  }

  @Test("an attached mail makes it a forwarded one")
  func attachedMail() {
    let body = "Subject: ERROR: x\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\n"
    let rest = "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\n--b--\r\n"
    #expect(SampleMail.outcome(Array((body + SampleMail().traceback + rest).utf8)) == "forwarded-mail")
  }

  @Test("prefix, level and settings module are read from the mail")
  func texts() throws {
    let report = try #require(SampleMail.report(SampleMail().bytes))
    #expect(report.subjectPrefix == "[Shop]")
    #expect(report.level == "ERROR")
    #expect(report.settingsModule == "shop.settings")
    #expect(report.title == "KeyError: 'price'")
    #expect(report.place == "orders/pricing.py in total")
  }
}

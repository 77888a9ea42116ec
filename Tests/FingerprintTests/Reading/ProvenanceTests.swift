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
    case (.doubt(let reason, let type), .unclear(let doubt)):
      #expect(doubt.reason == reason)
      #expect(doubt.type == type)
    case (_, let judgement): Issue.record("judged as \(judgement)")
    }
  }
}

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

@Suite struct KindOfErrorTests {
  @Test("names and texts make other errors of the same kind; type and place make another kind")
  func kinds() throws {
    var mail = SampleMail()
    let plain = try #require(SampleMail.report(mail.bytes))
    (mail.type, mail.value) = ("DataError", "value too long for type character varying(30)")
    let long = try #require(SampleMail.report(mail.bytes))
    mail.value = "integer out of range"
    let large = try #require(SampleMail.report(mail.bytes))
    #expect(long.fingerprint != large.fingerprint)
    #expect(long.kind == large.kind)
    #expect(long.kind != plain.kind)
    mail.frames[2].function = "subtotal"
    #expect(SampleMail.report(mail.bytes)?.kind != large.kind)
  }
}

/// What a fresh reader of the product found beyond the tables above.
@Suite struct FoundByVisitorsTests {
  @Test("a traceback in a logged message is of the kind of all logged messages, for its type and frames may be forged")
  func kindOfLoggedTraceback() throws {
    func report(_ number: Int) throws -> FingerprintedReport {
      var sample = SampleMail()
      let forged =
        "Traceback (most recent call last):\n  File \"/srv/shop/orders/m\(number).py\", line 12, in f\n    g()\n"
        + "ValueError\(number): boom"
      sample.message = "payment failed for x\n\(forged)"
      sample.subject = "[Shop] ERROR (EXTERNAL IP): " + sample.message.replacing("\n", with: "\\n")
      let body =
        "\(sample.message)\n\nReport\n\(sample.message)\n\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n"
        + "\nRequest data not supplied\n\nSettings:\nUsing settings module shop.settings\n"
      return try #require(SampleMail.report(sample.mail(body)))
    }
    let (one, two) = (try report(1), try report(2))
    #expect(one.fingerprint != two.fingerprint && one.kind == two.kind)
  }

  @Test(
    "in a Subject that is not Django's handler's, words before a level make no site",
    arguments: [
      ("[Shop] ERROR: import failed", "[Shop]"), ("Shop ERROR: import failed", "Shop"), ("[Shop] import failed", nil),
      ("[Shop] [Aaron] ERROR: x.csv: import failed", nil), ("Import failed: [Evil] ERROR: x.csv", nil),
      ("Import of the file failed x ERROR: y.csv", nil),
    ] as [(String, String?)])
  func siteOfSubject(subject: String, prefix: String?) throws {
    var sample = SampleMail()
    sample.subject = subject
    sample.headers = "Message-ID: <179601025818.12603.6581494278367945011@web1>\n"
    #expect(try #require(SampleMail.report(sample.mail(sample.traceback))).subjectPrefix == prefix)
  }

  @Test("a Subject that begins with a visitor's Re: makes a doubt of a traceback that Python mailed, and no answer")
  func titledAnswer() {
    var sample = SampleMail()
    sample.subject = "Re: x.csv: import failed"
    sample.headers = "Message-ID: <179601025818.12603.6581494278367945011@web1>\n"
    #expect(SampleMail.outcome(sample.mail(sample.traceback)) == "ambiguous-report")
    #expect(SampleMail.outcome(sample.mail("Hello Kim,\n\nyour order has come.\n")) == "human-reply")
    sample.headers += "In-Reply-To: <x@y>\n"
    #expect(SampleMail.outcome(sample.mail(sample.traceback)) == "human-reply")
    sample.headers = ""
    #expect(SampleMail.outcome(sample.mail(sample.traceback)) == "human-reply", "nothing says that Python made it")
  }

  @Test("a line end in a logged message does not make it the words of another message")
  func lineEndInMessage() throws {
    func logged(_ message: String) throws -> FingerprintedReport {
      var sample = SampleMail()
      sample.subject = "[Shop] ERROR: " + message.replacing("\n", with: "\\n")
      let report = "\(message)\n\nReport\n\(message)\n\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n"
      return try #require(SampleMail.report(sample.mail(report + "\nRequest data not supplied\n\nSettings:\n")))
    }
    let constant = try logged("Payment provider refused the key")
    let forged = try logged("Payment provider refused the key\nx: coupon unknown")
    #expect(constant.fingerprint != forged.fingerprint)
    #expect(!forged.previous.contains { constant.previous.contains($0) }, "nor does it claim the history of the other")
  }

  @Test("a report that a contact form mails is a doubt: nothing in its Subject is of the report")
  func contactForm() {
    var sample = SampleMail()
    sample.subject = "[Shop] contact"
    #expect(SampleMail.outcome(sample.bytes) == "text-behind-traceback")
    sample.subject = "[Shop] KeyError in cart"
    #expect(SampleMail.outcome(sample.bytes) == "report", "a handler of the site's own names the type")
  }

  @Test("filler does not push Django's own lines out of sight and leave a visitor's")
  func filler() {
    var sample = SampleMail()
    let forged = sample.report.drop { $0 != "R" }
    sample.value = "'price'\n\n" + forged + String(repeating: "\nA", count: 700_000)
    #expect(SampleMail.outcome(sample.bytes) == "ambiguous-report")
    sample.value += String(repeating: "\nA", count: 1_000_000)
    #expect(SampleMail.outcome(sample.bytes) == "text-too-large")
  }

  @Test("a custom formatter's words behind the message do not hide that nothing was raised")
  func formatter() throws {
    var sample = SampleMail()
    sample.subject = "[Shop] ERROR: payment failed"
    let head =
      "payment failed [shop:110]\n\nReport\npayment failed\n\nDjango Version: 6.1\nPython Executable: /usr/bin/python3\n"
    let body = head + "\nTraceback (most recent call last):\n  None\n\nRequest data not supplied\n\nSettings:\n"
    #expect(SampleMail.report(sample.mail(body))?.title == "payment failed [shop:110]")
  }

  @Test("only a whole literal makes a template's name the site's own")
  func literal() {
    let source = Array("return render_to_string(\"orders/\" + name, {\"a\": 'b.html'})".utf8)
    func isLiteral(_ name: String) -> Bool {
      SiteEvidence.isLiteral(source.span, Array(name.utf8), in: 0..<source.count)
    }
    #expect(!isLiteral("orders/") && isLiteral("b.html") && !isLiteral("b") && !isLiteral("name"))
  }

  @Test("a layout without environment and request: a report inside of the text is not the report around it")
  func bareLayout() {
    let value = """
      x
      Request Method: GET
      Request URL: http://evil.example/

      Django Version: 5.2
      Python Executable: /usr/bin/python3

      Traceback (most recent call last):
        File "/srv/evil/views.py", line 1, in evil
          evil()

      The above exception (x) was the direct cause of the following exception:

        File "/srv/evil/views.py", line 2, in worse
          worse()

      Exception Type: OSError at /evil/
      Exception Value: x

      Request information:
      USER: x
      """
    let text = """
      Subject: [Shop] ERROR: Internal Server Error: /cart/
      From: django@shop.example
      To: admins@shop.example

      Internal Server Error: /cart/

      ValueError at /cart/
      \(value)

      Traceback (most recent call last):
        File "/srv/shop/orders/views.py", line 7, in cart
          raise ValueError(text)

      Exception Type: ValueError at /cart/
      Exception Value: \(value)
      """
    guard case .unclear(let doubt) = ReportReader().judge(Array(text.replacing("\n", with: "\r\n").utf8)) else {
      Issue.record("not a doubt")
      return
    }
    #expect(doubt.reason == .ambiguousReport)
  }

  @Test("names of templates that were tried hold a request's first line and a joint: the error was raised all the same")
  func requestAmongTemplates() throws {
    func mail(_ name: String) -> [UInt8] {
      var sample = SampleMail()
      (sample.type, sample.value) = ("TemplateDoesNotExist", "shop/\(name)")
      let tried = "Template loader postmortem\nUsing engine django:\n    * Loader: shop/\(name) (Source does not exist)"
      let report = sample.report.replacing("\nTraceback", with: "\n\(tried)\n\n\nTraceback", maxReplacements: 1)
      return sample.mail(report)
    }
    let joint = "The above exception (x) was the direct cause of the following exception:"
    let hostile = "x\n\nRequest data not supplied\n\(joint)\nx"
    let plain = try #require(SampleMail.report(mail("x")))
    let report = try #require(SampleMail.report(mail(hostile)))
    #expect(report.fingerprint == plain.fingerprint)
  }

  @Test("a layout without environment: an environment inside of a cause's text is no environment")
  func environmentInCause() {
    let value = "x\nDjango Version: 5.2\nPython Executable: /usr/bin/python3"
    let text = """
      Subject: [Shop] ERROR: Internal Server Error: /cart/
      From: django@shop.example
      To: admins@shop.example

      Internal Server Error: /cart/

      ShopError at /cart/
      no order

      Traceback (most recent call last):
        File "/srv/shop/orders/views.py", line 7, in order_from
          raise FieldError(text)

      The above exception (\(value)) was the direct cause of the following exception:

        File "/srv/shop/orders/views.py", line 9, in cart
          raise ShopError("no order")

      Exception Type: ShopError at /cart/
      Exception Value: no order
      """
    #expect(SampleMail.outcome(Array(text.replacing("\n", with: "\r\n").utf8)) == "ambiguous-report")
  }

  @Test("a logged message that holds a whole traceback leaves Python's own, below it, a doubt")
  func tracebackAboveTraceback() {
    var sample = SampleMail()
    sample.value = "x"
    let own = sample.traceback
    sample.frames = [SampleMail.Frame("/srv/shop/evil.py", "evil", "raise ValueError(text)")]
    (sample.type, sample.value) = ("ValueError", "x")
    #expect(SampleMail.outcome(sample.mail("job failed:\n\(sample.traceback)\(own)")) == "ambiguous-report")
    sample.type = "Settings"
    sample.value = ""
    #expect(SampleMail.outcome(sample.mail("job failed:\n\(sample.traceback)214.\n\(own)")) == "ambiguous-report")
    let bare = sample.traceback.dropLast() + ":\n"
    #expect(SampleMail.outcome(sample.mail("job failed:\n\(bare)\(own)")) == "ambiguous-report")
  }

  @Test("a layout without environment repeats a path that holds a traceback: nothing was raised")
  func tracebackInRepeatedPath() throws {
    var sample = SampleMail()
    func lost(_ path: String, logged: String) -> FingerprintedReport? {
      sample.subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: \(logged)"
      let message = "Internal Server Error: \(logged)"
      return SampleMail.report(sample.mail("\(message)\n\nReport at \(path)\n\(message)\n"))
    }
    let frame = SampleMail.Frame("/srv/shop/a.py", "a", "a()").text
    let forged = "/nowhere/\n\nTraceback (most recent call last):\n\(frame)OSError: x"
    let plain = try #require(lost("/nowhere/17", logged: "/nowhere/17"))
    // Django escapes what it logs since 5.2.2, and not what its reporters print.
    #expect(lost(forged, logged: forged.replacing("\n", with: "\\n"))?.fingerprint == plain.fingerprint)
  }

  @Test("a layout without environment: a path with more headers than are looked at makes a doubt")
  func headersInPath() {
    var sample = SampleMail()
    let begun = "\n\nTraceback (most recent call last):\nDuring handling of the above exception ("
    for (count, outcome) in [(0, nil), (40, "ambiguous-report")] as [(Int, String?)] {
      let path = "/cart/" + String(repeating: begun, count: count)
      let logged = "Internal Server Error: \(path)".replacing("\n", with: "\\n")
      sample.subject = "[Shop] ERROR (EXTERNAL IP): \(logged)"
      let body = """
        \(logged)

        ShopError at \(path)
        no order

        Traceback (most recent call last):
          File "/srv/shop/orders/views.py", line 7, in find
            raise FieldError(text)

        The above exception (no field) was the direct cause of the following exception:
          File "/srv/shop/orders/views.py", line 9, in cart
            raise ShopError("no order") from error

        Exception Type: ShopError at \(path)
        Exception Value: no order

        """
      let mail = sample.mail(body)
      if let outcome {
        #expect(SampleMail.outcome(mail) == outcome)
      } else {
        #expect(SampleMail.report(mail)?.title == "ShopError: no order")
      }
    }
  }

  /// `AdminEmailHandler` with a reporter of the site's own: the head `Report at …`, and nothing of Django's layout.
  private func headOnly(path: String, subject: String) -> String {
    var sample = SampleMail()
    sample.subject = subject
    let message = "Internal Server Error: \(path)"
    return SampleMail.outcome(sample.mail("\(message)\n\nReport at \(path)\n\(message)\n"))
  }

  @Test("a vertical tab that broke the header on the way does not make a report pass as other mail")
  func verticalTab() {
    let ip = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: /nowhere/"
    #expect(headOnly(path: "/nowhere/sofa", subject: ip + "sofa") == "report")
    #expect(headOnly(path: "/nowhere/a\n\u{0B}\nb", subject: ip + "a\\n\r\n\\nb") == "ambiguous-report")
  }

  @Test("a path so long that Django may have cut the Subject does not make a report pass as other mail")
  func longPath() {
    let path = "/nowhere/" + String(repeating: "x", count: 940)
    let subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: "
    #expect(headOnly(path: path, subject: subject + path) == "ambiguous-report")
  }

  @Test("a chain that was caught on its way is certain where the Subject says the text of its last link alone")
  func caughtOnItsWay() {
    func outcome(_ subject: String, first: String = "'Session' has no attribute '_cache'") -> String {
      var outer = SampleMail()
      (outer.type, outer.value) = ("AttributeError", first)
      outer.frames = [SampleMail.Frame("/srv/shop/sessions.py", "_get", "return self._cache")]
      var inner = SampleMail()
      (inner.type, inner.value) = ("ServerDown", "error 47 from memcached_get(x): SERVER HAS FAILED")
      inner.frames = [SampleMail.Frame("/srv/shop/cache.py", "get", "return self.cache.get(key)")]
      inner.subject = subject
      let joint = "\nDuring handling of the above exception, another exception occurred:\n\n"
      return SampleMail.outcome(inner.mail("\(outer.traceback)\(joint)\(inner.traceback)"))
    }
    #expect(outcome("[Shop] error 47 from memcached_get(x): SERVER HAS FAILED") == "report")
    #expect(outcome("[Shop] job failed") == "ambiguous-report")
    let forged = "[Shop] 'Session' has no attribute '_cache' error 47 from memcached_get(x): SERVER HAS FAILED"
    #expect(outcome(forged) == "ambiguous-report", "the last link stands in the text of the first one")
    #expect(outcome("[Shop] x error 47 from memcached_get(x): SERVER HAS FAILED", first: "x") == "ambiguous-report")
  }
}

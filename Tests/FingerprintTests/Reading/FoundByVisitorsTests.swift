import Testing

@testable import Fingerprint

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

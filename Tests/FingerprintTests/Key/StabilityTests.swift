import Fingerprint
import Testing

/// One sentence per case: what may change in the world without the same bug getting another fingerprint.
struct Change: CustomTestStringConvertible, Sendable {
  let testDescription: String
  let apply: @Sendable (inout SampleMail) -> Void

  init(_ sentence: String, _ apply: @escaping @Sendable (inout SampleMail) -> Void) {
    testDescription = sentence
    self.apply = apply
  }
}

private func move(_ mail: inout SampleMail, from old: String, to new: String) {
  for index in mail.frames.indices where mail.frames[index].file.hasPrefix(old) {
    mail.frames[index].file = new + mail.frames[index].file.dropFirst(old.count)
  }
  mail.pythonPath = mail.pythonPath.map { $0.hasPrefix(old) ? new + $0.dropFirst(old.count) : $0 }
}

@Suite struct StabilityTests {
  static let harmless: [Change] = [
    Change("line numbers shift with a deploy") { mail in
      for index in mail.frames.indices { mail.frames[index].line += 41 }
    },
    Change("the release directory changes") {
      move(&$0, from: "/srv/shop/releases/20250101", to: "/srv/shop/releases/20250202")
    },
    Change("the site moves to /app in a container") { move(&$0, from: "/srv/shop/releases/20250101", to: "/app") },
    Change("the site moves to a home directory") {
      move(&$0, from: "/srv/shop/releases/20250101", to: "/home/kim/shop")
    },
    Change("the site moves to Windows") { mail in
      mail.pythonPath[0] = "C:\\\\sites\\\\shop"
      mail.frames[1].file = "C:\\sites\\shop\\orders\\views.py"
      mail.frames[2].file = "C:\\sites\\shop\\orders\\pricing.py"
    },
    Change("the virtual environment and the Python minor change") {
      move(&$0, from: "/srv/shop/venv/lib/python3.11", to: "/srv/shop/venvs/2025-02/lib/python3.13")
    },
    Change("Python 3.11 prints markers under the code") { mail in
      for index in mail.frames.indices { mail.frames[index].marker = "~~~~~~^^^^^^^^^" }
    },
    Change("a generator expression shows as a frame of its own") { mail in
      mail.frames.append(
        .init(
          "/srv/shop/releases/20250101/orders/pricing.py", "<genexpr>", "return sum(line['price'] for line in lines)"))
    },
    Change("a list comprehension shows as a frame, as before Python 3.12") { mail in
      mail.frames.append(
        .init(
          "/srv/shop/releases/20250101/orders/pricing.py", "<listcomp>", "return sum(line['price'] for line in lines)"))
    },
    Change("the message carries another id") { $0.value = "'price 4711'" },
    Change("the helper is reached from another view") { mail in
      mail.frames[1] = .init("/srv/shop/releases/20250101/orders/views.py", "invoice", "pdf(total(order.lines))")
      mail.view = "orders.views.invoice"
    },
    Change("Django has other frames above the view") { mail in
      mail.frames.insert(
        .init(
          "/srv/shop/venv/lib/python3.11/site-packages/django/core/handlers/exception.py", "inner", "response = g()"),
        at: 0)
    },
    Change("an application performance monitor wraps the call") { mail in
      mail.frames.append(
        .init("/srv/shop/venv/lib/python3.11/site-packages/sentry_sdk/utils.py", "wrapped", "return f(*args)"))
    },
    Change("a library does the failing work inside") { mail in
      mail.frames.append(
        .init("/srv/shop/venv/lib/python3.11/site-packages/money/core.py", "add", "return a['price'] + b"))
    },
    Change("the code is indented differently") {
      $0.frames[2].source = "return  sum(line['price']   for line in lines)"
    },
    Change("another setting module runs the same code") { $0.settings = "shop.settings_staging" },
    Change("the Subject has another prefix and path") {
      $0.subject = "[Staging] ERROR (internal IP): Internal Server Error: /x/"
    },
    Change("the log message differs") { $0.message = "Bad thing in cart 17" },
    Change("sys.path begins with an empty entry") { $0.pythonPath.insert("", at: 0) },
  ]

  @Test("the same bug keeps its fingerprint when", arguments: harmless)
  func keeps(_ change: Change) throws {
    var changed = SampleMail()
    change.apply(&changed)
    let before = try #require(SampleMail().fingerprint)
    #expect(changed.fingerprint == before)
  }

  @Test("a plain traceback in a log mail, a cron mail and mail_admins() names the same error as Django's report")
  func plainTraceback() throws {
    let sample = SampleMail()
    let expected = try #require(sample.fingerprint)
    var log = SampleMail()
    log.subject = "Feed poller: problem"
    #expect(SampleMail.fingerprint(log.mail("feed line could not be handled\n" + sample.traceback)) == expected)
    #expect(SampleMail.fingerprint(log.mail(sample.traceback)) == expected)
    log.subject = "Cron <shop@app1> /srv/shop/venv/bin/python manage.py import"
    #expect(SampleMail.fingerprint(log.mail(sample.traceback)) == expected)
  }

  @Test("frames of Django up to 2.2, without line numbers, read like the newer ones")
  func oldLayout() throws {
    let sample = SampleMail()
    var report = sample.report
    let new = sample.frames.map(\.text).joined()
    let old = sample.frames.map { "\nFile \"\($0.file)\" in \($0.function)\n  \($0.line).     \($0.source)\n" }.joined()
    let start = try #require(report.range(of: new))
    report = report[..<start.lowerBound] + old + report[start.upperBound...]
    let header = try #require(report.range(of: "Traceback (most recent call last):"))
    report = report[..<header.lowerBound] + "Traceback:  " + report[header.upperBound...]
    #expect(SampleMail.fingerprint(sample.mail(report)) == sample.fingerprint)
  }
}

extension String {
  /// The first occurrence of a text (Foundation has this; the tests do without it).
  fileprivate func range(of text: String) -> Range<Index>? {
    var index = startIndex
    while index < endIndex {
      if self[index...].hasPrefix(text) { return index..<self.index(index, offsetBy: text.count) }
      index = self.index(after: index)
    }
    return nil
  }
}

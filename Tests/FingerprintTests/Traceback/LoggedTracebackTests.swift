import Fingerprint
import Testing

/// Tracebacks that stand in what was logged or printed, in other forms than Python's own.
@Suite struct LoggedTracebackTests {
  private static let trace = OwnLayout.traceback

  static let layouts: [(String, OwnLayout)] = [
    (
      "a label with the traceback for its value",
      OwnLayout("[Shop] Task orders.tasks.nightly_totals failed", "Exception: KeyError('price')\nTraceback: \(trace)")
    ),
    ("the record of a log handler", OwnLayout("[Shop] ERROR: totals", "totals: \(trace)")),
    (
      "a cell of a table",
      OwnLayout(
        "[Shop] Task orders.tasks.nightly_totals failed",
        "<table><tr><th>Task</th><td>orders.tasks.nightly_totals</td></tr>"
          + "<tr><th>Traceback</th><td><pre>\(trace)</pre></td></tr></table>", type: "text/html")
    ),
    (
      "a cell of a table that begins with a line end, which is not shown",
      OwnLayout(
        "[Shop] Task orders.tasks.nightly_totals failed",
        "<table><tr><th>Task</th><td>orders.tasks.nightly_totals</td></tr>"
          + "<tr><th>Traceback</th><td><pre>\n\(trace)</pre></td></tr></table>", type: "text/html")
    ),
  ]

  @Test("a header behind other words on its line reads as one below them:", arguments: layouts)
  func inline(_ shows: String, _ mail: OwnLayout) {
    let expected = OwnLayout("[Shop] ERROR: totals", "totals\n\(Self.trace)").fingerprint
    #expect(expected != nil && mail.fingerprint == expected, "\(SampleMail.outcome(mail.bytes))")
  }

  @Test("so it does in what a cron job printed")
  func cron() {
    func mail(_ separator: String) -> String? {
      OwnLayout("Cron <root@web1> totals", "Error:\(separator)\(Self.trace)", headers: "X-Cron-Env: <A=b>\n")
        .fingerprint
    }
    #expect(mail(" ") != nil && mail(" ") == mail("\n"))
  }

  static let others: [(String, String, String)] = [
    ("a sentence about the words", "no-report-structure", "It says Traceback (most recent call last):\nand no more\n"),
    (
      "a quoted traceback", "no-report-structure",
      "He wrote: > Traceback (most recent call last):\n>   File \"a\", line 1, in f\n"
    ),
    ("a human's words in front of it", "quoted-traceback", "Hi, I get this: \(trace)"),
  ]

  @Test("other mail:", arguments: others)
  func isOther(_ shows: String, _ expected: String, _ body: String) {
    let mail = OwnLayout("hm", body, from: "Kim <kim@example.org>", id: OwnLayout.random)
    #expect(SampleMail.outcome(mail.bytes) == expected)
  }

  @Test("a message that ends in a traceback takes nothing from Python's own below it")
  func bothTracebacks() {
    let other = Self.trace.replacing("in total", with: "in price")
    let plain = OwnLayout("[Shop] ERROR", "2026-11-30 06:28:02 ERROR x\n\(Self.trace)", from: "django@example.org")
    let both = OwnLayout(
      "[Shop] ERROR", "2026-11-30 06:28:02 ERROR failed: \(other)\n\(Self.trace)", from: "django@example.org")
    #expect(plain.fingerprint != nil && both.fingerprint == plain.fingerprint)
  }

  /// Django's report of a message without an exception.
  private static func logged(_ message: String) -> FingerprintedReport? {
    var mail = SampleMail()
    mail.subject = "[Shop] ERROR: " + message.replacing("\n", with: "\\n")
    let report =
      "\(message)\n\nReport\n\(message)\n\nDjango Version: 5.2\nPython Executable: /usr/bin/python3\n\n\n"
      + "Traceback (most recent call last):\n  None\n\n\nRequest data not supplied\n\nSettings:\n"
    return SampleMail.report(mail.mail(report))
  }

  /// `traceback.format_exception` gives a list.
  private static func list(_ text: String) -> String {
    var items: [String] = []
    for line in text.split(separator: "\n") {
      let text = line.replacing("'", with: "\\'")
      if line.hasPrefix("    "), let last = items.popLast() {
        items.append(last + text + "\\n")
      } else {
        items.append(text + "\\n")
      }
    }
    return "[" + items.map { "'\($0)'" }.joined(separator: ", ") + "]"
  }

  static let messages: [(String, @Sendable (String) -> String)] = [
    ("behind words of the message", { "Nightly import failed: \($0)" }),
    ("as a list of lines", { list($0) }),
    (
      "as frames alone",
      { "Error in worker\n" + $0.split(separator: "\n").dropFirst().dropLast().joined(separator: "\n") }
    ),
  ]

  @Test("a logged traceback names its error, and two errors do not meet:", arguments: messages.indices)
  func isLogged(_ index: Int) throws {
    let message = Self.messages[index].1
    let one = try #require(Self.logged(message(Self.trace)))
    #expect(one.place == "orders/pricing.py in total")
    let two = try #require(Self.logged(message(Self.trace.replacing("in total", with: "in price"))))
    #expect(one.fingerprint != two.fingerprint)
    #expect(one.fingerprint == Self.logged(message(Self.trace.replacing("line 7", with: "line 9")))?.fingerprint)
  }

  @Test("what stands before a logged traceback is no part of its name")
  func words() {
    let names = ["apple-bacon", "kilo-march"].map {
      Self.logged("Failed 'refresh' (\($0)) - x : \(Self.trace)")?.fingerprint
    }
    #expect(names[0] != nil && names[0] == names[1])
  }

  @Test("the first word of the message tells log calls apart: a visitor's words in one hide no traceback of another")
  func firstWord() throws {
    let plain = try #require(Self.logged(Self.trace))
    let mine = try #require(Self.logged("Cannot sell \n\(Self.trace)"))
    let another = try #require(Self.logged("Import of \(Self.trace)"))
    #expect(Set([plain, mine, another].map(\.fingerprint)).count == 3)
    for numbers in ["2026-11-30 06:28 ", "[7] ", "17: "] {
      #expect(Self.logged(numbers + Self.trace)?.fingerprint == plain.fingerprint, "\(numbers)")
    }
    // What was told before words counted is not told anew.
    #expect(mine.previous.contains(plain.fingerprint))
  }

  @Test("the name that the message gave to an error before is claimed")
  func earlier() throws {
    let message = "Nightly import failed: Traceback (most recent call last):"
    let before = try #require(Self.logged(message + "\nx"))
    let now = try #require(Self.logged("Nightly import failed: \(Self.trace)"))
    #expect(!before.previous.isEmpty && before.previous.allSatisfy(now.previous.contains))
  }
}

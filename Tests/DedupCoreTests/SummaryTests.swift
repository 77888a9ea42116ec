import DedupCore
import MailMessage
import Testing

@Suite struct SummaryTests {
  static let builder = SummaryBuilder(top: 20, utcOffsetMinutes: 60, hostname: "relay.example.org")

  static let days = [
    "stormy": SummaryFacts.stormy,
    "ordinary": .facts(Totals(passed: 120)),
    "silent": .facts(Totals()),
    "unclear": .facts(
      Totals(passed: 1, doubtful: 1), queue: QueueStatus(waiting: 1, oldest: SummaryFacts.end, octets: 100)),
    "one-known": .facts(
      Totals(forwarded: 1),
      [.error("1:0123456789abcdef", "KeyError: 'sku'", forwarded: 1, suppressed: 0, before: 1, hours: [0: 1])]),
    "one-held": .facts(
      Totals(forwarded: 1, suppressed: 1),
      [.error("1:0123456789abcdef", "KeyError", isNew: true, forwarded: 1, suppressed: 1, before: 0, hours: [9: 2])]),
  ]

  @Test(arguments: days.keys.sorted())
  func looksAsAgreed(_ name: String) throws {
    let summary = Self.builder.build(try #require(Self.days[name]))
    expectGolden("summary-\(name).txt", "Subject: \(summary.subject)\n\n\(summary.text)")
    expectGolden("summary-\(name).html", summary.html)
    for line in summary.text.split(separator: "\n") { #expect(DisplayText.columns(of: String(line)) <= 78) }
  }

  @Test func listsTheTopAndCountsTheRest() {
    var builder = Self.builder
    builder.top = 2
    let text = builder.build(.stormy).text
    #expect(text.contains("4 more errors with 130 mails are not listed."))
    builder.top = -1
    #expect(builder.build(.stormy).text.contains("6 more errors with 1,446 mails are not listed."))
  }

  @Test func mailTextNeverBecomesMarkupOrCommandsATerminal() {
    let summary = Self.builder.build(.stormy)
    #expect(!summary.html.contains("<script") && summary.html.contains("&lt;script&gt;"))
    for part in [summary.text, summary.html, summary.subject] {
      let hidden = part.unicodeScalars.filter { ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) }
      #expect(hidden.isEmpty)
      #expect(!part.unicodeScalars.contains("\u{202E}"))
    }
  }

  @Test func htmlFetchesNothing() {
    let html = Self.builder.build(.stormy).html
    for forbidden in ["<script", "<img", "<svg", "http:", "https:", "data:", "url(", "<link", "@import"] {
      #expect(!html.contains(forbidden))
    }
  }

  @Test func tenThousandErrorsStaySmallAndQuick() {
    var random = SplitMix(seed: 11)
    let long = String(repeating: "<&\"'> ü 日本 ", count: 300)
    let errors = (0..<10_000).map { number in
      SummaryFacts.ErrorFacts.error(
        "1:\(number)\(number)abcdefgh", long + String(number), isNew: number.isMultiple(of: 3),
        forwarded: Int.random(in: 0...9, using: &random), suppressed: Int.random(in: 0...999, using: &random),
        before: Int.random(in: 0...999, using: &random),
        hours: Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, Int.random(in: 0...99, using: &random)) }),
        site: long, place: long)
    }
    let facts = SummaryFacts.facts(
      Totals(forwarded: errors.map(\.forwarded).reduce(0, +), suppressed: errors.map(\.suppressed).reduce(0, +)), errors
    )
    var builder = Self.builder
    builder.top = 10_000
    let clock = ContinuousClock()
    var summary = Summary(subject: "", text: "", html: "", hostname: "")
    for top in [20, 10_000] {
      builder.top = top
      // The bar is 2 s for a release build on a quiet machine with the default of 20.
      let time = clock.measure { summary = builder.build(facts) }
      if top == 20 { #expect(time < .seconds(10)) }
      #expect(summary.html.utf8.count < 90_000)
      #expect(summary.html.hasSuffix("</html>\n"))
      #expect(summary.html.contains("more errors with"))
    }
    for line in summary.text.split(separator: "\n") { #expect(DisplayText.columns(of: String(line)) <= 78) }
  }

  @Test func damagedFactsDoNotTrap() {
    let ends = [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)]
    for time in ends {
      var error = SummaryFacts.ErrorFacts.error("", "", forwarded: .max, suppressed: .max, before: .min, hours: [:])
      error.hours = [.max, .min, .max, 0]
      (error.firstSeen, error.lastSeen) = (time, time)
      var other = error
      (other.forwarded, other.suppressed, other.before) = (.min, .min, .max)
      other.hours = Array(repeating: .max, count: 1000)
      let facts = SummaryFacts(
        from: time, to: ends[0], totals: Totals(passed: 1, doubtful: 2, forwarded: 3, suppressed: -4),
        errors: [error, other, error], queue: QueueStatus(waiting: .max, oldest: time, octets: .min), senders: [],
        recipients: [])
      for offset in [Int.min, 0, .max] {
        let summary = SummaryBuilder(top: .max, utcOffsetMinutes: offset, hostname: "\r\n").build(facts)
        #expect(!summary.text.isEmpty)
      }
    }
  }

  @Test func whatRulesSilenceIsCountedAndNotListed() {
    var facts = SummaryFacts.stormy
    facts.errors[1].isSilenced = true
    let summary = Self.builder.build(facts)
    let sentence = "1 error with 1,315 mails is silenced by your rules and not listed."
    for text in [summary.text, summary.html] {
      #expect(text.contains(sentence))
      #expect(!text.contains("too many clients"))
      #expect(text.contains("Redis"))
    }
    #expect(summary.subject == Self.builder.build(.stormy).subject)
    #expect(!Self.builder.build(.stormy).text.contains("silenced"))
  }

  @Test func isAMailThatNobodyAnswers() {
    let message = Self.builder.build(.stormy).message(
      from: EmailAddress("root@shop.example.org"), to: [EmailAddress("admin@example.org")],
      id: QueueID(at: noon, salt: 1), date: noon)
    expectGolden("summary-stormy.eml", message.text)
    let lines = message.split(separator: 0x0A, omittingEmptySubsequences: false)
    #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && $0.count <= 79 })
    #expect(message.allSatisfy { $0 < 0x80 })
  }
}

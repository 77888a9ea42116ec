import DedupCore
import MailMessage
import MailTestKit
import RelayMail
import Testing

@Suite struct SummaryTests {
  static let builder = SummaryBuilder(top: 20, utcOffsetMinutes: 60, hostname: "relay.example.org")

  static let days: [String: SummaryFacts] = [
    "stormy": SummaryFacts.stormy,
    "week": SummaryFacts.weekly,
    "site": SummaryFacts.partial,
    "ordinary": .facts(Totals(passed: 120)),
    "silent": .facts(Totals()),
    "unclear": .facts(
      Totals(passed: 1, doubtful: 1), queue: QueueStatus(waiting: 1, oldest: SummaryFacts.day.to, octets: 100)),
    "one-known": .facts(
      Totals(forwarded: 1),
      [
        FixtureError(
          fingerprint: "1:0123456789abcdef", title: "KeyError: 'sku'",
          sites: [SiteCounts.fixture(forwarded: 1, before: 1, earlier: 4)], cells: [0: 1])
      ]),
    "one-held": .facts(
      Totals(forwarded: 1, suppressed: 1),
      [
        FixtureError(
          fingerprint: "1:0123456789abcdef", title: "KeyError",
          sites: [SiteCounts.fixture(isNew: true, forwarded: 1, suppressed: 1)], cells: [9: 2])
      ]),
  ]

  @Test(
    "a summary looks as agreed",
    arguments: days.keys.sorted())
  func looksAsAgreed(_ name: String) throws {
    let summary = Self.builder.build(try #require(Self.days[name]))
    expectGolden("summary-\(name).txt", "Subject: \(summary.subject)\n\n\(summary.text)")
    expectGolden("summary-\(name).html", summary.html)
    for line in summary.text.split(separator: "\n") { #expect(DisplayText.columns(of: String(line)) <= 78) }
  }

  @Test("what is not listed is counted, section by section")
  func listsTheTopAndCountsTheRest() {
    var builder = Self.builder
    builder.top = 4
    let text = builder.build(.stormy).text
    #expect(text.contains("2 more errors with 220 mails are not listed."))
    #expect(text.contains("2 errors with 90 mails are not listed."))
    #expect(text.contains("1 error is not listed."))
    builder.top = -1
    #expect(builder.build(.stormy).text.contains("6 errors with 1,556 mails are not listed."))
  }

  @Test("the text of a mail never becomes markup or commands a terminal")
  func mailTextNeverBecomesMarkupOrCommandsATerminal() {
    let summary = Self.builder.build(.stormy)
    #expect(!summary.html.contains("<script") && summary.html.contains("&lt;script&gt;"))
    for part in [summary.text, summary.html, summary.subject] {
      let hidden = part.unicodeScalars.filter { ($0.value < 0x20 && $0 != "\n") || (0x7F...0x9F).contains($0.value) }
      #expect(hidden.isEmpty)
      #expect(!part.unicodeScalars.contains("\u{202E}"))
    }
  }

  @Test("sites of one name count as one: a name twice in a line tells nothing")
  func sitesOfOneName() {
    func text(_ sites: [SiteCounts]) -> String {
      let error = FixtureError(fingerprint: "1:abcdef01", title: "KeyError", sites: sites, cells: [:])
      return Self.builder.build(.facts(Totals(forwarded: 6), [error])).text
    }
    let twice = (1...2).map { SiteCounts.fixture("shop", row: $0, forwarded: 3) }
    #expect(text(twice).contains("site  shop\n"))
    #expect(text(twice + [SiteCounts.fixture("blog", row: 3, forwarded: 1)]).contains("site  shop 6, blog 1\n"))
  }

  @Test("the HTML fetches nothing")
  func htmlFetchesNothing() {
    let html = Self.builder.build(.stormy).html
    for forbidden in ["<script", "<img", "<svg", "http:", "https:", "data:", "url(", "<link", "@import"] {
      #expect(!html.contains(forbidden))
    }
  }

  @Test("however many errors there are and however long their texts, a mail client shows all of it")
  func tenThousandErrorsStaySmall() {
    var random = SplitMix(seed: 11)
    let long = String(repeating: "<&\"'> ü 日本 ", count: 300)
    let marks = "e" + String(repeating: "\u{301}", count: 100_000)
    let errors = (0..<10_000).map { number in
      FixtureError(
        fingerprint: "1:\(number)\(number)abcdefgh", title: (number.isMultiple(of: 7) ? marks : long) + String(number),
        sites: (0..<Int.random(in: 1...9, using: &random)).map { _ in
          SiteCounts.fixture(
            long, isNew: number.isMultiple(of: 3), forwarded: Int.random(in: 0...9, using: &random),
            suppressed: Int.random(in: 0...999, using: &random), before: Int.random(in: 0...999, using: &random))
        },
        cells: Dictionary(uniqueKeysWithValues: (0..<48).map { ($0, Int.random(in: 0...99, using: &random)) }),
        place: long)
    }
    var facts = SummaryFacts.facts(Totals(forwarded: 10, suppressed: 100), errors, cells: 48)
    facts.silences = (0..<1000).map { _ in
      SilenceFacts(scope: long, author: long, reason: long, endsAt: SummaryFacts.day.to, held: .max)
    }
    facts.doubts = (0..<1000).map { .init(reason: long, mails: $0) }
    facts.queue = QueueStatus(waiting: 1, oldest: SummaryFacts.start, octets: 1)
    (facts.lastFailure, facts.site) = (long, long)
    facts.health = RelayHealth(spoolWaiting: 1, refused: 1, setAside: (0..<1000).map { _ in long })
    for top in [20, 10_000] {
      var builder = Self.builder
      builder.top = top
      let summary = builder.build(facts)
      #expect(summary.html.utf8.count < 90_000 && summary.text.utf8.count < 300_000)
      #expect(summary.html.hasSuffix("</html>\n"))
      #expect(summary.html.contains("more errors with") && summary.html.contains("dedupctl show"))
      for line in summary.text.split(separator: "\n") { #expect(DisplayText.columns(of: String(line)) <= 78) }
    }
  }

  @Test("damaged facts do not trap")
  func damagedFactsDoNotTrap() {
    let ends = [Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)]
    for (time, other) in [(ends[0], ends[1]), (ends[1], ends[0]), (ends[0], ends[0])] {
      let period = SummaryPeriod(from: time, to: other)
      let full = SiteCounts(
        site: "", firstSeen: other, lastSeen: time, forwarded: .max, suppressed: .max, before: .min, earlier: .max,
        episode: .init(start: time, quietBefore: other.since(time), isRegression: false))
      let empty = SiteCounts(
        site: "", firstSeen: time, lastSeen: time, forwarded: .min, suppressed: .min, before: .max, earlier: .min)
      let ranking = SummaryRanking(["": [full, empty, full], "1": [empty], "2": [full]], in: period, limit: .max)
      var facts = SummaryFacts(
        period: period, totals: Totals(passed: 1, doubtful: 2, forwarded: 3, suppressed: -4), errors: ranking.listed,
        queue: QueueStatus(waiting: .max, oldest: time, octets: .min))
      facts.standings = [.new: .init(errors: .min, arrivals: .max), .ongoing: .init(errors: .max, arrivals: .min)]
      facts.cells = [.max, .min, .max, 0]
      facts.hoursPerCell = 1 << 40
      facts.errors[0].cells = Array(repeating: .max, count: 1000)
      facts.silences = [SilenceFacts(scope: "", author: "", reason: "", endsAt: time, held: .min)]
      facts.damaged = .max
      for offset in [Int.min, 0, .max] {
        let summary = SummaryBuilder(top: .max, utcOffsetMinutes: offset, hostname: "\r\n").build(facts)
        #expect(!summary.text.isEmpty)
      }
    }
  }

  @Test("what rules silence is counted and not listed")
  func whatRulesSilenceIsCountedAndNotListed() {
    var errors = SummaryFacts.fixtures
    errors[0].sites = errors[0].sites.map { site in
      var site = site
      site.isSilenced = true
      return site
    }
    let summary = Self.builder.build(.facts(SummaryFacts.stormy.totals, errors))
    let sentence = "1 error with 1,315 mails is silenced by your rules and not listed."
    for text in [summary.text, summary.html] {
      #expect(text.contains(sentence))
      #expect(!text.contains("too many clients"))
      #expect(text.contains("Redis"))
    }
    #expect(summary.subject.contains("8 errors (2 new"))
    #expect(!Self.builder.build(.stormy).text.contains("silenced by"))
  }

  @Test("a summary is a mail that nobody answers")
  func isAMailThatNobodyAnswers() {
    let message = Self.builder.build(.stormy).message(
      from: EmailAddress("root@shop.example.org"), to: [EmailAddress("admin@example.org")],
      id: QueueID(at: noon, salt: 1), date: noon)
    expectGolden("summary-stormy.eml", message.text)
    let lines = message.split(separator: 0x0A, omittingEmptySubsequences: false)
    #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && $0.count <= 79 })
    #expect(message.allSatisfy { $0 < 0x80 })
  }
}

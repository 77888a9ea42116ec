import DedupCore
import MailTestKit

/// An error of a made-up period, in the sites that it was seen in.
struct FixtureError {
  var fingerprint: String
  var title: String
  var sites: [SiteCounts]
  /// Arrivals by hour of the period, or by the cells of it.
  var cells: [Int: Int]
  var place = "shop/pricing.py in bulk_price"
  var variants = VariantSpread()
}

extension SummaryFacts {
  /// As the store would make them of these errors.
  static func facts(
    _ totals: Totals, _ errors: [FixtureError] = [], period: SummaryPeriod = day, cells: Int = 24,
    queue: QueueStatus = QueueStatus(), listed: Int = 200
  ) -> SummaryFacts {
    let counts = Dictionary(uniqueKeysWithValues: errors.map { ($0.fingerprint, $0.sites) })
    let ranking = SummaryRanking(counts, in: period, limit: listed)
    let known = Dictionary(uniqueKeysWithValues: errors.map { ($0.fingerprint, $0) })
    let described = ranking.listed.map { error in
      var error = error
      guard let fixture = known[error.fingerprint] else { return error }
      (error.title, error.place, error.variants) = (fixture.title, fixture.place, fixture.variants)
      error.cells = (0..<cells).map { fixture.cells[$0] ?? 0 }
      return error
    }
    var facts = SummaryFacts(period: period, totals: totals, errors: described, queue: queue)
    (facts.standings, facts.silenced) = (ranking.standings, ranking.silenced)
    facts.cells = (0..<cells).map { cell in errors.map { $0.cells[cell] ?? 0 }.reduce(0, +) }
    facts.hoursPerCell = Int(period.length.components.seconds) / 3600 / cells
    return facts
  }

  private static func back(after quiet: Duration, isRegression: Bool = false) -> SiteCounts.Episode {
    .init(start: start.advanced(by: .seconds(4000)), quietBefore: quiet, isRegression: isRegression)
  }

  private static let outage = FixtureError(
    fingerprint: "1:3f2a9c51d0e4b677", title: "OperationalError: FATAL: sorry, too many clients already",
    sites: [
      SiteCounts.fixture(row: 1, isNew: true, forwarded: 5, suppressed: 1205),
      SiteCounts.fixture("shop.settings.staging", row: 2, isNew: true, forwarded: 2, suppressed: 103),
    ],
    cells: [5: 3, 6: 410, 7: 620, 8: 250, 9: 32], place: "django.db: no connection slots left in PostgreSQL")

  private static let hostile = FixtureError(
    fingerprint: "1:c0ffee00c0ffee00",
    title: "ValueError: <script>alert('x')</script> & a title that goes on and on, far beyond what any line of a mail "
      + "or a terminal can show, \u{1B}[31mred\u{1B}[0m\r\nand \u{202E}backwards\u{202C} too",
    sites: [SiteCounts.fixture("日本語.設定", isNew: true, forwarded: 1)], cells: [23: 1],
    place: "shop/views/\u{0}checkout.py in <lambda>")

  /// Known in staging, seen in production for the first time.
  private static let promoted = FixtureError(
    fingerprint: "1:1d2e3f4a5b6c7d8e", title: "AttributeError: 'NoneType' object has no attribute 'price'",
    sites: [
      SiteCounts.fixture("shop.settings.staging", row: 2, forwarded: 1, suppressed: 3, before: 4, earlier: 22),
      SiteCounts.fixture(row: 1, isNew: true, forwarded: 1, suppressed: 8),
    ], cells: [9: 4, 14: 5, 15: 4])

  private static let returned = [
    FixtureError(
      fingerprint: "1:0123456789abcdef", title: "KeyError: 'sku'",
      sites: [
        SiteCounts.fixture(
          "shop.settings.staging", row: 2, forwarded: 3, suppressed: 37, episode: back(after: .seconds(5 * 86_400)))
      ], cells: [1: 10, 2: 30]),
    FixtureError(
      fingerprint: "1:9a8b7c6d5e4f3a2b", title: "Http404: No Product matches the given query.",
      sites: [
        SiteCounts.fixture(
          row: 1, forwarded: 1, suppressed: 6, earlier: 3, episode: back(after: .seconds(50 * 3600), isRegression: true)
        )
      ], cells: [12: 3, 13: 4]),
  ]

  private static let usual = [
    FixtureError(
      fingerprint: "1:ab54a98ceb1f0ad2", title: "RuntimeError: invoice number is taken",
      sites: [SiteCounts.fixture(row: 1, forwarded: 9, suppressed: 171, before: 60, earlier: 371)],
      cells: Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, $0 < 12 ? 2 : 13) }),
      variants: VariantSpread(texts: 3, places: 2)),
    FixtureError(
      fingerprint: "1:5b7e0a91c2d3e4f5", title: "ConnectionError: Redis is loading the dataset in memory",
      sites: [SiteCounts.fixture(row: 1, forwarded: 2, suppressed: 38, before: 92, earlier: 430)],
      cells: [8: 30, 9: 10]),
    FixtureError(
      fingerprint: "1:77aa88bb99cc00dd", title: "IntegrityError: duplicate key value violates unique constraint",
      sites: [SiteCounts.fixture(row: 1, forwarded: 4, suppressed: 46, before: 48, earlier: 350)],
      cells: Dictionary(uniqueKeysWithValues: (0..<24).map { ($0, 1 + $0 % 4) })),
    FixtureError(
      fingerprint: "1:feedfacefeedface", title: "TimeoutError: the payment provider did not answer",
      sites: [SiteCounts.fixture(row: 1, before: 17, earlier: 31)], cells: [:]),
  ]

  static let fixtures = [outage, hostile, promoted] + returned + usual

  /// A day with one error of each kind, hostile text, and trouble with the next hop.
  static let stormy: SummaryFacts = {
    let end = day.to
    var facts = SummaryFacts.facts(
      Totals(passed: 214, doubtful: 2, forwarded: 29, suppressed: 1617), fixtures,
      queue: QueueStatus(waiting: 3, oldest: end.advanced(by: .seconds(-5400)), octets: 84_211))
    facts.lastFailure = "smtp.example.net:587: 451 4.7.1 greylisted, try again later"
    facts.doubts = [Doubt(reason: "doubt/truncated-report", mails: 2)]
    facts.silences = [
      SilenceFacts(
        scope: "TimeoutError in shop.settings.production", author: "anna", reason: "provider works on it",
        endsAt: end.advanced(by: .seconds(30_000)), held: 1204)
    ]
    facts.health = RelayHealth(
      spoolWaiting: 0, refused: 0, setAside: ["/var/lib/maildedup/dedup.sqlite.damaged-20261121T120000Z"])
    return facts
  }()

  /// The same in seven days.
  static let weekly: SummaryFacts = {
    var facts = SummaryFacts.facts(
      Totals(passed: 1502, forwarded: 29, suppressed: 1617),
      fixtures.map { error in
        var error = error
        error.cells = Dictionary(uniqueKeysWithValues: error.cells.map { (($0.key * 5) % 42, $0.value) })
        return error
      }, period: week, cells: 42)
    facts.hoursPerCell = 4
    return facts
  }()

  /// A part of it for one site.
  static let partial: SummaryFacts = {
    var facts = SummaryFacts.facts(
      Totals(forwarded: 16, suppressed: 261), Array(usual), queue: QueueStatus(waiting: 1, oldest: day.to, octets: 100))
    (facts.site, facts.isPartial) = ("shop.settings.production", true)
    return facts
  }()
}

import DedupCore
import MailTestKit
import Testing

@Suite("How an error stands in a period")
struct StandingTests {
  struct Case: CustomTestStringConvertible {
    var shows: String
    var site: SiteCounts
    var standing: Standing
    var testDescription: String { shows }
  }

  private static func back(hours: Int, isRegression: Bool = false) -> SiteCounts.Episode {
    .init(
      start: SummaryFacts.start.advanced(by: .seconds(60)), quietBefore: .seconds(3600 * hours),
      isRegression: isRegression)
  }

  private static let earlierEpisode = SiteCounts.Episode(
    start: SummaryFacts.start.advanced(by: .seconds(-60)), quietBefore: .seconds(1_000_000), isRegression: true)

  @Test(
    "the standing of an error follows from what it did in the day and before",
    arguments: [
      Case(shows: "never seen before", site: SiteCounts.fixture(isNew: true, forwarded: 1), standing: .new),
      Case(
        shows: "new and back in the same period: new",
        site: SiteCounts.fixture(isNew: true, forwarded: 2, episode: back(hours: 40)),
        standing: .new),
      Case(
        shows: "back after 37 hours", site: SiteCounts.fixture(forwarded: 1, episode: back(hours: 37)), standing: .again
      ),
      Case(
        shows: "a job that failed last night, too",
        site: SiteCounts.fixture(forwarded: 1, before: 1, episode: back(hours: 24)),
        standing: .ongoing),
      Case(
        shows: "back within a day, but resolved",
        site: SiteCounts.fixture(forwarded: 1, episode: back(hours: 3, isRegression: true)),
        standing: .regression),
      Case(
        shows: "it came back before the period",
        site: SiteCounts.fixture(forwarded: 1, before: 1, episode: earlierEpisode),
        standing: .ongoing),
      Case(
        shows: "one became three", site: SiteCounts.fixture(forwarded: 3, before: 1, earlier: 7), standing: .ongoing),
      Case(
        shows: "ten became twenty", site: SiteCounts.fixture(suppressed: 20, before: 10, earlier: 70), standing: .rising
      ),
      Case(
        shows: "ten became nineteen", site: SiteCounts.fixture(suppressed: 19, before: 10, earlier: 70),
        standing: .ongoing
      ),
      Case(
        shows: "far above yesterday, but as on most days",
        site: SiteCounts.fixture(suppressed: 50, before: 5, earlier: 310),
        standing: .ongoing),
      Case(
        shows: "far above most days, but as yesterday",
        site: SiteCounts.fixture(suppressed: 50, before: 45, earlier: 60),
        standing: .ongoing),
      Case(
        shows: "none the day before and hardly ever", site: SiteCounts.fixture(suppressed: 12, earlier: 3),
        standing: .rising),
      Case(shows: "only before", site: SiteCounts.fixture(before: 4, earlier: 9), standing: .quiet),
    ])
  func standing(_ test: Case) { #expect(test.site.standing(in: SummaryFacts.day) == test.standing) }

  @Test(
    "the mean counts the days since the error was first seen, seven at most",
    arguments: [(1, 14, 14.0), (2, 14, 7.0), (7, 14, 2.0), (300, 14, 2.0)])
  func mean(_ days: Int, _ earlier: Int, _ mean: Double) {
    var site = SiteCounts.fixture(forwarded: 1, earlier: earlier)
    site.firstSeen = SummaryFacts.start.advanced(by: .seconds(-86_400 * days + 60))
    #expect(Frequency([site], in: SummaryFacts.day).mean == mean)
  }

  @Test("of several sites the most urgent standing counts, and a rise that only shows in the sum")
  func sites() {
    let known = SiteCounts.fixture("staging", forwarded: 9)
    let cases: [([SiteCounts], Standing)] = [
      ([known, SiteCounts.fixture("production", isNew: true, forwarded: 1)], .new),
      ([known, SiteCounts.fixture("production", before: 5)], .ongoing),
      (
        [SiteCounts.fixture("a", suppressed: 7, before: 1), SiteCounts.fixture("b", suppressed: 7, before: 1)], .rising
      ),
      ([SiteCounts.fixture("a", before: 1), SiteCounts.fixture("b", before: 1)], .quiet),
    ]
    for (sites, standing) in cases {
      let ranking = SummaryRanking(["1:aa": sites], in: SummaryFacts.day, limit: 9)
      #expect(ranking.listed.map(\.standing) == [standing])
      #expect(ranking.standings == [standing: .init(errors: 1, arrivals: sites.map(\.arrivals).reduce(0, +))])
    }
  }

  @Test("urgent ones first, then by arrivals; what is not listed is in the sums; what was seen long ago only is not")
  func order() {
    var errors = [
      "1:steady": [SiteCounts.fixture(forwarded: 900, before: 900, earlier: 6300)],
      "1:rare": [SiteCounts.fixture(forwarded: 1, before: 1)],
      "1:new": [SiteCounts.fixture(isNew: true, forwarded: 1)],
      "1:gone": [SiteCounts.fixture(before: 5)],
      "1:old": [SiteCounts.fixture(earlier: 5)],
      "1:silent": [SiteCounts.fixture(suppressed: 70, isSilenced: true)],
    ]
    let ranking = SummaryRanking(errors, in: SummaryFacts.day, limit: 3)
    #expect(ranking.listed.map(\.fingerprint) == ["1:new", "1:steady", "1:rare"])
    #expect(ranking.standings[.quiet] == .init(errors: 1, arrivals: 0))
    #expect(ranking.silenced == .init(errors: 1, arrivals: 70))
    #expect(ranking.totals == Totals(forwarded: 902, suppressed: 70))
    errors["1:silent"]?.append(SiteCounts.fixture("other", forwarded: 1, before: 1))
    #expect(SummaryRanking(errors, in: SummaryFacts.day, limit: 9).silenced == .init())
  }
}

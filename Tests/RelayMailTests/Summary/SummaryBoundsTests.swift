import DedupCore
import MailTestKit
import Testing

@testable import RelayMail

/// What bounds the store is told, or somebody would look for what is gone.
@Suite("What a summary says of bounds") struct SummaryBoundsTests {
  @Test("errors that were forgotten, sites that joined, doubts that were held back and removed: each is told")
  func told() {
    var facts = SummaryFacts(period: SummaryFacts.day, totals: Totals(forwarded: 1))
    #expect(SummaryRelay.lines(facts, clock: SummaryClock(utcOffsetMinutes: 0)).count { $0.isTrouble } == 0)
    (facts.dropped.errors, facts.dropped.joined, facts.dropped.doubts) = (2000, 1, 3)
    facts.heldDoubts = 490
    let texts = SummaryRelay.lines(facts, clock: SummaryClock(utcOffsetMinutes: 0)).filter(\.isTrouble).map(\.text)
    #expect(
      texts == [
        "2,000 errors that each came long ago or once only forgotten: a sender had more than 18,000",
        "1 new error of sites that were never seen before filed under one: so many such sites came at once",
        "3 unclear mails that had been held back removed: too many",
      ])
    #expect(
      SummaryRelay.doubts([], held: 490) == ["490 mails held back, too many alike. See: dedupctl queue list --held"])
  }
}

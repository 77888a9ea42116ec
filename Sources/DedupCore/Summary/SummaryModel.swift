import MailMessage

/// What both parts of a summary say, in words and in order, with nothing in it that has to be cleaned any more.
struct SummaryModel {
  let hostname: String
  /// `Sat 2026-11-21 08:00 to Sun 2026-11-22 08:00 (UTC+01:00)`.
  let period: String
  let subject: String
  /// The most important thing in a few words.
  let headline: String
  /// One or two sentences that say how it was.
  let story: String
  /// Forwarded against held back; empty when no error report arrived.
  let balance: [(label: String, count: String)]
  /// What came beside error reports; nil when nothing did.
  let others: String?
  /// Arrivals of all errors; nil when there were none.
  let chart: SummaryChart?
  let sections: [Section]
  /// The errors that rules of the admin silence; nil when there are none.
  let silenced: String?
  let silences: [String]
  let doubts: [String]
  let relay: [SummaryRelay.Line]
  /// How to read the bars.
  let legend: String

  /// Errors of the same urgency.
  struct Section {
    var title: String
    /// Listed or not.
    var all: SummaryFacts.Share
    /// The ones that are listed.
    var entries: [SummaryEntry]

    /// What is not listed when only the first `count` entries are, e.g. `12 more with 340 mails are not listed.`; nil
    /// when all are.
    func rest(afterListing count: Int) -> String? {
      let shown = entries.prefix(count)
      let errors = all.errors - shown.count
      guard errors > 0 else { return nil }
      let mails = all.arrivals - shown.map(\.arrivals).sumOfCounts()
      let what = DisplayText.count(errors, shown.isEmpty ? "error" : "more error")
      let with = mails > 0 ? " with \(DisplayText.count(mails, "mail"))" : ""
      return "\(what)\(with) \(errors == 1 ? "is" : "are") not listed. See: dedupctl list"
    }
  }

  init(_ facts: SummaryFacts, top: Int, utcOffsetMinutes: Int, hostname: String) {
    let clock = SummaryClock(utcOffsetMinutes: utcOffsetMinutes)
    let words = SummaryWords(facts)
    self.hostname = DisplayText.oneLine(hostname)
    period = clock.period(facts.period)
    (subject, headline, story) = (words.subject, words.headline, words.story)
    balance = words.balance
    others = words.others
    let chart = SummaryChart(cells: facts.cells, in: facts, clock: clock)
    self.chart = chart.peak == nil ? nil : chart
    sections = Self.sections(facts, top: top, clock: clock)
    silenced = words.silenced
    silences = SummaryRelay.silences(facts.silences, clock: clock)
    doubts = SummaryRelay.doubts(facts.doubts, held: facts.heldDoubts)
    relay = SummaryRelay.lines(facts, clock: clock)
    legend = "Bars: arrivals from \(clock.minute(facts.period.from)) on, each drawn to its own highest."
  }

  private static func sections(_ facts: SummaryFacts, top: Int, clock: SummaryClock) -> [Section] {
    let all = facts.totals.forwarded.saturatingAdding(max(0, facts.totals.suppressed))
    let listed = facts.errors.prefix(max(0, min(top, SummaryBuilder.mostListed)))
    let groups: [(String, [Standing])] = [
      ("Needs attention", [.new, .regression, .again, .rising]), ("Ongoing", [.ongoing]), ("Gone quiet", [.quiet]),
    ]
    return groups.compactMap { title, standings in
      var share = SummaryFacts.Share()
      for standing in standings {
        let part = facts.standings[standing] ?? .init()
        share.errors = share.errors.saturatingAdding(max(0, part.errors))
        share.arrivals = share.arrivals.saturatingAdding(max(0, part.arrivals))
      }
      let entries = listed.filter { standings.contains($0.standing) }
        .map { SummaryEntry($0, all: all, in: facts, clock: clock) }
      return share.errors > 0 || !entries.isEmpty ? Section(title: title, all: share, entries: entries) : nil
    }
  }
}

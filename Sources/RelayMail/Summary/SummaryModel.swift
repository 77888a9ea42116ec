import DedupCore
import MailMessage

/// The content that both parts of a summary show, in words and in order. None of it needs cleaning any more.
struct SummaryModel {
  let hostname: String
  /// The period, e.g. `Sat 2026-11-21 08:00 to Sun 2026-11-22 08:00 (UTC+01:00)`.
  let period: String
  let subject: String
  /// The most important fact in a few words.
  let headline: String
  /// One or two sentences that describe the period.
  let story: String
  /// The numbers of forwarded and held-back reports with their labels. Empty if no error report arrived.
  let balance: [(label: String, count: String)]
  /// The sentence about mail other than error reports, or nil if there was none.
  let others: String?
  /// The chart of the arrivals of all errors, or nil if there were none.
  let chart: SummaryChart?
  let sections: [Section]
  /// The sentence about errors that rules of the admin silence, or nil if there are none.
  let silenced: String?
  let silences: [String]
  let doubts: [String]
  let relay: [SummaryRelay.Line]
  /// The explanation of the bars.
  let legend: String

  /// A group of errors of similar urgency.
  struct Section {
    var title: String
    /// The number of errors and arrivals of the section, listed or not.
    var all: SummaryFacts.Share
    /// The listed errors.
    var entries: [SummaryEntry]

    /// Returns a sentence about the errors that are not listed if only the first `count` entries are, e.g. `12 more
    /// errors with 340 mails are not listed. See: dedupctl list`, or nil if all are listed.
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
    let listed = facts.errors.prefix(max(0, min(top, SummaryQuery.mostListed)))
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

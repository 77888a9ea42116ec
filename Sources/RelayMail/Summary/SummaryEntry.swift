import DedupCore

/// One error as both parts of the summary show it.
struct SummaryEntry {
  let standing: Standing
  /// The mark of an urgent standing: `NEW`, `REGRESSION`, `AGAIN` or `RISING`. Nil for the others.
  let mark: String?
  /// The explanation of the mark, e.g. `came back after 5 days of quiet`, or nil if the mark needs none.
  let note: String?
  let title: String
  let place: String
  /// The sites with their arrivals, e.g. `shop.production 1,200, shop.staging 115`.
  let sites: String
  /// The id that `dedupctl show` takes.
  let id: String
  let arrivals: Int
  /// The number of different texts and places, e.g. `3 texts, 2 places`, or nil if there is one of each.
  let variants: String?
  /// The numbers of arrived and held-back mails.
  let now: [Number]
  /// The numbers of arrivals in the period before, and on average. Empty for a new error.
  let before: [Number]
  /// The share of all error reports of the period, e.g. `96 %`, or nil if none of the error arrived.
  let share: String?
  /// The trend against the period before: `↑`, `↓`, or `=` for a change within a tenth.
  let trend: String
  /// The times of the first and last mail, e.g. `first seen 2026-11-20 09:12, last 2026-11-22 15:40`.
  let seen: String
  /// The arrivals over time.
  let cells: [Int]
  /// The highest bar in words, e.g. `highest 620 in the hour from 14:00`, or nil if nothing arrived.
  let peak: String?

  struct Number {
    var value: String
    var label: String
  }

  /// Creates the entry of one error.
  ///
  /// - Parameter all: the number of arrivals of all errors of the period.
  init(_ facts: ErrorFacts, all: Int, in summary: SummaryFacts, clock: SummaryClock) {
    let period = summary.period
    let frequency = Frequency(facts.sites, in: period)
    standing = facts.standing
    mark = facts.standing.mark
    note = Self.note(facts, in: period)
    title = DisplayText.oneLine(facts.title, limit: 180)
    place = DisplayText.oneLine(facts.place, limit: 140)
    sites = Self.sites(facts.sites)
    id = Self.shortID(facts.fingerprint)
    arrivals = facts.arrivals
    variants = facts.variants.words
    trend = Self.trend(frequency)
    share = facts.arrivals > 0 ? SummaryWords.share(facts.arrivals, of: all) : nil
    now = [
      Number(value: DisplayText.number(facts.arrivals), label: "arrived"),
      Number(value: DisplayText.number(facts.sites.map(\.suppressed).sumOfCounts()), label: "held back"),
    ]
    let first = facts.sites.map(\.firstSeen).min() ?? period.from
    let last = facts.sites.map(\.lastSeen).max() ?? period.from
    // A new error has no earlier arrivals, and zeros would say nothing.
    before =
      first >= period.from
      ? []
      : [
        Number(value: DisplayText.number(frequency.before), label: period.previousName),
        Number(value: Self.mean(frequency.mean), label: period.meanName),
      ]
    seen = "first seen \(clock.minute(first)), last \(clock.minute(last))"
    cells = facts.cells
    peak = SummaryChart(cells: facts.cells, in: summary, clock: clock).peak
  }

  /// Returns a mean with one decimal place where it matters.
  private static func mean(_ value: Double) -> String {
    let tenths = Int((min(value, 1e15) * 10).rounded())
    guard tenths < 100, !tenths.isMultiple(of: 10) else { return DisplayText.number((tenths + 5) / 10) }
    return "\(tenths / 10).\(tenths % 10)"
  }

  private static func note(_ facts: ErrorFacts, in period: SummaryPeriod) -> String? {
    let standing = facts.standing
    let concerned = facts.sites.filter { $0.standing(in: period) == standing }
    let quiet = concerned.compactMap { $0.episode?.quietBefore }.max().map { SummaryClock.span($0) }
    let text: String? =
      switch standing {
      case .regression: "came back\(quiet.map { " after \($0)" } ?? "") although it was resolved"
      case .again: "came back after \(quiet ?? "a time") of quiet"
      case .new, .rising, .ongoing, .quiet: nil
      }
    guard standing.needsAttention, !concerned.isEmpty, concerned.count < facts.sites.count else { return text }
    let place = "in \(list(concerned.map { DisplayText.oneLine($0.site, limit: 80) }))"
    return text.map { "\($0), \(place)" } ?? "\(standing.word) \(place)"
  }

  /// Returns the sites with their arrivals. Sites of one name (they differ in sender, prefix or recipients) count as
  /// one here.
  private static func sites(_ sites: [SiteCounts]) -> String {
    var counts: [(name: String, arrivals: Int)] = []
    var places: [String: Int] = [:]
    for site in sites {
      if let place = places[site.site] {
        counts[place].arrivals = counts[place].arrivals.saturatingAdding(site.arrivals)
      } else {
        places[site.site] = counts.count
        counts.append((site.site, site.arrivals))
      }
    }
    guard counts.count > 1 else { return DisplayText.oneLine(counts.first?.name ?? "", limit: 80) }
    return list(counts.map { "\(DisplayText.oneLine($0.name, limit: 80)) \(DisplayText.number($0.arrivals))" })
  }

  private static func list(_ names: [String]) -> String {
    let shown = 5
    let rest = names.count > shown ? [DisplayText.count(names.count - shown, "more site")] : []
    return (names.prefix(shown) + rest).joined(separator: ", ")
  }

  private static func trend(_ frequency: Frequency) -> String {
    let (now, before) = (Double(frequency.arrivals), Double(max(0, frequency.before)))
    if now > before * 1.1 { return "↑" }
    return now < before * 0.9 ? "↓" : "="
  }

  /// Returns the short id, like `FingerprintRow.id`. The digest is ours, but the store may be damaged, and the text
  /// ends in a shell command.
  private static func shortID(_ fingerprint: String) -> String {
    let digest = fingerprint.drop { $0 != ":" }.dropFirst()
    return String(digest.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
  }
}

extension Standing {
  /// The word used in `dedupctl`, log and headers.
  var word: String {
    switch self {
    case .new: "new"
    case .regression: "regression"
    case .again: "again"
    case .rising: "rising"
    case .ongoing: "ongoing"
    case .quiet: "quiet"
    }
  }

  fileprivate var mark: String? { needsAttention ? word.uppercased() : nil }
}

extension SummaryPeriod {
  /// The name of the period just before.
  fileprivate var previousName: String {
    switch kind {
    case .day: "day before"
    case .week: "week before"
    case .other: "before"
    }
  }

  /// The name of the mean that arrivals are also compared with.
  fileprivate var meanName: String {
    switch kind {
    case .day: "7-day mean"
    case .week: "4-week mean"
    case .other: "mean"
    }
  }
}

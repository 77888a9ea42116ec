/// One error as both parts of the summary show it.
struct SummaryEntry {
  let section: Section
  let title: String
  let place: String
  let site: String
  /// What `dedupctl show` takes.
  let id: String
  let arrivals: Int
  /// `1,190 arrived: 5 forwarded, 1,185 held back`.
  let counts: String
  /// Of all error reports of the period, e.g. `96 %`.
  let share: String
  let trend: String
  /// `first seen 2026-11-20 09:12, last 2026-11-22 15:40`.
  let seen: String
  /// Arrivals over time in at most 48 cells.
  let cells: [Int]
  /// `highest 620 at 14:00`; nil when nothing arrived.
  let peak: String?

  enum Section: Int, CaseIterable, Comparable {
    case new, known, quiet

    var title: String {
      switch self {
      case .new: "New"
      case .known: "Known before"
      case .quiet: "Quiet now"
      }
    }

    static func < (a: Section, b: Section) -> Bool { a.rawValue < b.rawValue }
  }

  /// - Parameters:
  ///   - all: arrivals of all errors of the period.
  ///   - start: of the period.
  init(_ facts: SummaryFacts.ErrorFacts, all: Int, period start: Timestamp, clock: SummaryClock) {
    section = Self.section(of: facts)
    title = DisplayText.oneLine(facts.title, limit: 180)
    place = DisplayText.oneLine(facts.place, limit: 140)
    site = DisplayText.oneLine(facts.site, limit: 80)
    id = Self.shortID(facts.fingerprint)
    arrivals = facts.arrivals
    let forwarded = DisplayText.number(max(0, facts.forwarded))
    let held = DisplayText.number(max(0, facts.suppressed))
    counts = "\(DisplayText.number(facts.arrivals)) arrived: \(forwarded) forwarded, \(held) held back"
    share = SummaryWords.share(facts.arrivals, of: all)
    trend = Self.trend(facts)
    seen = "first seen \(clock.minute(facts.firstSeen)), last \(clock.minute(facts.lastSeen))"
    cells = Bar.grouped(facts.hours, limit: 48)
    peak = Self.peak(cells, hours: Bar.groupWidth(facts.hours.count, limit: 48), start, clock)
  }

  /// New errors first, then the known ones, each by how often they arrived; the rest only makes the order definite.
  static func isBefore(_ a: SummaryFacts.ErrorFacts, _ b: SummaryFacts.ErrorFacts) -> Bool {
    let (x, y) = (section(of: a), section(of: b))
    if x != y { return x < y }
    if a.arrivals != b.arrivals { return a.arrivals > b.arrivals }
    if a.lastSeen != b.lastSeen { return a.lastSeen > b.lastSeen }
    return (a.fingerprint, a.site) < (b.fingerprint, b.site)
  }

  private static func section(of facts: SummaryFacts.ErrorFacts) -> Section {
    facts.arrivals == 0 ? .quiet : facts.isNew ? .new : .known
  }

  /// Compared with the period before; within a tenth it is the same.
  private static func trend(_ facts: SummaryFacts.ErrorFacts) -> String {
    let (now, before) = (Double(facts.arrivals), Double(facts.before))
    let was = DisplayText.number(max(0, facts.before))
    if facts.isNew, facts.arrivals > 0 { return "new" }
    if facts.arrivals == 0 { return "↓ none, \(was) before" }
    if facts.before <= 0 { return "↑ back, none before" }
    if now > before * 1.1 { return "↑ from \(was)" }
    return now < before * 0.9 ? "↓ from \(was)" : "= \(was) before"
  }

  private static func peak(_ cells: [Int], hours: Int, _ start: Timestamp, _ clock: SummaryClock) -> String? {
    guard let highest = cells.max(), highest > 0, let index = cells.firstIndex(of: highest) else { return nil }
    let time = start.advanced(by: .seconds(3600) * (index * hours))
    let span = hours == 1 ? clock.clock(time) : "\(clock.minute(time)), per \(hours) h"
    return "highest \(DisplayText.number(highest)) at \(span)"
  }

  /// As `FingerprintRow.id`. The digest is ours, but the store may be damaged and the text ends in a shell command.
  private static func shortID(_ fingerprint: String) -> String {
    let digest = fingerprint.drop { $0 != ":" }.dropFirst()
    return String(digest.filter { $0.isASCII && ($0.isLetter || $0.isNumber) }.prefix(8))
  }
}

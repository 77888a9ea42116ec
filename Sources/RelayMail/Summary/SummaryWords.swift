import DedupCore

/// The sentences about a whole period.
struct SummaryWords {
  let subject: String
  let headline: String
  let story: String
  /// The numbers with their labels. Empty if no error report arrived.
  let balance: [(label: String, count: String)]
  /// The sentence about mail other than error reports, or nil if there was none.
  let others: String?
  /// The sentence about errors that rules of the admin silence, or nil if there are none.
  let silenced: String?

  init(_ facts: SummaryFacts) {
    let quiet = facts.totals.forwarded <= 0 && facts.totals.suppressed <= 0
    let words = quiet ? Self.quiet(facts) : Self.busy(facts)
    subject = Self.prefix(facts) + words.subject
    (headline, story) = (words.headline, words.story)
    balance = quiet ? [] : Self.balance(facts.totals)
    others = quiet ? nil : Self.others(facts.totals)
    silenced = Self.silenced(facts.silenced)
  }

  private struct Words {
    var subject: String
    var headline: String
    var story: String
  }

  private static func prefix(_ facts: SummaryFacts) -> String {
    let site = facts.site.map { DisplayText.oneLine($0, limit: 60) + ": " } ?? ""
    switch facts.period.kind {
    case .day: return Letterhead.subject(site)
    case .week: return Letterhead.subject("Week: \(site)")
    case .other: return Letterhead.subject("\(SummaryClock.span(facts.period.length)): \(site)")
    }
  }

  private static func busy(_ facts: SummaryFacts) -> Words {
    let counts = facts.totals
    let seen = Standing.allCases.filter { $0 != .quiet }.map { facts.standings[$0]?.errors ?? 0 }.sumOfCounts()
    let errors = DisplayText.count(seen.saturatingAdding(max(0, facts.silenced.errors)), "error")
    let held = counts.suppressed > 0 ? DisplayText.count(counts.suppressed, "mail") : "nothing"
    let news = urgent(facts)
    return Words(
      subject: "\(errors) (\(news ?? "none new")), \(held) held back",
      headline: headline(facts, news),
      story: story(counts, errors: errors))
  }

  /// Returns the headline, e.g. `2 new errors` or `Errors: 2 new, 1 again`.
  private static func headline(_ facts: SummaryFacts, _ news: String?) -> String {
    guard let news else { return "Nothing new" }
    let new = facts.standings[.new]?.errors ?? 0
    return news == "\(DisplayText.number(new)) \(Standing.new.word)"
      ? DisplayText.count(new, "new error") : "Errors: \(news)"
  }

  /// Returns the errors that need attention, e.g. `2 new, 1 again`, or nil if there are none.
  private static func urgent(_ facts: SummaryFacts) -> String? {
    let parts = Standing.allCases.filter(\.needsAttention).compactMap { standing -> String? in
      guard let errors = facts.standings[standing]?.errors, errors > 0 else { return nil }
      return "\(DisplayText.number(errors)) \(standing.word)"
    }
    return parts.isEmpty ? nil : parts.joined(separator: ", ")
  }

  private static func story(_ counts: Totals, errors: String) -> String {
    let reports = max(0, counts.forwarded).saturatingAdding(max(0, counts.suppressed))
    let arrived = "\(DisplayText.count(reports, "error report")) of \(errors) arrived."
    guard counts.suppressed > 0 else {
      return "\(arrived) Nothing was held back: \(reports == 1 ? "it was" : "all were") forwarded."
    }
    let held = "\(DisplayText.number(counts.suppressed)) (\(share(counts.suppressed, of: reports)))"
    return """
      \(arrived) \(DisplayText.number(counts.forwarded)) \(counts.forwarded == 1 ? "was" : "were") forwarded, and \(held) \
      \(counts.suppressed == 1 ? "was" : "were") held back and counted.
      """
  }

  private static func balance(_ counts: Totals) -> [(label: String, count: String)] {
    let (forwarded, held) = (max(0, counts.forwarded), max(0, counts.suppressed))
    return [
      ("error reports", forwarded.saturatingAdding(held)), ("forwarded", forwarded), ("held back", held),
    ].map { ($0, DisplayText.number($1)) }
  }

  private static func others(_ counts: Totals) -> String? {
    var parts: [String] = []
    if counts.doubtful > 0 {
      let came = counts.doubtful == 1 ? "it came" : "they came"
      parts.append("\(DisplayText.count(counts.doubtful, "unclear mail")) forwarded as \(came)")
    }
    if counts.passed > 0 { parts.append("\(DisplayText.count(counts.passed, "other mail")) passed through") }
    return parts.isEmpty ? nil : "Also: " + parts.joined(separator: ", ") + "."
  }

  private static func quiet(_ facts: SummaryFacts) -> Words {
    let counts = facts.totals
    if facts.isPartial {
      return Words(subject: "All quiet", headline: "All quiet", story: "No error report arrived.")
    }
    if counts.doubtful > 0 {
      let unclear = DisplayText.count(counts.doubtful, "unclear mail")
      let were = counts.doubtful == 1 ? "was" : "were"
      return Words(
        subject: "No error reports, \(unclear)", headline: "No error reports, \(unclear)",
        story: "No error report was recognised. \(unclear) might have been one and \(were) forwarded as it came.")
    }
    if counts.passed > 0 {
      let mails = DisplayText.count(counts.passed, "ordinary mail")
      return Words(
        subject: "All quiet", headline: "All quiet",
        story: "No error report arrived. \(mails) passed through untouched.")
    }
    return Words(
      subject: "All quiet, no mail at all", headline: "All quiet, no mail at all",
      story: """
        No mail arrived. If that surprises you, check that your site still sends its mail through this relay.
        """)
  }

  private static func silenced(_ share: SummaryFacts.Share) -> String? {
    guard share.errors > 0 else { return nil }
    let mails = DisplayText.count(share.arrivals, "mail")
    let are = share.errors == 1 ? "is" : "are"
    return "\(DisplayText.count(share.errors, "error")) with \(mails) \(are) silenced by your rules and not listed."
  }

  /// Returns a percentage, e.g. `98 %`. A part above zero is never 0 %, and a part below the whole is never 100 %.
  static func share(_ part: Int, of whole: Int) -> String {
    guard part > 0, whole > 0 else { return "0 %" }
    let percent = Double(part) / Double(whole) * 100
    if percent < 1 { return "under 1 %" }
    if part < whole, percent > 99 { return "over 99 %" }
    return "\(Int(min(100, percent).rounded())) %"
  }
}

/// The sentences about a whole period.
struct SummaryWords {
  let subject: String
  let headline: String
  let totals: [SummaryModel.Total]

  /// - Parameter arrivals: of all errors of the period together.
  init(_ facts: SummaryFacts, arrivals: Int) {
    let counts = facts.totals
    let seen = facts.errors.count { $0.arrivals > 0 }
    let new = facts.errors.count { $0.isNew && $0.arrivals > 0 }
    if arrivals > 0 || counts.forwarded > 0 || counts.suppressed > 0 {
      let held = counts.suppressed > 0 ? DisplayText.count(counts.suppressed, "mail") : "nothing"
      let news = new > 0 ? DisplayText.number(new) : "none"
      subject = "[MailDedup] \(DisplayText.count(seen, "error")) (\(news) new), \(held) held back"
      headline = Self.headline(counts, errors: DisplayText.count(seen, "error"), news: news)
    } else {
      (subject, headline) = Self.quiet(counts)
    }
    totals = counts.accepted > 0 ? Self.totals(counts) : []
  }

  private static func headline(_ counts: Totals, errors: String, news: String) -> String {
    let reports = counts.forwarded.saturatingAdding(counts.suppressed)
    let arrived = "\(DisplayText.count(reports, "error report")) of \(errors) (\(news) new) arrived."
    guard counts.suppressed > 0 else {
      return "\(arrived) Nothing was held back: \(reports == 1 ? "it was" : "all were") forwarded."
    }
    let spared = "\(DisplayText.number(counts.suppressed)) (\(share(counts.suppressed, of: reports)))"
    return """
      \(arrived) \(DisplayText.number(counts.forwarded)) \(counts.forwarded == 1 ? "was" : "were") forwarded; you were \
      spared \(spared), which \(counts.suppressed == 1 ? "is" : "are") counted here.
      """
  }

  private static func quiet(_ counts: Totals) -> (subject: String, headline: String) {
    if counts.doubtful > 0 {
      let unclear = DisplayText.count(counts.doubtful, "unclear mail")
      let were = counts.doubtful == 1 ? "was" : "were"
      return (
        "[MailDedup] No error reports, \(unclear)",
        "No error report was recognised. \(unclear) might have been one and \(were) forwarded as it came."
      )
    }
    if counts.passed > 0 {
      let mails = DisplayText.count(counts.passed, "ordinary mail")
      return ("[MailDedup] All quiet", "All quiet: no error report arrived. \(mails) passed through untouched.")
    }
    return (
      "[MailDedup] All quiet, no mail at all",
      """
      All quiet: no mail arrived at all. If that surprises you, check that your site still sends its mail through \
      this relay.
      """
    )
  }

  private static func totals(_ counts: Totals) -> [SummaryModel.Total] {
    let reports = counts.forwarded.saturatingAdding(counts.suppressed)
    return [
      .init(label: "Error reports", count: reports, note: "forwarded and held back together"),
      .init(label: "Forwarded", count: counts.forwarded, note: "the first of each error and window"),
      .init(label: "Held back", count: counts.suppressed, note: "counted here, mails spared"),
      .init(label: "Unclear", count: counts.doubtful, note: "forwarded as they came"),
      .init(label: "Other mail", count: counts.passed, note: "passed through untouched"),
    ]
  }

  /// `98 %`; more than nothing is never 0 %, less than all never 100 %.
  static func share(_ part: Int, of whole: Int) -> String {
    guard part > 0, whole > 0 else { return "0 %" }
    let percent = Double(part) / Double(whole) * 100
    if percent < 1 { return "under 1 %" }
    if part < whole, percent > 99 { return "over 99 %" }
    return "\(Int(min(100, percent).rounded())) %"
  }
}

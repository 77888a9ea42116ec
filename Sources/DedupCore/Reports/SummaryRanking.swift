/// The errors of a period in order, with the selection of those to list.
package struct SummaryRanking: Hashable, Sendable {
  /// The errors to list, the most urgent first, without texts.
  package var listed: [ErrorFacts]
  package var standings: [Standing: SummaryFacts.Share] = [:]
  package var silenced = SummaryFacts.Share()
  /// The numbers of forwarded and held-back mails of all errors.
  package var totals = Totals()

  /// Ranks the errors of a period.
  ///
  /// - Parameters:
  ///   - counts: the counts of every error that was seen in the period or the one before, by fingerprint, with one
  ///     element for each site.
  ///   - limit: the largest number of errors to list.
  package init(_ counts: [String: [SiteCounts]], in period: SummaryPeriod, limit: Int) {
    var errors: [ErrorFacts] = []
    for (fingerprint, sites) in counts {
      let seen = sites.filter { $0.arrivals > 0 || $0.before > 0 }
      guard !seen.isEmpty else { continue }
      for site in seen {
        totals.forwarded = totals.forwarded.saturatingAdding(max(0, site.forwarded))
        totals.suppressed = totals.suppressed.saturatingAdding(max(0, site.suppressed))
      }
      let error = Self.error(fingerprint, seen, in: period)
      if seen.allSatisfy(\.isSilenced) {
        if error.arrivals > 0 { silenced.add(error.arrivals) }
      } else {
        standings[error.standing, default: .init()].add(error.arrivals)
        errors.append(error)
      }
    }
    listed = Array(errors.sorted(by: Self.isBefore).prefix(max(0, limit)))
  }

  /// Returns the facts of one error with the most urgent standing that it has in one of its sites: an error known in
  /// staging and new in production is new.
  private static func error(_ fingerprint: String, _ sites: [SiteCounts], in period: SummaryPeriod) -> ErrorFacts {
    let most = sites.map { $0.standing(in: period) }.min() ?? .quiet
    let isRising = most > .rising && Frequency(sites, in: period).isRising
    let sorted = sites.sorted { ($0.arrivals, $0.before, $1.row) > ($1.arrivals, $1.before, $0.row) }
    return ErrorFacts(fingerprint: fingerprint, standing: isRising ? .rising : most, sites: sorted)
  }

  /// Returns true if `a` comes before `b`: by standing, then by number of arrivals. The rest only makes the order
  /// definite.
  private static func isBefore(_ a: ErrorFacts, _ b: ErrorFacts) -> Bool {
    if a.standing != b.standing { return a.standing < b.standing }
    let (x, y) = (a.arrivals, b.arrivals)
    if x != y { return x > y }
    let (p, q) = (a.sites.map(\.before).sumOfCounts(), b.sites.map(\.before).sumOfCounts())
    return p == q ? a.fingerprint < b.fingerprint : p > q
  }
}

/// How an error stands in a period, the most urgent first: the order of a summary.
package enum Standing: Int, Hashable, Sendable, CaseIterable, Comparable {
  /// Never seen before the period.
  case new
  /// Came back although somebody said with `dedupctl resolve` that it was solved.
  case regression
  /// Came back after a long quiet.
  case again
  /// Well above what is usual.
  case rising
  case ongoing
  /// Seen in the period before, not in this one.
  case quiet

  package var needsAttention: Bool { self < .ongoing }

  package static func < (a: Standing, b: Standing) -> Bool { a.rawValue < b.rawValue }
}

/// One error in one site, in numbers.
package struct SiteCounts: Hashable, Sendable {
  /// The row of the store.
  package var row: Int64
  /// `Site.name`.
  package var site: String
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// In the period.
  package var forwarded: Int
  /// In the period.
  package var suppressed: Int
  /// Arrivals in the period of the same length just before.
  package var before: Int
  /// Arrivals in all periods of the comparison together, that one included; see `SummaryPeriod.comparisons`.
  package var earlier: Int
  /// A rule of the admin silences it: counted, not listed.
  package var isSilenced: Bool
  package var episode: Episode?

  /// The current run of an error, or its last one.
  package struct Episode: Hashable, Sendable {
    package var start: Timestamp
    /// Between the last mail of the run before and the first of this one; nil for the first run.
    package var quietBefore: Duration?
    /// It began after somebody had said that the error was solved.
    package var isRegression: Bool

    package init(start: Timestamp, quietBefore: Duration?, isRegression: Bool = false) {
      self.start = start
      self.quietBefore = quietBefore
      self.isRegression = isRegression
    }
  }

  package init(
    row: Int64 = 0, site: String, firstSeen: Timestamp, lastSeen: Timestamp, forwarded: Int = 0, suppressed: Int = 0,
    before: Int = 0, earlier: Int = 0, isSilenced: Bool = false, episode: Episode? = nil
  ) {
    self.row = row
    self.site = site
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.forwarded = forwarded
    self.suppressed = suppressed
    self.before = before
    self.earlier = earlier
    self.isSilenced = isSilenced
    self.episode = episode
  }

  /// Forwarded and held back; negative counts, which only damage can bring, count as none.
  package var arrivals: Int { max(0, forwarded).saturatingAdding(max(0, suppressed)) }

  /// | seen | standing |
  /// |---|---|
  /// | for the first time in the period | new |
  /// | again, after `dedupctl resolve` | regression |
  /// | again, after one and a half periods of quiet | again; a job that fails every night is no news each morning |
  /// | well above the usual, see `Frequency.isRising` | rising |
  /// | otherwise in the period | ongoing |
  /// | not in the period | quiet |
  package func standing(in period: SummaryPeriod) -> Standing {
    if arrivals == 0 { return .quiet }
    if firstSeen >= period.from { return .new }
    if let episode, period.contains(episode.start) {
      if episode.isRegression { return .regression }
      if let quiet = episode.quietBefore, quiet > period.length * 3 / 2 { return .again }
    }
    return Frequency([self], in: period).isRising ? .rising : .ongoing
  }
}

/// How often an error arrived, compared with before.
package struct Frequency: Hashable, Sendable {
  package var arrivals: Int
  /// In the period of the same length just before.
  package var before: Int
  /// Arrivals in such a period on average; the time before an error was first seen does not count.
  package var mean: Double

  /// Of an error in several sites together.
  package init(_ counts: [SiteCounts], in period: SummaryPeriod) {
    arrivals = counts.map(\.arrivals).sumOfCounts()
    before = counts.map(\.before).sumOfCounts()
    let known = counts.map(\.firstSeen).min().map { period.from.since($0) } ?? .zero
    let length = max(1, period.length.wholeMilliseconds)
    let periods = max(0, known.wholeMilliseconds.dividedReportingOverflow(by: length).partialValue)
    let begun = min(Int64(period.comparisons), periods + (known.wholeMilliseconds % length > 0 ? 1 : 0))
    mean = Double(counts.map(\.earlier).sumOfCounts()) / Double(max(1, begun))
  }

  /// At least twice the number of the period before and twice the mean, and at least 10 more than either: from 1 to 3 is
  /// chance, from 10 to 20 hardly.
  package var isRising: Bool {
    let usual = max(Double(max(0, before)), mean)
    return Double(arrivals) >= 2 * usual && Double(arrivals) >= usual + 10
  }
}

/// The standing of an error in a period, the most urgent first. This is the order of a summary.
package enum Standing: Int, Hashable, Sendable, CaseIterable, Comparable {
  /// The error was never seen before the period.
  case new
  /// The error came back although an admin had resolved it with `dedupctl resolve`.
  case regression
  /// The error came back after a long quiet.
  case again
  /// The error arrived much more often than usual.
  case rising
  case ongoing
  /// The error was seen in the period before, but not in this one.
  case quiet

  package var needsAttention: Bool { self < .ongoing }

  package static func < (a: Standing, b: Standing) -> Bool { a.rawValue < b.rawValue }
}

/// The counts of one error in one site.
package struct SiteCounts: Hashable, Sendable {
  /// The row of the error in the store.
  package var row: Int64
  /// The name of the site, as `Site.name`.
  package var site: String
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// The number of mails forwarded in the period.
  package var forwarded: Int
  /// The number of mails held back in the period.
  package var suppressed: Int
  /// The number of arrivals in the period of the same length just before.
  package var before: Int
  /// The number of arrivals in all periods of the comparison together, including the one just before; see
  /// `SummaryPeriod.comparisons`.
  package var earlier: Int
  /// True if a rule of the admin silences the error. It is counted but not listed.
  package var isSilenced: Bool
  package var episode: Episode?

  /// The current episode of an error, or its last one.
  package struct Episode: Hashable, Sendable {
    package var start: Timestamp
    /// The time between the last mail of the previous episode and the first of this one, or nil for the first episode.
    package var quietBefore: Duration?
    /// True if the episode began after an admin had resolved the error.
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

  /// The number of mails forwarded and held back. Negative counts, which only damage can cause, count as zero.
  package var arrivals: Int { max(0, forwarded).saturatingAdding(max(0, suppressed)) }

  /// Returns the standing of the error in a period.
  ///
  /// | seen | standing |
  /// |---|---|
  /// | for the first time in the period | new |
  /// | again, after `dedupctl resolve` | regression |
  /// | again, after one and a half periods of quiet | again; a job that fails every night is not news each morning |
  /// | much more often than usual, see `Frequency.isRising` | rising |
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

/// The frequency of an error, compared with the periods before.
package struct Frequency: Hashable, Sendable {
  package var arrivals: Int
  /// The number of arrivals in the period of the same length just before.
  package var before: Int
  /// The average number of arrivals in such a period. The time before the error was first seen does not count.
  package var mean: Double

  /// Creates the frequency of an error in several sites together.
  package init(_ counts: [SiteCounts], in period: SummaryPeriod) {
    arrivals = counts.map(\.arrivals).sumOfCounts()
    before = counts.map(\.before).sumOfCounts()
    let known = counts.map(\.firstSeen).min().map { period.from.since($0) } ?? .zero
    let length = max(1, period.length.wholeMilliseconds)
    let periods = max(0, known.wholeMilliseconds.dividedReportingOverflow(by: length).partialValue)
    let begun = min(Int64(period.comparisons), periods + (known.wholeMilliseconds % length > 0 ? 1 : 0))
    mean = Double(counts.map(\.earlier).sumOfCounts()) / Double(max(1, begun))
  }

  /// True if there are at least twice as many arrivals as in the period before and twice the mean, and at least 10 more
  /// than either: an increase from 1 to 3 is chance, one from 10 to 20 hardly.
  var isRising: Bool {
    let usual = max(Double(max(0, before)), mean)
    return Double(arrivals) >= 2 * usual && Double(arrivals) >= usual + 10
  }
}

/// The period that a summary covers, with the periods that it is compared with.
package struct SummaryPeriod: Hashable, Sendable {
  /// The start of the period, inclusive.
  package var from: Timestamp
  /// The end of the period, exclusive.
  package var to: Timestamp

  package init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  /// The length of the period, never negative.
  package var length: Duration { max(.zero, to.since(from)) }

  /// The number of periods of the same length just before that make the mean: the 7 days before a day, the 4 weeks
  /// before a week.
  package var comparisons: Int { length < .seconds(6 * 86_400) ? 7 : 4 }

  package func contains(_ time: Timestamp) -> Bool { from <= time && time < to }

  package enum Kind: Hashable, Sendable {
    /// A day, with the hour that a change of the clocks may add or remove.
    case day
    case week
    case other
  }

  package var kind: Kind {
    let hours = length.wholeMilliseconds / 3_600_000
    switch hours {
    case 23...25: return .day
    case 167...169: return .week
    default: return .other
    }
  }
}

/// The query for the facts of a summary.
package struct SummaryQuery: Hashable, Sendable {
  package var period: SummaryPeriod
  /// The rows of the sites that the summary is about, or nil for all.
  package var sites: Set<Int64>?
  /// The largest number of errors described one by one. The others are counted.
  package var listed: Int

  /// The largest number of listed errors. No reader goes further, and building the text takes time for each.
  package static let mostListed = 200

  package init(_ period: SummaryPeriod, sites: Set<Int64>? = nil, listed: Int = Self.mostListed) {
    self.period = period
    self.sites = sites
    self.listed = listed
  }
}

/// What a summary covers, and what it is compared with.
package struct SummaryPeriod: Hashable, Sendable {
  /// Included.
  package var from: Timestamp
  /// Not included.
  package var to: Timestamp

  package init(from: Timestamp, to: Timestamp) {
    self.from = from
    self.to = to
  }

  /// Never negative.
  package var length: Duration { max(.zero, to.since(from)) }

  /// How many periods of the same length just before make the mean: the 7 days before a day, the 4 weeks before a week.
  package var comparisons: Int { length < .seconds(6 * 86_400) ? 7 : 4 }

  package func contains(_ time: Timestamp) -> Bool { from <= time && time < to }

  /// The one just before.
  var previousName: String {
    switch kind {
    case .day: "day before"
    case .week: "week before"
    case .other: "before"
    }
  }

  /// What arrivals are compared with beside it.
  var meanName: String {
    switch kind {
    case .day: "7-day mean"
    case .week: "4-week mean"
    case .other: "mean"
    }
  }

  package enum Kind: Hashable, Sendable {
    /// With the hour that a change of the clocks may add or take.
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

/// What is asked of a store.
package struct SummaryQuery: Hashable, Sendable {
  package var period: SummaryPeriod
  /// The rows of the sites it is about; nil: all.
  package var sites: Set<Int64>?
  /// How many errors are described one by one, at most. The others are counted.
  package var listed: Int

  package init(_ period: SummaryPeriod, sites: Set<Int64>? = nil, listed: Int = SummaryBuilder.mostListed) {
    self.period = period
    self.sites = sites
    self.listed = listed
  }
}

import DedupCore

/// A bar chart of arrivals over the period, with its texts: the highest bar and the labels of the axis.
struct SummaryChart {
  let cells: [Int]
  private let period: SummaryPeriod
  private let hours: Int
  private let clock: SummaryClock

  init(cells: [Int], in facts: SummaryFacts, clock: SummaryClock) {
    self.cells = cells
    period = facts.period
    hours = max(1, facts.hoursPerCell)
    self.clock = clock
  }

  /// The highest bar in words, e.g. `highest 620 in the hour from 14:00`, or nil if nothing arrived.
  var peak: String? {
    guard let highest = cells.max(), highest > 0, let index = cells.firstIndex(of: highest) else { return nil }
    let time = start.advanced(by: .seconds(3600) * (index * hours))
    let end = hours < 24 ? "\(mark(time))–\(clock.clock(time.advanced(by: .seconds(3600 * hours))))" : mark(time)
    let span = hours == 1 ? "in the hour from \(mark(time))" : "at \(end)"
    return "highest \(DisplayText.number(highest)) \(span)"
  }

  /// The labels of the axis below the bars: beginning, middle and end.
  var axis: [String] {
    let middle = start.advanced(by: .seconds(3600) * (cells.count * hours / 2))
    return [start, middle, period.to].map(mark)
  }

  /// Returns a time in the shortest form that is unambiguous.
  private func mark(_ time: Timestamp) -> String {
    switch period.kind {
    case .day: clock.clock(time)
    case .week: clock.weekdayAndClock(time)
    case .other: period.length < .seconds(86_400) ? clock.clock(time) : clock.minute(time)
    }
  }

  /// The time at which the first cell begins. Counts are kept per quarter of an hour.
  private var start: Timestamp {
    let quarter = Int64(900)
    let seconds = period.from.seconds
    let remainder = seconds % quarter
    return Timestamp(seconds: seconds.subtractingReportingOverflow(remainder).partialValue)
  }
}

/// A bar chart of arrivals over the period, in words: where it is highest, and what stands below it.
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

  /// `highest 620 at 14:00`; nil when nothing arrived.
  var peak: String? {
    guard let highest = cells.max(), highest > 0, let index = cells.firstIndex(of: highest) else { return nil }
    let time = start.advanced(by: .seconds(3600) * (index * hours))
    return "highest \(DisplayText.number(highest)) at \(mark(time))"
  }

  /// Begin, middle and end of the bars, as the axis below them shows them.
  var axis: [String] {
    let middle = start.advanced(by: .seconds(3600) * (cells.count * hours / 2))
    return [start, middle, period.to].map(mark)
  }

  /// As short as it is unmistakable.
  private func mark(_ time: Timestamp) -> String {
    switch period.kind {
    case .day: clock.clock(time)
    case .week: clock.weekdayAndClock(time)
    case .other: period.length < .seconds(86_400) ? clock.clock(time) : clock.minute(time)
    }
  }

  /// Counts are kept per quarter of an hour.
  private var start: Timestamp {
    let quarter = Int64(900)
    let seconds = period.from.seconds
    let remainder = seconds % quarter
    return Timestamp(seconds: seconds.subtractingReportingOverflow(remainder).partialValue)
  }
}

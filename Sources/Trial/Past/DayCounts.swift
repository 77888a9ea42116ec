package import DedupCore
import MailMessage

/// Counts by quarters of an hour since 1970, regrouped by calendar days.
package struct DayCounts: Hashable, Sendable {
  private var days: [String: Int] = [:]
  /// The highest count within one hour by the clock.
  package private(set) var busiestHour = 0

  /// - Parameter utcOffsetMinutes: returns how far the clock of the reader is ahead of UTC at a time, in minutes.
  package init(_ quarters: [Int64: Int], _ utcOffsetMinutes: (Timestamp) -> Int) {
    var hours: [String: Int] = [:]
    for (quarter, count) in quarters {
      let time = Timestamp(quarter: quarter)
      let civil = time.civil(offsetMinutes: utcOffsetMinutes(time))
      days[civil.date, default: 0] += count
      hours["\(civil.date) \(civil.hour)", default: 0] += count
    }
    busiestHour = hours.values.max() ?? 0
  }

  package subscript(date: String) -> Int { days[date] ?? 0 }

  /// Returns the dates of all counts, e.g. `2026-11-22`, the earliest first.
  package static func days(of counts: [DayCounts]) -> [String] { Set(counts.flatMap(\.days.keys)).sorted() }
}

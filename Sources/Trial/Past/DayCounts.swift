package import DedupCore
import MailMessage

/// Counts by quarters of an hour since 1970 as a calendar shows them.
package struct DayCounts: Hashable, Sendable {
  private var days: [String: Int] = [:]
  /// The most within one hour by the clock.
  package private(set) var busiestHour = 0

  /// - Parameter utcOffsetMinutes: how far the clock of the reader is ahead of UTC at a time.
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

  /// The dates of all of them, `2026-11-22`, the first one first.
  package static func days(of counts: [DayCounts]) -> [String] { Set(counts.flatMap(\.days.keys)).sorted() }
}

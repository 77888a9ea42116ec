import DedupCore
import MailMessage

/// Formats points in time as the reader's clock shows them, and durations in words.
struct SummaryClock {
  var utcOffsetMinutes: Int

  /// Returns a date and time, e.g. `2026-11-22 14:03`.
  func minute(_ time: Timestamp) -> String { civil(time).dateAndClock }

  /// Returns a time of day, e.g. `14:03`.
  func clock(_ time: Timestamp) -> String { civil(time).clock }

  /// Returns a weekday and time, e.g. `Sun 14:03`.
  func weekdayAndClock(_ time: Timestamp) -> String { "\(civil(time).weekdayName) \(civil(time).clock)" }

  /// Returns a period, e.g. `Sat 2026-11-21 08:00 to Sun 2026-11-22 08:00 (UTC+01:00)`.
  func period(_ period: SummaryPeriod) -> String {
    let (start, end) = (civil(period.from), civil(period.to))
    return "\(start.weekdayName) \(start.dateAndClock) to \(end.weekdayName) \(end.dateAndClock) (\(end.zone))"
  }

  /// Returns a duration, e.g. `5 days`, `36 hours` or `40 minutes`.
  static func span(_ duration: Duration) -> String {
    let minutes = Int(max(.zero, duration).wholeMilliseconds / 60_000)
    if minutes >= 2 * 1440 { return DisplayText.count(minutes / 1440, "day") }
    return minutes >= 120 ? DisplayText.count(minutes / 60, "hour") : DisplayText.count(minutes, "minute")
  }

  private func civil(_ time: Timestamp) -> CivilTime { time.civil(offsetMinutes: utcOffsetMinutes) }
}

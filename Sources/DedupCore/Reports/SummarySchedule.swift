import MailMessage

/// The schedule of summaries: the times when they are due and the periods that they cover.
///
/// A period ends at the set time of day, once on each local day or once a week on the set day. The next period starts
/// where the last one ended, so that no mail is counted twice or left out. After a downtime one summary covers all that
/// was missed.
///
/// | situation | what happens |
/// |---|---|
/// | 08:00 reached | due: from the last end to 08:00 |
/// | down from Friday to Monday 10:00 | due at 10:00: from Friday 08:00 to Monday 08:00, then Tuesday |
/// | never sent before | begins at the last 08:00; the first one is due at the next, covering one day |
/// | clock set back across 08:00 after sending | nothing until 08:00 of the next day |
/// | 02:30 on a day on which the clock skips from 02:00 to 03:00 | 03:30 |
/// | 02:30 on a day that has it twice | the first one |
package struct SummarySchedule: Sendable {
  /// The time of day at which a period ends, in minutes after local midnight, 0 to 1439.
  package var timeOfDay: Int
  /// The day of the week on which a period ends, or nil for every day.
  package var weekday: Weekday?
  /// The offset of local time at a point in time, in seconds ahead of UTC.
  package var localOffset: @Sendable (Timestamp) -> Int

  package init(
    timeOfDay: Int, weekday: Weekday? = nil, localOffset: @escaping @Sendable (Timestamp) -> Int
  ) {
    self.timeOfDay = min(1439, max(0, timeOfDay))
    self.weekday = weekday
    self.localOffset = localOffset
  }

  package enum Plan: Hashable, Sendable {
    /// Send a summary of the time from `from` (inclusive) to `to` (exclusive) now. Store `to` as the last end in the
    /// transaction that queues the mail, so that no crash makes it arrive twice.
    case send(from: Timestamp, to: Timestamp)
    /// Store this as the last end and ask again: no last end is known, or the known one is impossible.
    case begin(from: Timestamp)
    /// Ask again at that time. Clocks jump, so ask from time to time before it as well.
    case wait(until: Timestamp)
  }

  /// Returns the next step.
  ///
  /// - Parameter lastEnd: the end of the period of the last summary, or nil if none is known.
  package func plan(now: Timestamp, lastEnd: Timestamp?) -> Plan {
    let ends = self.ends(around: now)
    let days = weekday == nil ? 1 : 7
    let end = ends.last { $0 <= now } ?? now.advanced(by: .seconds(-86_400 * days))
    // More than a period ahead: the clock was far in the future when that summary was sent. Waiting could take years.
    guard let lastEnd, lastEnd.since(now) <= .seconds(days * 86_400 + 7200) else { return .begin(from: end) }
    if lastEnd < end { return .send(from: lastEnd, to: end) }
    return .wait(until: ends.first { $0 > now && $0 > lastEnd } ?? now.advanced(by: .seconds(86_400 * days)))
  }

  /// Returns the ends of the periods around `now`, in order.
  private func ends(around now: Timestamp) -> [Timestamp] {
    let local = Self.clamp(now.seconds) + offset(at: now)
    let today = local / 86_400 - (local % 86_400 < 0 ? 1 : 0)
    guard let weekday else { return (-2...2).map { end(onDay: today + $0) } }
    // 1970-01-01 was a Thursday.
    let thisWeek = today - ((today - weekday.daysAfterThursday) % 7 + 7) % 7
    return (-2...2).map { end(onDay: thisWeek + 7 * $0) }
  }

  /// Returns the moment when a local clock shows `timeOfDay` on a day, counted from the epoch.
  private func end(onDay day: Int64) -> Timestamp {
    let local = day * 86_400 + Int64(timeOfDay) * 60
    // Try the offset of the day before. It is right unless the clock was changed since. After a change it gives the
    // first of two such moments, or, if the time is skipped, the moment as far after the gap as the time lies within
    // it.
    let before = local - offset(at: Timestamp(seconds: local - 86_400))
    if before + offset(at: Timestamp(seconds: before)) == local { return Timestamp(seconds: before) }
    let after = local - offset(at: Timestamp(seconds: local + 86_400))
    let isShown = after + offset(at: Timestamp(seconds: after)) == local
    return Timestamp(seconds: isShown ? after : before)
  }

  private func offset(at time: Timestamp) -> Int64 { Int64(min(86_400, max(-86_400, localOffset(time)))) }

  /// Returns the seconds limited to a range in which no sum overflows.
  private static func clamp(_ seconds: Int64) -> Int64 { min(1 << 52, max(-(1 << 52), seconds)) }
}

package enum Weekday: String, Hashable, Sendable, CaseIterable {
  case monday, tuesday, wednesday, thursday, friday, saturday, sunday

  fileprivate var daysAfterThursday: Int64 {
    switch self {
    case .thursday: 0
    case .friday: 1
    case .saturday: 2
    case .sunday: 3
    case .monday: 4
    case .tuesday: 5
    case .wednesday: 6
    }
  }
}

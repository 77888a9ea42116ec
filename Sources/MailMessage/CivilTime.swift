/// A point in time as a calendar and a wall clock show it, at a given offset from UTC.
///
/// Pure arithmetic on the proleptic Gregorian calendar: no time zone database, no locale. The caller passes the offset
/// that was valid at that moment.
package struct CivilTime: Hashable, Sendable {
  /// The year, 1 to 9999; earlier and later points in time are shown as the first and last moment of that range.
  package let year: Int
  /// The month, 1 to 12.
  package let month: Int
  /// The day of the month, 1 to 31.
  package let day: Int
  /// The hour, 0 to 23.
  package let hour: Int
  /// The minute, 0 to 59.
  package let minute: Int
  /// The second, 0 to 59; POSIX time has no leap seconds.
  package let second: Int
  /// The weekday, 0 to 6; 0 is Sunday.
  package let weekday: Int
  /// The minutes that the wall clock is ahead of UTC, -1439 to 1439.
  package let offsetMinutes: Int

  /// Creates the civil time of a point in time.
  ///
  /// - Parameters:
  ///   - seconds: seconds since 1970-01-01T00:00:00Z.
  ///   - offsetMinutes: minutes that local time is ahead of UTC, e.g. 60 for +01:00.
  package init(secondsSinceEpoch seconds: Int64, offsetMinutes: Int = 0) {
    let offset = min(1439, max(-1439, offsetMinutes))
    let local = Self.clamp(Self.clamp(seconds) + Int64(offset) * 60)
    let days = Self.day(ofSecond: local)
    let secondOfDay = Int(local - days * 86_400)
    (year, month, day) = Self.date(ofDay: days)
    (hour, minute, second) = (secondOfDay / 3600, secondOfDay / 60 % 60, secondOfDay % 60)
    // 1970-01-01 was a Thursday. Shifted so far that the left operand is positive in the whole range.
    weekday = Int((days + 4 + 7 * 1_000_000) % 7)
    self.offsetMinutes = offset
  }

  /// Limits a time to 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z: RFC 5322 has only years of four digits, and no sum
  /// here overflows.
  private static func clamp(_ seconds: Int64) -> Int64 { min(253_402_300_799, max(-62_135_596_800, seconds)) }

  /// Returns the days since the epoch, rounded down.
  private static func day(ofSecond seconds: Int64) -> Int64 {
    let (quotient, remainder) = seconds.quotientAndRemainder(dividingBy: 86_400)
    return remainder < 0 ? quotient - 1 : quotient
  }

  /// Converts days since the epoch to a date, in years that begin in March so that the leap day comes last (Howard
  /// Hinnant, "chrono-Compatible Low-Level Date Algorithms", civil_from_days).
  private static func date(ofDay days: Int64) -> (Int, Int, Int) {
    let shifted = Int(days) + 719_468  // days since 0000-03-01, positive in our range
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let marchMonth = (5 * dayOfYear + 2) / 153
    let month = marchMonth < 10 ? marchMonth + 3 : marchMonth - 9
    let day = dayOfYear - (153 * marchMonth + 2) / 5 + 1
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day)
  }
}

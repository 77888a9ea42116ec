package import MailMessage

/// A point in time on the wall clock, in whole milliseconds since 1970-01-01T00:00:00Z.
///
/// The pure layers get it as an argument and never ask a clock. A wall clock may jump in both directions and by days,
/// so code that compares two timestamps must say what happens then.
package struct Timestamp: Hashable, Comparable, Sendable, Codable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  /// Creates a timestamp from seconds since the epoch, saturating.
  package init(seconds: Int64) { milliseconds = Duration.seconds(seconds).wholeMilliseconds }

  /// Creates the timestamp at the start of a quarter of an hour, saturating; see `quarter`.
  package init(quarter: Int64) {
    let (product, overflow) = quarter.multipliedReportingOverflow(by: 900_000)
    milliseconds = overflow ? (quarter < 0 ? .min : .max) : product
  }

  /// The whole seconds since the epoch, rounded down.
  package var seconds: Int64 { milliseconds.flooringQuotient(dividingBy: 1000) }

  /// The whole hours since the epoch, rounded down: the bucket of the hourly counts.
  package var hour: Int64 { milliseconds.flooringQuotient(dividingBy: 3_600_000) }

  /// The whole quarters of an hour since 1970, rounded down: the bucket of all counts. Every time zone is a whole
  /// number of quarters away from UTC, so any local hour consists of whole buckets.
  package var quarter: Int64 { milliseconds.flooringQuotient(dividingBy: 900_000) }

  /// Returns the timestamp after `duration`. Saturates instead of trapping, since a duration from a configuration file
  /// may be absurd.
  package func advanced(by duration: Duration) -> Timestamp {
    let (sum, overflow) = milliseconds.addingReportingOverflow(duration.wholeMilliseconds)
    return Timestamp(milliseconds: overflow ? (duration < .zero ? .min : .max) : sum)
  }

  /// Returns the time from `other` to this timestamp, negative if this one is earlier. Exact, since a `Duration` holds
  /// any difference.
  package func since(_ other: Timestamp) -> Duration { .milliseconds(milliseconds) - .milliseconds(other.milliseconds) }

  /// Returns the calendar date and clock time, `offsetMinutes` ahead of UTC.
  package func civil(offsetMinutes: Int = 0) -> CivilTime {
    CivilTime(secondsSinceEpoch: seconds, offsetMinutes: offsetMinutes)
  }

  package static func < (a: Timestamp, b: Timestamp) -> Bool { a.milliseconds < b.milliseconds }

  package init(from decoder: any Decoder) throws {
    milliseconds = try decoder.singleValueContainer().decode(Int64.self)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(milliseconds)
  }
}

extension Duration {
  /// The duration in whole milliseconds, rounded toward zero, saturating.
  package var wholeMilliseconds: Int64 {
    // Compare first: beyond Int64.max seconds, `components` traps.
    if self >= .milliseconds(Int64.max) { return .max }
    if self <= .milliseconds(Int64.min) { return .min }
    let (seconds, attoseconds) = components
    // Seconds are rounded toward zero, so neither term overflows: both have the same sign, and the sum is in range.
    return seconds * 1000 + attoseconds / 1_000_000_000_000_000
  }
}

extension Int64 {
  func flooringQuotient(dividingBy divisor: Int64) -> Int64 {
    let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
    return remainder < 0 ? quotient - 1 : quotient
  }
}

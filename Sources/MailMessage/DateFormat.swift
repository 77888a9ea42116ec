extension CivilTime {
  /// `Sun, 22 Nov 2026 14:03:05 +0100`, the date-time of RFC 5322 section 3.3.
  package var rfc5322: String {
    let date = "\(Self.weekdays[weekday]), \(day) \(Self.months[month - 1]) \(Self.digits(year, 4))"
    return "\(date) \(clock):\(Self.digits(second, 2)) \(offset(separator: ""))"
  }

  /// `2026-11-22`.
  package var date: String { "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))" }

  /// `14:03`.
  package var clock: String { "\(Self.digits(hour, 2)):\(Self.digits(minute, 2))" }

  /// `2026-11-22 14:03`; the seconds are cut, not rounded.
  package var dateAndClock: String { "\(date) \(clock)" }

  /// `2026-11-22T14:03:05.123Z`, of a time in UTC.
  ///
  /// - Parameter milliseconds: behind the second, 0 to 999.
  package func timestamp(milliseconds: Int) -> String {
    "\(date)T\(clock):\(Self.digits(second, 2)).\(Self.digits(milliseconds, 3))Z"
  }

  /// `Sun`.
  package var weekdayName: String { Self.weekdays[weekday] }

  /// `UTC`, or `UTC+01:00`.
  package var zone: String { offsetMinutes == 0 ? "UTC" : "UTC" + offset(separator: ":") }

  private func offset(separator: String) -> String {
    let (hours, minutes) = abs(offsetMinutes).quotientAndRemainder(dividingBy: 60)
    return "\(offsetMinutes < 0 ? "-" : "+")\(Self.digits(hours, 2))\(separator)\(Self.digits(minutes, 2))"
  }

  private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// - Parameter number: of `width` digits at most. Not by way of `String(number)`: each mail gets a dozen of these.
  private static func digits(_ number: Int, _ width: Int) -> String {
    String(unsafeUninitializedCapacity: width) { octets in
      var rest = number
      for index in (0..<width).reversed() {
        octets[index] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
        rest /= 10
      }
      return width
    }
  }
}

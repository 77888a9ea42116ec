extension CivilTime {
  /// The date-time of RFC 5322 section 3.3: `Sun, 22 Nov 2026 14:03:05 +0100`.
  package var rfc5322: String {
    let (hours, minutes) = abs(offsetMinutes).quotientAndRemainder(dividingBy: 60)
    return Pen.text(of: 31) { pen in
      pen.write(Self.weekdays[weekday])
      pen.write(", ")
      pen.write(day, width: day < 10 ? 1 : 2)
      pen.write(" ")
      pen.write(Self.months[month - 1])
      pen.write(" ")
      pen.write(year, width: 4)
      pen.write(" ")
      write(clockWith: &pen)
      pen.write(offsetMinutes < 0 ? " -" : " +")
      pen.write(hours, width: 2)
      pen.write(minutes, width: 2)
    }
  }

  private func write(clockWith pen: inout Pen) {
    pen.write(hour, width: 2)
    pen.write(":")
    pen.write(minute, width: 2)
    pen.write(":")
    pen.write(second, width: 2)
  }

  /// The date: `2026-11-22`.
  package var date: String { "\(Self.digits(year, 4))-\(Self.digits(month, 2))-\(Self.digits(day, 2))" }

  /// The hour and minute: `14:03`.
  package var clock: String { "\(Self.digits(hour, 2)):\(Self.digits(minute, 2))" }

  /// The date, hour and minute: `2026-11-22 14:03`. The seconds are cut, not rounded.
  package var dateAndClock: String { "\(date) \(clock)" }

  /// Returns the timestamp of a time in UTC: `2026-11-22T14:03:05.123Z`.
  ///
  /// - Parameter milliseconds: the milliseconds after the second, 0 to 999.
  package func timestamp(milliseconds: Int) -> String {
    Pen.text(of: 24) { pen in
      pen.write(year, width: 4)
      pen.write("-")
      pen.write(month, width: 2)
      pen.write("-")
      pen.write(day, width: 2)
      pen.write("T")
      write(clockWith: &pen)
      pen.write(".")
      pen.write(milliseconds, width: 3)
      pen.write("Z")
    }
  }

  /// The short name of the weekday: `Sun`.
  package var weekdayName: String { "\(Self.weekdays[weekday])" }

  /// The zone: `UTC`, or `UTC+01:00`.
  package var zone: String { offsetMinutes == 0 ? "UTC" : "UTC" + offset(separator: ":") }

  private func offset(separator: String) -> String {
    let (hours, minutes) = abs(offsetMinutes).quotientAndRemainder(dividingBy: 60)
    return "\(offsetMinutes < 0 ? "-" : "+")\(Self.digits(hours, 2))\(separator)\(Self.digits(minutes, 2))"
  }

  private static let weekdays: [StaticString] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
  private static let months: [StaticString] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  private static func digits(_ number: Int, _ width: Int) -> String {
    Pen.text(of: width) { $0.write(number, width: width) }
  }
}

/// Writes text of digits and a few words into the storage of one string. Each mail has several of these, and a string
/// for each piece takes four to five times as many instructions.
private struct Pen {
  private let room: UnsafeMutableBufferPointer<UInt8>
  private var count = 0

  private init(_ room: UnsafeMutableBufferPointer<UInt8>) { self.room = room }

  /// Returns the text that `write` writes.
  ///
  /// - Parameter capacity: the maximum number of octets that `write` writes; anything beyond is left out.
  static func text(of capacity: Int, _ write: (inout Pen) -> Void) -> String {
    String(unsafeUninitializedCapacity: capacity) { room in
      var pen = Pen(UnsafeMutableBufferPointer(rebasing: room.prefix(capacity)))
      write(&pen)
      return pen.count
    }
  }

  mutating func write(_ word: StaticString) {
    for offset in 0..<word.utf8CodeUnitCount { write(octet: word.utf8Start[offset]) }
  }

  /// Writes a number with leading zeros.
  ///
  /// - Parameter number: a number of at most `width` digits.
  mutating func write(_ number: Int, width: Int) {
    var unit = 1
    for _ in 1..<width { unit *= 10 }
    while unit > 0 {
      write(octet: UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / unit % 10))
      unit /= 10
    }
  }

  private mutating func write(octet: UInt8) {
    guard count < room.count else { return }
    room[count] = octet
    count += 1
  }
}

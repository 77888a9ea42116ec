/// A time of day on the wall clock of the machine, to the minute.
package struct TimeOfDay: Hashable, Comparable, Sendable {
  /// The hour, 0 to 23.
  package let hour: Int
  /// The minute, 0 to 59.
  package let minute: Int

  /// Creates a time of day; nil if there is no such time.
  package init?(hour: Int, minute: Int) {
    guard (0...23).contains(hour), (0...59).contains(minute) else { return nil }
    self.init(checkedHour: hour, minute: minute)
  }

  private init(checkedHour hour: Int, minute: Int) {
    self.hour = hour
    self.minute = minute
  }

  package static func < (a: TimeOfDay, b: TimeOfDay) -> Bool { (a.hour, a.minute) < (b.hour, b.minute) }

  /// The time 07:00, before offices open.
  package static let seven = TimeOfDay(checkedHour: 7, minute: 0)
}

extension TimeOfDay: CustomStringConvertible {
  /// The time in the form `07:00`.
  package var description: String { (hour < 10 ? "0" : "") + "\(hour):" + (minute < 10 ? "0" : "") + "\(minute)" }
}

extension TimeOfDay {
  /// Reads a text like `7:00`, `07:00` or `23:59`; nil if it is no time of day.
  init?(_ text: String) {
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard parts.count == 2, (1...2).contains(parts[0].count), parts[1].count == 2,
      parts.allSatisfy({ $0.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } }),
      let hour = Int(Substring(parts[0])), let minute = Int(Substring(parts[1]))
    else { return nil }
    self.init(hour: hour, minute: minute)
  }
}

extension ValueFormat<TimeOfDay> {
  /// The format of a time of day, e.g. `07:00`.
  static let timeOfDay = ValueFormat(
    syntax: "a local time, hour:minute", range: "00:00 to 23:59",
    read: { (text) throws(ValueProblem) in
      if let time = TimeOfDay(text) { return time }
      throw ValueProblem(
        item: text, what: "is not a time of day", remedy: "write hour:minute from 00:00 to 23:59", example: .ofTheKey)
    },
    write: { $0.description })
}

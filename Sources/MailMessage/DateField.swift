/// Reads the value of a `Date:` field.
///
///     Sun, 22 Nov 2026 14:03:05 +0100 (CET)
///
/// Accepts the format of RFC 5322 section 3.3 and what real mail contains: no weekday, no seconds, years of two digits,
/// zone names (section 4.3), comments at the end.
package enum DateField {
  /// Returns the seconds since 1970-01-01T00:00:00Z; nil if the value is no date.
  package static func seconds(_ value: String) -> Int64? {
    var text = value[...]
    if let comment = text.firstIndex(of: "(") { text = text[..<comment] }
    var words = text.split { $0 == " " || $0 == "\t" || $0 == "\r\n" || $0 == "\r" || $0 == "\n" || $0 == "," }[...]
    if let first = words.first, first.allSatisfy(\.isLetter) { words = words.dropFirst() }
    let parts = Array(words)
    guard (4...5).contains(parts.count), let day = number(parts[0], in: 1...31), let month = month(parts[1]),
      let year = year(parts[2]), let clock = clock(parts[3]), let zone = parts.count == 5 ? zone(parts[4]) : 0
    else { return nil }
    return days(year: year, month: month, day: day) * 86_400 + Int64(clock) - Int64(zone) * 60
  }

  private static func number(_ text: Substring, in range: ClosedRange<Int>) -> Int? {
    guard text.utf8.count <= 4, text.utf8.allSatisfy(\.isDigit), let number = Int(text), range.contains(number) else {
      return nil
    }
    return number
  }

  private static func month(_ text: Substring) -> Int? {
    let names = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
    return names.firstIndex(of: text.prefix(3).lowercased()).map { $0 + 1 }
  }

  /// Returns the year (RFC 5322, 4.3): two digits below 50 belong to this century, three digits count from 1900.
  private static func year(_ text: Substring) -> Int? {
    guard let year = number(text, in: 0...9999) else { return nil }
    switch text.utf8.count {
    case 2: return year < 50 ? 2000 + year : 1900 + year
    case 3: return 1900 + year
    default: return year >= 1 ? year : nil
    }
  }

  private static func clock(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    guard (2...3).contains(parts.count), let hour = number(parts[0], in: 0...23),
      let minute = number(parts[1], in: 0...59), let second = parts.count == 3 ? number(parts[2], in: 0...60) : 0
    else { return nil }
    return hour * 3600 + minute * 60 + second
  }

  /// Returns the minutes ahead of UTC. Unknown names count as UTC (RFC 5322, 4.3).
  private static func zone(_ text: Substring) -> Int? {
    if let sign = text.first, sign == "+" || sign == "-" {
      guard text.utf8.count == 5, let number = number(text.dropFirst(), in: 0...9999), number % 100 < 60 else {
        return nil
      }
      let minutes = number / 100 * 60 + number % 100
      return sign == "-" ? -minutes : minutes
    }
    let american = [
      "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    ]
    return american[text.uppercased()] ?? 0
  }

  /// Returns the days since the epoch (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil).
  private static func days(year: Int, month: Int, day: Int) -> Int64 {
    let shifted = month <= 2 ? year - 1 : year
    let era = (shifted >= 0 ? shifted : shifted - 399) / 400
    let yearOfEra = shifted - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return Int64(era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468)
  }
}

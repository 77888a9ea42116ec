import MailMessage

/// The kind of a word, by its letters and digits alone.
enum WordShape: Equatable {
  case plain, withDigits, uuid, date, time, memoryAddress, ipAddress, random

  /// True for the octets that hold a word together: `10.1.2.3`, `12:30:05`, `N-2587`, `a.b.c`, `x+y`.
  @inline(__always)
  static func isPartOfWord(_ byte: UInt8) -> Bool {
    byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ":")
      || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "%")
  }

  init(_ text: borrowing Span<UInt8>, _ word: Range<Int>) {
    var digits = 0
    var letters = 0
    var hex = 0
    var colons = 0
    var dots = 0
    var dashes = 0
    var changes = 0
    var wasDigit = false
    for index in word {
      let byte = text[index]
      if byte.isDigit != wasDigit, index > word.lowerBound { changes += 1 }
      wasDigit = byte.isDigit
      if byte.isDigit { digits += 1 } else if byte.isLetter { letters += 1 }
      if byte.hexValue != nil { hex += 1 }
      if byte == UInt8(ascii: ":") { colons += 1 }
      if byte == UInt8(ascii: ".") { dots += 1 }
      if byte == UInt8(ascii: "-") { dashes += 1 }
    }
    let count = word.count
    if count == 36, hex == 32, dashes == 4 {
      self = .uuid
    } else if digits == 0 {
      self = .plain
    } else if text.has("0x", at: word.lowerBound, before: word.upperBound) {
      self = .memoryAddress
    } else if dashes >= 2, letters <= 2, Self.isDate(text, word) {
      self = .date
    } else if colons >= 1, dots <= 1, letters <= 2, Self.isTime(text, word) {
      self = .time
    } else if dots == 3, letters == 0, digits + dots + colons == count {
      self = .ipAddress
    } else if colons >= 2, hex + colons == count {
      self = .ipAddress
    } else if hex == count, letters > 0, count >= 6 {
      self = .random
    } else if count >= 10, digits >= 2, letters >= 2, changes >= 4, dots == 0 {
      self = .random
    } else {
      self = .withDigits
    }
  }

  /// True for `2026-11-22`, `2026-11-22T16:40:34.348Z`.
  private static func isDate(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Bool {
    guard word.count >= 8, text[word.lowerBound + 4] == UInt8(ascii: "-") else { return false }
    for offset in 0..<4 where !text[word.lowerBound + offset].isDigit { return false }
    return text[word.lowerBound + 5].isDigit
  }

  /// True for `16:40`, `16:40:34.348`.
  private static func isTime(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Bool {
    guard let colon = text.firstIndex(of: UInt8(ascii: ":"), in: word) else { return false }
    let hours = colon - word.lowerBound
    guard hours == 1 || hours == 2, colon + 2 < word.upperBound else { return false }
    return text[word.lowerBound].isDigit && text[colon + 1].isDigit && text[colon + 2].isDigit
  }
}

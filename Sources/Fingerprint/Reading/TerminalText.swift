import MailMessage

/// Removes additions of Python to a traceback that say nothing of the error: colours (3.13 and later, with
/// `FORCE_COLOR` or `PYTHON_COLORS`) and the time when an exception was made (PEP 830).
///
///     \u{1B}[1;35mKeyError\u{1B}[0m: \u{1B}[35m'price'\u{1B}[0m
///     KeyError: 'price' <@2026-11-30T02:08:00.123456Z>
enum TerminalText {
  /// True if `text` contains anything that `plain` may remove. Called for each text, so it looks for one byte and
  /// three.
  static func isIn(_ text: borrowing Span<UInt8>) -> Bool {
    text.firstIndex(of: 0x1B, in: 0..<text.count) != nil || text.firstIndex(of: " <@", in: 0..<text.count) != nil
  }

  /// Returns `octets` without colours and without time stamps at the ends of lines.
  static func plain(_ octets: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(octets.count)
    let text = octets.span
    var index = 0
    while index < text.count {
      let end = escapeEnd(text, at: index) ?? stampEnd(text, at: index)
      if let end {
        index = end
      } else {
        output.append(text[index])
        index += 1
      }
    }
    return output
  }

  /// The most parameters of an escape sequence, in octets; anything longer is not one.
  private static let mostParameters = 32

  /// The end of `ESC [ 1;35 m` or `ESC [ K` that begins at `start`, or nil if none does.
  private static func escapeEnd(_ text: borrowing Span<UInt8>, at start: Int) -> Int? {
    guard text[start] == 0x1B, text.has("[", at: start + 1, before: text.count) else { return nil }
    var index = start + 2
    let end = Swift.min(text.count, index + mostParameters)
    while index < end {
      let byte = text[index]
      if byte == UInt8(ascii: "m") || byte == UInt8(ascii: "K") { return index + 1 }
      guard byte.isDigit || byte == UInt8(ascii: ";") || byte == UInt8(ascii: ":") else { return nil }
      index += 1
    }
    return nil
  }

  /// The end of ` <@1738108494.123456>`, ` <@1738108494123456789ns>` or ` <@2026-11-30T02:08:00.123456Z>` that begins
  /// at `start` and is the last of its line, or nil. A colour may follow it.
  private static func stampEnd(_ text: borrowing Span<UInt8>, at start: Int) -> Int? {
    guard text[start] == 0x20, text.has(" <@", at: start, before: text.count) else { return nil }
    var index = start + 3
    let end = Swift.min(text.count, index + mostParameters)
    guard index < end, text[index].isDigit else { return nil }
    while index < end, isOfStamp(text[index]) { index += 1 }
    guard index < end, text[index] == UInt8(ascii: ">") else { return nil }
    index += 1
    var next = index
    while next < text.count, let behind = escapeEnd(text, at: next) { next = behind }
    return next == text.count || text[next] == UInt8(ascii: "\n") ? index : nil
  }

  private static func isOfStamp(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "."), UInt8(ascii: ":"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "T"),
      UInt8(ascii: "Z"), UInt8(ascii: "n"), UInt8(ascii: "s"):
      true
    default: byte.isDigit
    }
  }
}

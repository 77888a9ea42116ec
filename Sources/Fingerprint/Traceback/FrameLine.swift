import MailMessage

/// Parses the lines that a traceback is made of. Sources: CPython's `Lib/traceback.py` (2.7 to 3.13) and Django's
/// `technical_500.txt` (1.11 to 6.0).
enum FrameLine {
  /// Parses `File "…", line 7, in f`, the same without `in f` (SyntaxError), or `File "…" in f` (Django up to 2.2).
  /// Returns nil for other lines. `line` is given without indentation.
  @inline(__always)
  static func parse(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> TracebackFrame? {
    guard text.has("File \"", at: line.lowerBound, before: line.upperBound) else { return nil }
    let start = line.lowerBound + 6
    guard let quote = text.firstIndex(of: UInt8(ascii: "\""), in: start..<line.upperBound) else { return nil }
    let none = line.upperBound..<line.upperBound
    var index = quote + 1
    if text.has(", line ", at: index, before: line.upperBound) {
      index += 7
      let digits = index
      while index < line.upperBound, text[index].isDigit { index += 1 }
      guard index > digits else { return nil }
      if index == line.upperBound { return TracebackFrame(file: start..<quote, function: none, source: none) }
      guard text.has(", in ", at: index, before: line.upperBound) else { return nil }
      index += 5
    } else {
      guard text.has(" in ", at: index, before: line.upperBound) else { return nil }
      index += 4
    }
    let function = text.trimmed(index..<line.upperBound)
    guard !function.isEmpty else { return nil }
    return TracebackFrame(file: start..<quote, function: function, source: none)
  }

  /// The line of code under a frame. Django up to 2.2 puts the number before it: `  41.     total += 1`.
  @inline(__always)
  static func source(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isNumbered: Bool) -> Range<Int> {
    let code = text.trimmed(line)
    guard isNumbered else { return code }
    var index = code.lowerBound
    while index < code.upperBound, text[index].isDigit { index += 1 }
    guard index > code.lowerBound, index < code.upperBound, text[index] == UInt8(ascii: ".") else { return code }
    return text.trimmed((index + 1)..<code.upperBound)
  }

  /// True for `    ^^^^^` or `    ~~~~^^^^^`, which Python 3.11 and later print under the code.
  @inline(__always)
  static func isMarker(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    for index in line where text[index] != UInt8(ascii: "^") && text[index] != UInt8(ascii: "~") {
      if !text[index].isBlank { return false }
    }
    return true
  }

  /// The n of `[Previous line repeated n more times]`, or nil for another line. `line` is given without indentation.
  static func repetitions(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Int? {
    guard text.has("[Previous line repeated ", at: line.lowerBound, before: line.upperBound) else { return nil }
    var index = line.lowerBound + 24
    var number = 0
    while index < line.upperBound, text[index].isDigit, number < 1_000_000 {
      number = number * 10 + Int(text[index] - 0x30)
      index += 1
    }
    return number
  }

  /// True for `Traceback (most recent call last):`, or `Traceback:` of Django up to 2.2. `line` is given trimmed.
  @inline(__always)
  static func isHeader(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    guard line.lowerBound < line.upperBound, text[line.lowerBound] == UInt8(ascii: "T") else { return false }
    return text.equals(line, "Traceback (most recent call last):") || text.equals(line, "Traceback:")
  }
}

import Glibc

/// Scanning of mail bytes. Everything here is linear, returns `nil` or `false` rather than trapping on an odd range,
/// and works on ranges into one buffer, so that reading a mail copies nothing but its decoded text.
extension Span where Element == UInt8 {
  /// Returns the part of `range` that lies inside the buffer: a range taken from elsewhere can never read outside it.
  package func clamped(_ range: Range<Int>) -> Range<Int> {
    let lower = Swift.min(Swift.max(range.lowerBound, 0), count)
    return lower..<Swift.min(Swift.max(range.upperBound, lower), count)
  }

  /// Returns the first position of `byte` in `range`, using memchr: lines are found at some 3 GB/s this way.
  @inline(__always)
  package func firstIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    let inside = clamped(range)
    let hit = withUnsafeBytes { $0.firstIndex(of: byte, in: inside) }
    return hit < inside.upperBound ? hit : nil
  }

  /// Returns the last position of `byte` in `range`.
  package func lastIndex(of byte: UInt8, in range: Range<Int>) -> Int? {
    let inside = clamped(range)
    var index = inside.upperBound
    while index > inside.lowerBound {
      index -= 1
      if self[index] == byte { return index }
    }
    return nil
  }

  /// Returns the first position where `needle` begins inside `range`. Searches for the needle's rarest byte, so that it
  /// runs at the speed of memchr on text. (memmem is a GNU extension that Swift's Glibc module does not offer.)
  package func firstIndex(of needle: StaticString, in range: Range<Int>) -> Int? {
    let inside = clamped(range)
    let length = needle.utf8CodeUnitCount
    guard length > 0, inside.count >= length else { return nil }
    // Searching for the rarest byte pays only in long texts.
    let anchor = inside.count < 512 ? 0 : rarestByte(of: needle)
    var from = inside.lowerBound + anchor
    let last = inside.upperBound - length + anchor
    while from <= last, let hit = firstIndex(of: needle.utf8Start[anchor], in: from..<(last + 1)) {
      if has(needle, at: hit - anchor, before: inside.upperBound) { return hit - anchor }
      from = hit + 1
    }
    return nil
  }

  /// Returns the last position where `needle` begins inside `range`.
  package func lastIndex(of needle: StaticString, in range: Range<Int>) -> Int? {
    let inside = clamped(range)
    let length = needle.utf8CodeUnitCount
    guard length > 0, inside.count >= length else { return nil }
    var index = inside.upperBound - length
    let first = needle.utf8Start[0]
    while index >= inside.lowerBound {
      if self[index] == first, has(needle, at: index, before: inside.upperBound) { return index }
      index -= 1
    }
    return nil
  }

  /// Returns true if `text` is at `index`, wholly before `end`.
  @inline(__always)
  package func has(_ text: StaticString, at index: Int, before end: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard index >= 0, end <= count, end - index >= length else { return false }
    return withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, length > 0 else { return length == 0 }
      // Usually the text differs, and the first octet tells.
      return base[index] == text.utf8Start[0] && memcmp(base + index, text.utf8Start, length) == 0
    }
  }

  /// Returns true if the text of `range` is exactly `text`.
  @inline(__always)
  package func equals(_ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount && has(text, at: range.lowerBound, before: range.upperBound)
  }

  /// Returns true if the text of `range` is `text`, ignoring the case of ASCII letters. `text` is given in lower case.
  package func equalsIgnoringCase(_ range: Range<Int>, _ text: StaticString) -> Bool {
    range.count == text.utf8CodeUnitCount && hasIgnoringCase(text, at: range.lowerBound, before: range.upperBound)
  }

  /// Returns true if `text` is at `index`, like `has(_:at:before:)`, ignoring the case of ASCII letters. `text` is
  /// given in lower case.
  package func hasIgnoringCase(_ text: StaticString, at index: Int, before end: Int) -> Bool {
    let length = text.utf8CodeUnitCount
    guard index >= 0, end <= count, end - index >= length else { return false }
    for offset in 0..<length where self[index + offset].asciiLowercased != text.utf8Start[offset] { return false }
    return true
  }

  /// Returns true if both ranges hold the same bytes.
  package func same(_ one: Range<Int>, _ other: Range<Int>) -> Bool {
    let left = clamped(one)
    let right = clamped(other)
    guard left.count == right.count else { return false }
    return withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return true }
      return memcmp(base + left.lowerBound, base + right.lowerBound, left.count) == 0
    }
  }

  /// Returns `range` without the white space (`isBlank`) around it.
  @inline(__always)
  package func trimmed(_ range: Range<Int>) -> Range<Int> {
    var lower = range.lowerBound
    var upper = range.upperBound
    while lower < upper, self[lower].isBlank { lower += 1 }
    while upper > lower, self[upper - 1].isBlank { upper -= 1 }
    return lower..<upper
  }

  /// Returns the line that begins at `start`, without its line feed (and the carriage return before it).
  @inline(__always)
  package func line(at start: Int, before end: Int) -> Range<Int> {
    let stop = firstIndex(of: UInt8(ascii: "\n"), in: start..<Swift.max(start, end)) ?? Swift.max(start, end)
    if stop > start, self[stop - 1] == UInt8(ascii: "\r") { return start..<(stop - 1) }
    return start..<stop
  }

  /// Returns the start of the line after `line`.
  @inline(__always)
  package func next(after line: Range<Int>, before end: Int) -> Int {
    var index = line.upperBound
    if index < end, self[index] == UInt8(ascii: "\r") { index += 1 }
    if index < end, self[index] == UInt8(ascii: "\n") { index += 1 }
    return index
  }

  /// Returns the start of the line after the one that holds `index`; `end` if there is none.
  @inline(__always)
  package func nextLine(behind index: Int, before end: Int) -> Int {
    firstIndex(of: UInt8(ascii: "\n"), in: index..<Swift.max(index, end)).map { $0 + 1 } ?? end
  }

  /// Returns the text of a range. Bytes that are not UTF-8 become U+FFFD.
  package func text(_ range: Range<Int>) -> String {
    extracting(clamped(range)).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }
  }
}

/// Returns the position in `needle` of the byte that is least common in mail text.
@inline(__always)
private func rarestByte(of needle: StaticString) -> Int {
  var best = 0
  var bestRank = Int.max
  for offset in 0..<needle.utf8CodeUnitCount {
    let rank = needle.utf8Start[offset].rankInText
    if rank < bestRank { (best, bestRank) = (offset, rank) }
  }
  return best
}

extension UInt8 {
  /// The frequency of the byte in mail text: 0 for rare bytes, 3 for the most common.
  @inline(__always) fileprivate var rankInText: Int {
    switch self {
    case UInt8(ascii: "j"), UInt8(ascii: "q"), UInt8(ascii: "z"), UInt8(ascii: "|"): 0
    case 0x41...0x5A, UInt8(ascii: "b"), UInt8(ascii: "k"), UInt8(ascii: "v"), UInt8(ascii: "w"), UInt8(ascii: "x"): 1
    case 0x20, 0x0A, UInt8(ascii: "e"), UInt8(ascii: "a"), UInt8(ascii: "t"), UInt8(ascii: "s"): 3
    default: 2
    }
  }

  /// True for space, tab, line feed, vertical tab, form feed and carriage return.
  @inline(__always) package var isBlank: Bool { self == 0x20 || (self >= 0x09 && self <= 0x0D) }
  @inline(__always) package var isDigit: Bool { self >= 0x30 && self <= 0x39 }
  @inline(__always) package var isUppercase: Bool { self >= 0x41 && self <= 0x5A }
  @inline(__always) package var isLowercase: Bool { self >= 0x61 && self <= 0x7A }
  @inline(__always) package var isLetter: Bool { isUppercase || isLowercase }
  @inline(__always) package var isAlphanumeric: Bool { isLetter || isDigit }
  /// True for a letter, digit, underscore or a byte beyond ASCII: the bytes that Python allows in a name.
  @inline(__always) package var isNameByte: Bool { isAlphanumeric || self == 0x5F || self >= 0x80 }
  @inline(__always) package var asciiLowercased: UInt8 { isUppercase ? self | 0x20 : self }

  /// The value of a hexadecimal digit; nil for other bytes.
  @inline(__always) package var hexValue: UInt8? {
    switch self {
    case 0x30...0x39: self - 0x30
    case 0x41...0x46: self - 0x37
    case 0x61...0x66: self - 0x57
    default: nil
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Returns the first position of `octet` in `range`, which lies inside the buffer, or the end of the range.
  @inline(__always)
  package func firstIndex(of octet: UInt8, in range: Range<Int>) -> Int {
    guard let base = baseAddress, !range.isEmpty, let hit = memchr(base + range.lowerBound, Int32(octet), range.count)
    else { return range.upperBound }
    return base.distance(to: UnsafeRawPointer(hit))
  }
}

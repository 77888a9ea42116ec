/// How the bytes of a part travel (RFC 2045, 6).
package enum TransferEncoding: Sendable, Equatable {
  case identity, quotedPrintable, base64, unknown

  package init(_ bytes: borrowing Span<UInt8>, header: HeaderBlock) {
    guard let value = header.value(of: "content-transfer-encoding", in: bytes) else {
      self = .identity
      return
    }
    if bytes.equalsIgnoringCase(value, "quoted-printable") {
      self = .quotedPrintable
    } else if bytes.equalsIgnoringCase(value, "base64") {
      self = .base64
    } else if bytes.equalsIgnoringCase(value, "7bit") || bytes.equalsIgnoringCase(value, "8bit")
      || bytes.equalsIgnoringCase(value, "binary") || value.isEmpty
    {
      self = .identity
    } else {
      self = .unknown
    }
  }

  /// Decodes a text: line ends become LF. `nil` when the text is larger than `limit` octets or the encoding is not
  /// known. Wrong escapes and characters are taken as they stand or left out, never an error: half a report still
  /// has its traceback.
  package func decode(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    let range = bytes.clamped(range)
    switch self {
    case .identity: return Self.copy(bytes, range, limit: limit)
    case .quotedPrintable: return Self.quotedPrintable(bytes, range, limit: limit)
    case .base64: return Self.base64(bytes, range, limit: limit)
    case .unknown: return nil
    }
  }

  private static func copy(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    // CRs may go, so the text can be a little larger than the limit before they do.
    guard range.count <= limit + limit / 16 + 64 else { return nil }
    var output = TextOutput(capacity: range.count, limit: limit)
    var index = range.lowerBound
    while index < range.upperBound {
      let line = bytes.line(at: index, before: range.upperBound)
      let next = bytes.next(after: line, before: range.upperBound)
      guard output.append(bytes, line) else { return nil }
      if next > line.upperBound { output.appendLineFeed() }
      index = next
    }
    return output.finish()
  }

  /// RFC 2045, 6.7.
  private static func quotedPrintable(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    var output = TextOutput(capacity: Swift.min(range.count, limit + 1024), limit: limit)
    var index = range.lowerBound
    while index < range.upperBound {
      var line = bytes.line(at: index, before: range.upperBound)
      let next = bytes.next(after: line, before: range.upperBound)
      let hasLineEnd = next > line.upperBound
      // Rule 3: blanks at the end of a line were added on the way.
      while line.upperBound > line.lowerBound, bytes[line.upperBound - 1] == 0x20 || bytes[line.upperBound - 1] == 9 {
        line = line.lowerBound..<(line.upperBound - 1)
      }
      let isSoft = !line.isEmpty && bytes[line.upperBound - 1] == UInt8(ascii: "=")
      if isSoft { line = line.lowerBound..<(line.upperBound - 1) }
      guard appendUnescaped(bytes, line, to: &output) else { return nil }
      if hasLineEnd, !isSoft { output.appendLineFeed() }
      index = Swift.max(next, index + 1)
    }
    return output.finish()
  }

  @inline(__always)
  private static func appendUnescaped(
    _ bytes: borrowing Span<UInt8>, _ line: Range<Int>, to output: inout TextOutput
  ) -> Bool {
    var from = line.lowerBound
    while let escape = bytes.firstIndex(of: UInt8(ascii: "="), in: from..<line.upperBound) {
      guard output.append(bytes, from..<escape) else { return false }
      if escape + 2 < line.upperBound, let high = bytes[escape + 1].hexValue, let low = bytes[escape + 2].hexValue {
        output.append(high << 4 | low)
        from = escape + 3
      } else {
        output.append(UInt8(ascii: "="))
        from = escape + 1
      }
    }
    return output.append(bytes, from..<line.upperBound)
  }

  /// RFC 2045, 6.8.
  private static func base64(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    guard range.count / 5 * 3 <= limit + 1024 else { return nil }
    var raw: [UInt8] = []
    raw.reserveCapacity(range.count / 4 * 3 + 3)
    var bits: UInt32 = 0
    var held = 0
    for index in range {
      let byte = bytes[index]
      if byte == UInt8(ascii: "=") { break }
      guard let value = sextet(byte) else { continue }
      bits = (bits & 0xFFFFFF) << 6 | UInt32(value)
      held += 6
      if held >= 8 {
        held -= 8
        raw.append(UInt8(truncatingIfNeeded: bits >> UInt32(held)))
      }
    }
    return copy(raw.span, 0..<raw.count, limit: limit)
  }

  @inline(__always)
  private static func sextet(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x41...0x5A: byte - 0x41
    case 0x61...0x7A: byte - 0x61 + 26
    case 0x30...0x39: byte - 0x30 + 52
    case 0x2B, 0x2D: 62  // '-' and '_' of the URL alphabet, which some senders use by mistake
    case 0x2F, 0x5F: 63
    default: nil
    }
  }
}

/// Collects decoded text up to a limit.
struct TextOutput {
  private var bytes: [UInt8] = []
  private let limit: Int

  init(capacity: Int, limit: Int) {
    self.limit = limit
    bytes.reserveCapacity(capacity)
  }

  /// `false` when the text would pass the limit.
  @inline(__always)
  mutating func append(_ source: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    guard bytes.count + range.count <= limit else { return false }
    source.withUnsafeBufferPointer { bytes.append(contentsOf: UnsafeBufferPointer(rebasing: $0[range])) }
    return true
  }

  @inline(__always)
  mutating func append(_ byte: UInt8) { bytes.append(byte) }

  @inline(__always)
  mutating func appendLineFeed() { bytes.append(UInt8(ascii: "\n")) }

  func finish() -> [UInt8]? { bytes.count <= limit ? bytes : nil }
}

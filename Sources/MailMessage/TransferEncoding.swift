import Glibc

/// The transfer encoding of a part (RFC 2045, 6).
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

  /// Decodes a text: line ends become LF. Returns `nil` if the text is larger than `limit` octets or the encoding is
  /// not known. Wrong escapes and characters are kept as they are or left out, never an error: half a report still has
  /// its traceback.
  package func decode(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    let range = bytes.clamped(range)
    switch self {
    case .identity: return Self.copy(bytes, range, limit: limit)
    case .quotedPrintable:
      return bytes.extracting(range).withUnsafeBytes { QuotedPrintableDecoder.decode($0, limit: limit) }
    case .base64: return Self.base64(bytes, range, limit: limit)
    case .unknown: return nil
    }
  }

  /// Returns the text as it is, with LF at the ends of its lines.
  private static func copy(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>, limit: Int) -> [UInt8]? {
    // CRs may be removed, so the text can be a little larger than the limit before that.
    guard range.count <= limit + limit / 16 + 64 else { return nil }
    return bytes.extracting(range).withUnsafeBytes { source in
      TextOutput.text(room: Swift.min(source.count, limit)) { output in
        var index = 0
        while index < source.count, !output.isOver {
          let stop = source.firstIndex(of: 0x0A, in: index..<source.count)
          let end = stop > index && source[stop - 1] == 0x0D ? stop - 1 : stop
          output.append(source, index..<end)
          if end < source.count { output.append(0x0A) }
          index = stop + 1
        }
      }
    }
  }

  /// Decodes base64 (RFC 2045, 6.8).
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

/// Collects decoded text in a buffer of fixed size.
private struct TextOutput {
  private let base: UnsafeMutableRawPointer?
  private let room: Int
  private var count = 0
  /// True if there was more than fits.
  private(set) var isOver = false

  /// Returns the text that `fill` produces; nil if it is larger than `room` octets.
  @inline(__always)
  static func text(room: Int, _ fill: (inout TextOutput) -> Void) -> [UInt8]? {
    var isOver = false
    let text = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      var output = TextOutput(base: UnsafeMutableRawPointer(buffer.baseAddress), room: room)
      fill(&output)
      (count, isOver) = (output.count, output.isOver)
    }
    return isOver ? nil : text
  }

  private init(base: UnsafeMutableRawPointer?, room: Int) {
    self.base = base
    self.room = room
  }

  @inline(__always)
  mutating func append(_ source: UnsafeRawBufferPointer, _ range: Range<Int>) {
    if range.isEmpty { return }
    guard let base, let start = source.baseAddress, range.count <= room - count else { return isOver = true }
    memcpy(base + count, start + range.lowerBound, range.count)
    count += range.count
  }

  @inline(__always)
  mutating func append(_ octet: UInt8) {
    guard let base, count < room else { return isOver = true }
    base.storeBytes(of: octet, toByteOffset: count, as: UInt8.self)
    count += 1
  }
}

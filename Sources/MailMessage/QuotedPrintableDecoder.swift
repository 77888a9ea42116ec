/// Decodes quoted-printable text (RFC 2045 section 6.7). Line ends become LF; wrong escapes stay as they are.
///
/// It copies sixteen octets at a time up to the next escape or line end: a report of 15 kB has nine hundred of these,
/// and two calls for each take longer than the copying.
struct QuotedPrintableDecoder {
  // No bounds that the processor would check for each octet: `read` stays below `count`, `written` below `room`.
  private let source: UnsafePointer<UInt8>
  private let count: Int
  private let output: UnsafeMutablePointer<UInt8>
  private let room: Int
  private var read = 0
  private var written = 0

  /// Returns the decoded text of `source`; nil if it is larger than `limit` octets.
  static func decode(_ source: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
    // Spaces and tabs at the end of a line are removed only when the line ends.
    let room = source.count <= limit ? source.count : min(source.count, limit + 1024)
    var fits = true
    let text = [UInt8](unsafeUninitializedCapacity: room) { buffer, count in
      guard let start = source.baseAddress, let output = buffer.baseAddress else { return }
      start.withMemoryRebound(to: UInt8.self, capacity: source.count) { start in
        var decoder = Self(source: start, count: source.count, output: output, room: room)
        fits = decoder.run(limit: limit)
        count = fits ? decoder.written : 0
      }
    }
    return fits ? text : nil
  }

  private init(source: UnsafePointer<UInt8>, count: Int, output: UnsafeMutablePointer<UInt8>, room: Int) {
    self.source = source
    self.count = count
    self.output = output
    self.room = room
  }

  // Inlined, so that both cursors stay in registers.
  @inline(__always)
  private mutating func run(limit: Int) -> Bool {
    while copyPlain() {
      if read == count {
        takeBackBlanks()
        if count > 0, source[count - 1] == UInt8(ascii: "\r") { append(UInt8(ascii: "\n")) }
        return written <= limit
      }
      guard written < room else { return false }
      if source[read] == UInt8(ascii: "\n") {
        takeBackBlanks()
        append(UInt8(ascii: "\n"))
        read += 1
        if written > limit { return false }
      } else if let next = afterSoftLineBreak {
        read = next
        if read == count { return written <= limit }
      } else {
        unescape()
      }
    }
    return false
  }

  /// Copies octets that stand for themselves. Returns true if there was room for them.
  @inline(__always)
  private mutating func copyPlain() -> Bool {
    typealias Octets = SIMD16<UInt8>
    while read &+ 16 <= count, written &+ 16 <= room {
      let octets = UnsafeRawPointer(source + read).loadUnaligned(as: Octets.self)
      UnsafeMutableRawPointer(output + written).storeBytes(of: octets, as: Octets.self)
      let isMark = (octets .== Octets(repeating: UInt8(ascii: "="))) .| (octets .== Octets(repeating: 0x0A))
      let plain = Self.firstTrue(isMark)
      read &+= plain
      written &+= plain
      if plain < 16 { return true }
    }
    while read < count, source[read] != UInt8(ascii: "="), source[read] != UInt8(ascii: "\n") {
      guard written < room else { return false }
      append(source[read])
      read += 1
    }
    return true
  }

  /// Returns the index of the first lane that is true, or 16 if there is none.
  @inline(__always)
  private static func firstTrue(_ mask: SIMDMask<SIMD16<Int8>>) -> Int {
    let halves = unsafeBitCast(mask, to: SIMD2<UInt64>.self)
    if halves[0] != 0 { return halves[0].littleEndian.trailingZeroBitCount / 8 }
    return 8 + halves[1].littleEndian.trailingZeroBitCount / 8
  }

  /// Removes spaces and tabs before the end of a line, which were added on the way (rule 3). They and the CR were
  /// copied like everything else.
  @inline(__always)
  private mutating func takeBackBlanks() {
    var end = read
    if end > 0, source[end - 1] == UInt8(ascii: "\r") { end -= 1 }
    while end > 0, Self.isBlank(source[end - 1]) { end -= 1 }
    written -= read - end
  }

  /// The position after a soft line break: `=`, spaces and the end of the line or of the text; nil if there is none
  /// here.
  @inline(__always)
  private var afterSoftLineBreak: Int? {
    var index = read + 1
    while index < count, Self.isBlank(source[index]) { index += 1 }
    if index < count, source[index] == UInt8(ascii: "\r") { index += 1 }
    if index == count { return index }
    return source[index] == UInt8(ascii: "\n") ? index + 1 : nil
  }

  @inline(__always)
  private mutating func unescape() {
    if read + 2 < count, let high = source[read + 1].hexValue, let low = source[read + 2].hexValue {
      append(high << 4 | low)
      read += 3
    } else {
      append(UInt8(ascii: "="))
      read += 1
    }
  }

  @inline(__always)
  private mutating func append(_ octet: UInt8) {
    output[written] = octet
    written &+= 1
  }

  private static func isBlank(_ octet: UInt8) -> Bool { octet == 0x20 || octet == 0x09 }
}

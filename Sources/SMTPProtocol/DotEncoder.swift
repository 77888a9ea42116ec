#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

/// Gives a message the form it has behind DATA, piece by piece: dots stuffed (RFC 5321 section 4.5.2), CRLF.CRLF at
/// the end.
///
/// Promise: no CR and no LF leaves other than as CRLF. The listener refuses mail with bare ones, so nothing is changed
/// in mail that came through it; this is the last guard against smuggling a second mail upstream, for bytes that came
/// another way (a damaged store, a file from an emergency spool).
package struct DotEncoder: Sendable {
  private let message: [UInt8]
  private var index = 0
  private var isAtLineStart = true
  /// All was given out.
  package private(set) var isAtEnd = false
  // Where the next CR and LF stand, so that each octet is looked at once whatever the line ends are like.
  private var nextCR: Int
  private var nextLF: Int

  package init(_ message: [UInt8]) {
    self.message = message
    nextCR = Self.find(0x0D, in: message, from: 0)
    nextLF = Self.find(0x0A, in: message, from: 0)
  }

  /// The next piece, of about `size` octets, or nil after the last.
  package mutating func next(_ size: Int) -> [UInt8]? {
    if isAtEnd { return nil }
    var piece: [UInt8] = []
    piece.reserveCapacity(min(size, message.count - index) + 128)
    while piece.count < size, index < message.count { appendLine(to: &piece, size) }
    if index == message.count {
      piece.append(contentsOf: isAtLineStart ? [0x2E, 0x0D, 0x0A] : [0x0D, 0x0A, 0x2E, 0x0D, 0x0A])
      isAtEnd = true
    }
    return piece
  }

  private mutating func appendLine(to piece: inout [UInt8], _ size: Int) {
    if isAtLineStart, message[index] == UInt8(ascii: ".") { piece.append(UInt8(ascii: ".")) }
    let lineEnd = min(nextCR, nextLF)
    let end = min(lineEnd, index + size)
    piece.append(contentsOf: message[index..<end])
    index = end
    isAtLineStart = end == lineEnd && end < message.count
    if isAtLineStart {
      piece.append(0x0D)
      piece.append(0x0A)
      passLineEnd()
    }
  }

  /// CRLF, or a CR or LF that stands alone.
  private mutating func passLineEnd() {
    if message[index] == 0x0D {
      index += 1
      nextCR = Self.find(0x0D, in: message, from: index)
      guard index < message.count, message[index] == 0x0A else { return }
    }
    index += 1
    nextLF = Self.find(0x0A, in: message, from: index)
  }

  private static func find(_ byte: UInt8, in message: [UInt8], from index: Int) -> Int {
    message.withUnsafeBytes { bytes in
      guard index < bytes.count, let base = bytes.baseAddress,
        let found = memchr(base + index, Int32(byte), bytes.count - index)
      else { return bytes.count }
      return base.distance(to: UnsafeRawPointer(found))
    }
  }
}

import MailMessage

/// An encoder that gives a message the form it has after DATA, piece by piece: dots stuffed (RFC 5321 section 4.5.2),
/// CRLF.CRLF at the end.
///
/// Promise: no CR and no LF leaves other than as CRLF. The listener refuses or repairs mail with bare ones, so mail
/// that came through it is not changed. This is the last guard against smuggling a second mail upstream, for bytes that
/// came another way (a damaged store, a file from an emergency spool).
package struct DotEncoder: Sendable {
  private var isAtLineStart = true
  /// True if the last piece ended in a CR, whose line end was already written; an LF that follows belongs to it.
  private var endedInCR = false

  package init() {}

  /// Returns the encoded form of the next octets of the message.
  package mutating func encode(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
    if isPlain(bytes) {
      isAtLineStart = bytes.last == 0x0A
      return Array(bytes)
    }
    var encoded: [UInt8] = []
    guard let first = bytes.first else { return encoded }
    encoded.reserveCapacity(bytes.count + bytes.count / 64 + 16)
    var index = endedInCR && first == 0x0A ? 1 : 0
    endedInCR = false
    // The position of the next LF, so that each octet is looked at once, whatever the line ends are like.
    var lineFeed = bytes.firstIndex(of: 0x0A, in: index..<bytes.count)
    while index < bytes.count {
      if lineFeed < index { lineFeed = bytes.firstIndex(of: 0x0A, in: index..<bytes.count) }
      if isAtLineStart, bytes[index] == UInt8(ascii: ".") { encoded.append(UInt8(ascii: ".")) }
      let end = bytes.firstIndex(of: 0x0D, in: index..<lineFeed)
      encoded.append(contentsOf: bytes[index..<end])
      isAtLineStart = end < bytes.count
      index = end
      guard isAtLineStart else { break }
      encoded.append(0x0D)
      encoded.append(0x0A)
      index = passLineEnd(bytes, at: end)
    }
    return encoded
  }

  /// Returns the octets that end the message. Nothing may be encoded afterwards.
  package func end() -> [UInt8] { isAtLineStart ? [0x2E, 0x0D, 0x0A] : [0x0D, 0x0A, 0x2E, 0x0D, 0x0A] }

  /// Returns true if the octets leave unchanged, as those of nearly all mail do.
  private func isPlain(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let first = bytes.first, first != 0x0A, bytes.last != 0x0D, !endedInCR,
      !isAtLineStart || first != UInt8(ascii: ".")
    else { return false }
    let lineEnds = LineEnds(bytes)
    return lineEnds.arePaired && !lineEnds.precedeDots
  }

  /// Skips a line end: CRLF, or a CR or LF that stands alone.
  private mutating func passLineEnd(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
    guard bytes[index] == 0x0D else { return index + 1 }
    guard index + 1 < bytes.count else {
      endedInCR = true
      return index + 1
    }
    return bytes[index + 1] == 0x0A ? index + 2 : index + 1
  }
}

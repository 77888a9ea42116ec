/// Encodes bodies of our own as quoted-printable (RFC 2045 section 6.7): lines of at most 76 octets, CRLF, 7 bits.
///
/// A dot and `From ` at the start of a line are encoded too, so that neither careless dot-stuffing nor an mbox file on
/// the way can change the text.
package enum QuotedPrintableEncoder {
  /// Encodes text with any line ends; the result ends in CRLF unless it is empty.
  package static func encode(_ text: some Sequence<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    let bytes = Array(text)
    output.reserveCapacity(bytes.count + bytes.count / 8)
    var start = 0
    while start < bytes.count {
      let end = bytes[start...].firstIndex { $0 == 0x0A || $0 == 0x0D } ?? bytes.count
      encodeLine(bytes[start..<end], into: &output)
      let isCRLF = end + 1 < bytes.count && bytes[end] == 0x0D && bytes[end + 1] == 0x0A
      start = end + (isCRLF ? 2 : 1)
    }
    return output
  }

  private static func encodeLine(_ line: ArraySlice<UInt8>, into output: inout [UInt8]) {
    var column = 0
    for index in line.indices {
      let isPlain = isPlain(line, at: index, startsLine: column == 0)
      if column + (isPlain ? 1 : 3) > 75 {
        output += softBreak
        column = 0
      }
      // Checked again: the byte may be at the start of a line now.
      if isPlain, column > 0 || self.isPlain(line, at: index, startsLine: true) {
        output.append(line[index])
        column += 1
      } else {
        output += escape(line[index])
        column += 3
      }
    }
    output += [0x0D, 0x0A]
  }

  private static func isPlain(_ line: ArraySlice<UInt8>, at index: Int, startsLine: Bool) -> Bool {
    switch line[index] {
    case UInt8(ascii: "="): false
    case UInt8(ascii: "."): !startsLine
    case UInt8(ascii: "F"): !(startsLine && line[index...].starts(with: Array("From ".utf8)))
    // White space at the end of a line gets lost on the way.
    case 0x20, 0x09: index != line.endIndex - 1
    case 0x21...0x7E: true
    default: false
    }
  }

  private static func escape(_ byte: UInt8) -> [UInt8] {
    [UInt8(ascii: "="), hexDigits[Int(byte >> 4)], hexDigits[Int(byte & 15)]]
  }

  private static let softBreak = Array("=\r\n".utf8)
  private static let hexDigits = Array("0123456789ABCDEF".utf8)
}

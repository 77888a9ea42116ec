/// Writes header fields of our own: printable ASCII, folded at 78 columns (RFC 5322 section 2.1.1), anything else in
/// encoded words (RFC 2047).
///
/// No value can break out of its field: line ends and tabs become spaces, other control characters are removed.
package enum HeaderWriter {
  /// Returns a field of free text, with its final CRLF.
  ///
  /// - Parameters:
  ///   - name: a field name of ours, used as it is.
  ///   - value: any text; cut after 2000 characters.
  package static func text(_ name: String, _ value: String) -> [UInt8] {
    let value = clean(value)
    let words = value.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
    return needsEncoding(value, words) ? encoded(name, value) : folded(name, words)
  }

  /// Returns a field of words that must stay as they are (addresses, parameters), folded between them, with its final
  /// CRLF.
  package static func folded(_ name: String, _ words: [String]) -> [UInt8] {
    var line = name + ":"
    var column = line.utf8.count
    for (position, word) in words.enumerated() {
      let length = word.utf8.count
      let fits = position == 0 || column + 1 + length <= 78
      line += (fits ? " " : "\r\n ") + word
      column = (fits ? column : 0) + 1 + length
    }
    return Array((line + "\r\n").utf8)
  }

  /// Returns a field with a list of addresses, e.g. `To:`. Addresses outside ASCII are written as they are (RFC 6532).
  package static func addresses(_ name: String, _ addresses: [EmailAddress]) -> [UInt8] {
    let words = addresses.map { clean($0.quoted).split(separator: " ").joined(separator: " ") }
    return folded(name, words.enumerated().map { $0 < words.count - 1 ? $1 + "," : $1 })
  }

  /// Returns `text` without anything that could end a line or fool a terminal.
  private static func clean(_ text: String) -> String {
    var result = ""
    for scalar in text.prefix(2000).unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D: result.unicodeScalars.append(" ")
      case 0x00...0x1F, 0x7F...0x9F, 0x2028, 0x2029: break
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }

  /// Returns true for text outside ASCII; for text that only looks like an encoded word, so that it arrives unchanged;
  /// and for a word too long to fold.
  private static func needsEncoding(_ value: String, _ words: [String]) -> Bool {
    !value.utf8.allSatisfy { $0 < 0x80 } || value.contains("=?") || words.contains { $0.utf8.count > 900 }
  }

  /// Returns the field in Q encoding, which is legible if the text is mostly ASCII. No word exceeds 75 octets, no line
  /// 76 (RFC 2047 section 2).
  private static func encoded(_ name: String, _ value: String) -> [UInt8] {
    var words: [String] = []
    var word = ""
    var room = 76 - name.utf8.count - 2 - 12
    for scalar in value.unicodeScalars {
      let unit = encode(scalar)
      if word.utf8.count + unit.utf8.count > room, !word.isEmpty {
        words.append("=?utf-8?q?\(word)?=")
        (word, room) = ("", 63)
      }
      word += unit
    }
    words.append("=?utf-8?q?\(word)?=")
    return Array("\(name): \(words.joined(separator: "\r\n "))\r\n".utf8)
  }

  /// Encodes a scalar, which is never split between two encoded words (RFC 2047 section 5).
  private static func encode(_ scalar: Unicode.Scalar) -> String {
    switch scalar {
    case "a"..."z", "A"..."Z", "0"..."9", "-", ".", "/", "!", "*", "+": String(scalar)
    case " ": "_"
    default: String(scalar).utf8.map { "=" + hex($0) }.joined()
    }
  }

  private static func hex(_ byte: UInt8) -> String {
    (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}

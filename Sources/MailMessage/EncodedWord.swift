/// Encoded words in header values (RFC 2047): `=?utf-8?q?Caf=C3=A9?=`.
package enum EncodedWord {
  /// Unfolds and decodes a header value to UTF-8, up to about `limit` octets. Text that cannot be decoded stays as it
  /// is.
  package static func decode(
    _ bytes: borrowing Span<UInt8>, _ value: Range<Int>, limit: Int = 8192
  ) -> [UInt8] {
    var output: [UInt8] = []
    var index = value.lowerBound
    // The end of the last encoded word, as long as only white space has followed.
    var endOfWord: Int?
    while index < value.upperBound, output.count < limit {
      if bytes[index] == UInt8(ascii: "="), let word = word(bytes, at: index, end: value.upperBound) {
        // RFC 2047, 6.2: white space between two encoded words is not part of the text.
        if let endOfWord { output.removeLast(output.count - endOfWord) }
        output += word.text
        index = word.next
        endOfWord = output.count
        continue
      }
      let byte = bytes[index]
      if byte.isBlank {
        // A fold is one space, however it was made.
        if let last = output.last, last != 0x20 { output.append(0x20) }
      } else {
        output.append(byte)
        endOfWord = nil
      }
      index += 1
    }
    while output.last == 0x20 { output.removeLast() }
    return output
  }

  private static func word(
    _ bytes: borrowing Span<UInt8>, at start: Int, end: Int
  ) -> (text: [UInt8], next: Int)? {
    guard bytes.has("=?", at: start, before: end),
      let second = bytes.firstIndex(of: UInt8(ascii: "?"), in: (start + 2)..<end), second - start < 64,
      second + 2 < end, bytes[second + 2] == UInt8(ascii: "?"),
      // RFC 2047, 2: 75 characters at most; some senders write longer ones. The bound keeps decoding linear.
      let close = bytes.firstIndex(of: "?=", in: (second + 3)..<Swift.min(end, second + 1003))
    else { return nil }
    let content = (second + 3)..<close
    var text: [UInt8]
    switch bytes[second + 1].asciiLowercased {
    case UInt8(ascii: "q"): text = quoted(bytes, content)
    case UInt8(ascii: "b"): text = TransferEncoding.base64.decode(bytes, content, limit: 4096) ?? []
    default: return nil
    }
    // RFC 2231, 5: a language may follow the charset, `utf-8*en`.
    let name = (start + 2)..<(bytes.firstIndex(of: UInt8(ascii: "*"), in: (start + 2)..<second) ?? second)
    text = Charset(bytes, name: name).utf8(text)
    return (text, close + 2)
  }

  private static func quoted(_ bytes: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    var index = range.lowerBound
    while index < range.upperBound {
      let byte = bytes[index]
      if byte == UInt8(ascii: "="), index + 2 < range.upperBound, let high = bytes[index + 1].hexValue,
        let low = bytes[index + 2].hexValue
      {
        output.append(high << 4 | low)
        index += 3
      } else {
        output.append(byte == UInt8(ascii: "_") ? 0x20 : byte)
        index += 1
      }
    }
    return output
  }
}

import MailMessage
import MailTestKit
import Testing

@Suite struct QuotedPrintableEncoderTests {
  static func encode(_ text: String) -> String {
    String(decoding: QuotedPrintableEncoder.encode(text.utf8), as: UTF8.self)
  }

  @Test(
    "text is encoded as RFC 2045 says",
    arguments: [
      ("", ""), ("abc", "abc\r\n"), ("a\nb\r\nc\rd", "a\r\nb\r\nc\r\nd\r\n"), ("a=b", "a=3Db\r\n"),
      ("ü", "=C3=BC\r\n"), ("end \nend\t", "end=20\r\nend=09\r\n"), (".", "=2E\r\n"), ("a.b", "a.b\r\n"),
      ("From here", "=46rom here\r\n"), ("Fromage", "Fromage\r\n"), ("a From b", "a From b\r\n"), ("\u{0}", "=00\r\n"),
      ("\n\n", "\r\n\r\n"),
    ])
  func encodes(_ text: String, _ expected: String) { #expect(Self.encode(text) == expected) }

  /// Any bytes: lines within 76, 7 bits, nothing at a line's start that something on the way would change, and a
  /// decoder gets back what went in.
  @Test(
    "whatever octets go in survive the way, and nothing on it would change a line",
    arguments: 0..<50)
  func survivesTheWay(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let alphabet = Array("ab=. \t\nFrom üé█".utf8)
    let bytes = (0..<2000).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }
    let encoded = QuotedPrintableEncoder.encode(bytes)
    let lines = encoded.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
    for line in lines {
      #expect(line.last == 0x0D && line.count <= 77)
      #expect(line.first != UInt8(ascii: ".") && !line.starts(with: Array("From ".utf8)))
      let end = line.dropLast().last
      #expect(end != 0x20 && end != 0x09)
    }
    #expect(encoded.allSatisfy { $0 < 0x80 })
    #expect(Self.decode(encoded) == bytes + (bytes.last == 0x0A ? [] : [0x0A]))
  }

  /// A decoder as simple as can be, written apart from the encoder.
  private static func decode(_ encoded: [UInt8]) -> [UInt8] {
    var text = String(decoding: encoded, as: UTF8.self).unicodeScalars[...]
    var bytes: [UInt8] = []
    while let scalar = text.popFirst() {
      switch scalar {
      case "\r": break
      case "=":
        let pair = String(String.UnicodeScalarView(text.prefix(2)))
        text = text.dropFirst(2)
        if let byte = UInt8(pair, radix: 16) { bytes.append(byte) }
      default: bytes.append(UInt8(truncatingIfNeeded: scalar.value))
      }
    }
    return bytes
  }
}

/// Text in the form of the parameters ENVID and ORCPT (RFC 3461 section 4): an octet that is not printable ASCII, a `+`
/// and a `=` are written as `+` and two hexadecimal digits.
package struct Xtext: Hashable, Sendable {
  /// The encoded form. Text from a client is kept as it came, since it has to be passed on unchanged.
  package let encoded: String

  /// Takes encoded text; nil if it is malformed or empty. Lower-case digits are accepted, too.
  package init?(_ encoded: some StringProtocol) {
    guard !encoded.isEmpty, Self.decode(encoded.utf8) != nil else { return nil }
    self.encoded = String(encoded)
  }

  /// Encodes `text`.
  package init(encoding text: String) {
    encoded = text.utf8.map { Self.isPlain($0) ? String(UnicodeScalar($0)) : Self.escape($0) }.joined()
  }

  /// The decoded octets.
  package var octets: [UInt8] { Self.decode(encoded.utf8) ?? [] }

  /// The decoded text if it is printable ASCII, as RFC 3461 sections 4.2 and 4.4 require; else nil. Anything else has
  /// no place in a notification.
  package var printable: String? {
    let octets = octets
    return octets.allSatisfy { (0x20...0x7E).contains($0) } ? String(decoding: octets, as: UTF8.self) : nil
  }

  private static func decode(_ encoded: some Sequence<UInt8>) -> [UInt8]? {
    var octets: [UInt8] = []
    var rest = encoded.makeIterator()
    while let byte = rest.next() {
      if isPlain(byte) {
        octets.append(byte)
      } else {
        guard byte == UInt8(ascii: "+"), let high = rest.next().flatMap(digit), let low = rest.next().flatMap(digit)
        else { return nil }
        octets.append(high << 4 | low)
      }
    }
    return octets
  }

  /// True for an `xchar`.
  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x21...0x7E).contains(byte) && byte != UInt8(ascii: "+") && byte != UInt8(ascii: "=")
  }

  private static func escape(_ byte: UInt8) -> String {
    (byte < 16 ? "+0" : "+") + String(byte, radix: 16, uppercase: true)
  }

  private static func digit(_ byte: UInt8) -> UInt8? { Character(UnicodeScalar(byte)).hexDigitValue.map { UInt8($0) } }
}

extension Xtext: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let text = Xtext(try container.decode(String.self)) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no xtext")
    }
    self = text
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(encoded)
  }
}

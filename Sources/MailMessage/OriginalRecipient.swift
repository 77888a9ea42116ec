/// The recipient that a mail was first sent to, before the address was forwarded or expanded: ORCPT (RFC 3461 section
/// 4.2).
package struct OriginalRecipient: Hashable, Sendable {
  /// The parameter `addr-type;address` as the client wrote it: RFC 3461 section 5.2.1 forbids changing even the case of
  /// a letter on the way.
  package let parameter: String

  /// The maximum octets of a parameter (RFC 3461 section 4.2).
  private static let limit = 500

  /// Parses a parameter; nil if it is malformed or too long.
  ///
  /// - Parameter allowingUTF8: true if SMTPUTF8 is in force, which lets an address of the type `utf-8` hold any letter
  ///   (RFC 6533 section 3).
  package init?(_ parameter: String, allowingUTF8: Bool) {
    guard parameter.utf8.count <= Self.limit, let (type, address) = Self.split(parameter), !type.isEmpty,
      type.utf8.allSatisfy(Self.isTypeText)
    else { return nil }
    if Self.isInternational(type) {
      guard Self.isWellFormed(address), allowingUTF8 || parameter.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    } else {
      guard Xtext(address)?.printable != nil else { return nil }
    }
    self.parameter = parameter
  }

  /// The value of `Original-Recipient` (RFC 3464 section 2.3.1), in 7 bits; nil if it is too long for them.
  package var field: String? {
    guard let (type, address) = sevenBitParameter.flatMap(Self.split) else { return nil }
    let isInternational = Self.isInternational(type)
    return "\(type); \(isInternational ? String(address) : Xtext(address)?.printable ?? String(address))"
  }

  /// The parameter for a host without SMTPUTF8 (`utf-8-addr-xtext` of RFC 6533 section 3); nil if that is too long.
  package var sevenBitParameter: String? {
    let text = Self.sevenBit(parameter) { $0.isASCII }
    return text.utf8.count <= Self.limit ? text : nil
  }

  /// Returns `address` in the 7-bit form of RFC 6533 section 3, as the type `utf-8` has it.
  package static func sevenBit(_ address: EmailAddress) -> String {
    sevenBit(address.text) { (0x21...0x7E).contains($0.value) && !"\\+=".unicodeScalars.contains($0) }
  }

  private static func sevenBit(_ text: String, keeping keep: (Unicode.Scalar) -> Bool) -> String {
    text.unicodeScalars.map { keep($0) ? String($0) : "\\x{\(String($0.value, radix: 16, uppercase: true))}" }.joined()
  }

  private static func split(_ parameter: String) -> (type: Substring, address: Substring)? {
    guard let semicolon = parameter.firstIndex(of: ";") else { return nil }
    return (parameter[..<semicolon], parameter[parameter.index(after: semicolon)...])
  }

  private static func isInternational(_ type: Substring) -> Bool { type.lowercased() == "utf-8" }

  private static func isTypeText(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || byte == UInt8(ascii: "-")
  }

  /// Returns true for `utf-8-addr-xtext` or `utf-8-addr-unitext`: no space, no `+`, no `=`; a backslash only as
  /// `\x{…}`.
  private static func isWellFormed(_ address: Substring) -> Bool {
    var rest = address.unicodeScalars
    if rest.isEmpty { return false }
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\\":
        let digits = rest.dropFirst(2).prefix { $0.properties.isASCIIHexDigit }
        guard rest.starts(with: "x{".unicodeScalars), (1...6).contains(digits.count),
          rest.dropFirst(2 + digits.count).first == "}"
        else { return false }
        rest = rest.dropFirst(3 + digits.count)
      case "+", "=": return false
      default: if scalar.value < 0x21 || (0x7F...0x9F).contains(scalar.value) { return false }
      }
    }
    return true
  }
}

extension OriginalRecipient: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let value = OriginalRecipient(try container.decode(String.self), allowingUTF8: true) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no original recipient")
    }
    self = value
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(parameter)
  }
}

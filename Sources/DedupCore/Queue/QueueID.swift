/// The name of one accepted mail in replies, logs, `Received:` and the queue: 13 characters of Crockford's base 32.
///
/// It consists of a zero bit, 43 bits of milliseconds since the epoch (until the year 2248) and 20 bits from the
/// caller, so ids sort by age, both as numbers and as text, and two mails of one millisecond differ.
package struct QueueID: Hashable, Comparable, Sendable, Codable {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  package init(at now: Timestamp, salt: UInt32) {
    rawValue = (now.milliseconds & 0x7FF_FFFF_FFFF) << 20 | Int64(salt & 0xF_FFFF)
  }

  /// Parses an id, or returns nil if `text` is not one. Upper and lower case are equal, and so are O and 0 as well as
  /// I, L and 1, which people confuse when they read an id aloud.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 13 else { return nil }
    var value: UInt64 = 0
    for byte in text.utf8 {
      guard let digit = Self.digit(byte) else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 32)
      guard !overflow else { return nil }
      value = shifted | UInt64(digit)
    }
    rawValue = Int64(bitPattern: value)
  }

  package static func < (a: QueueID, b: QueueID) -> Bool { a.rawValue < b.rawValue }

  private static func digit(_ byte: UInt8) -> Int? {
    let upper = (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) ? byte - 0x20 : byte
    switch upper {
    case UInt8(ascii: "O"): return 0
    case UInt8(ascii: "I"), UInt8(ascii: "L"): return 1
    default: return alphabet.firstIndex(of: upper)
    }
  }

  private static let alphabet = Array("0123456789ABCDEFGHJKMNPQRSTVWXYZ".utf8)

  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let id = QueueID(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "not a queue id: \(text)"))
    }
    self = id
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

extension QueueID: CustomStringConvertible {
  package var description: String {
    var bits = UInt64(bitPattern: rawValue)
    return String(unsafeUninitializedCapacity: 13) { octets in
      for index in (0..<13).reversed() {
        octets[index] = Self.alphabet[Int(bits & 31)]
        bits >>= 5
      }
      return 13
    }
  }
}

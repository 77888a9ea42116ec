/// Names one accepted mail in replies, logs, `Received:` and the queue: 13 characters of Crockford's base 32.
///
/// The upper 44 bits are the milliseconds of the acceptance and the lower 20 come from the caller, so that ids sort
/// by age and two mails of one millisecond differ.
package struct QueueID: Hashable, Comparable, Sendable, Codable {
  package let rawValue: Int64

  package init(rawValue: Int64) { self.rawValue = rawValue }

  package init(at now: Timestamp, salt: UInt32) {
    rawValue = (now.milliseconds & 0x7FF_FFFF_FFFF) << 20 | Int64(salt & 0xF_FFFF)
  }

  /// The id that `text` names (upper or lower case), or nil.
  package init?(_ text: some StringProtocol) {
    guard text.utf8.count == 13 else { return nil }
    var value: UInt64 = 0
    for byte in text.uppercased().utf8 {
      guard let digit = Self.alphabet.firstIndex(of: byte) else { return nil }
      let (shifted, overflow) = value.multipliedReportingOverflow(by: 32)
      guard !overflow else { return nil }
      value = shifted | UInt64(digit)
    }
    rawValue = Int64(bitPattern: value)
  }

  package static func < (a: QueueID, b: QueueID) -> Bool { a.rawValue < b.rawValue }

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
    let bits = UInt64(bitPattern: rawValue)
    let digits = stride(from: 60, through: 0, by: -5).map { Self.alphabet[Int(bits >> UInt64($0) & 31)] }
    return String(decoding: digits, as: UTF8.self)
  }
}

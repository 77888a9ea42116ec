/// Looks at the header of a complete message for what ends its journey here. Reads each header octet once.
enum HeaderCheck {
  enum Fault: Hashable, Sendable {
    /// The header block is longer than the limit. It is refused and never cut: a cut header is another mail.
    case tooLarge
    /// More `Received:` fields than the limit: the message goes round in circles (RFC 5321 section 6.3).
    case loop
  }

  /// The header ends at an empty line, or at the first line that is neither a field nor the continuation of one: a
  /// text without any header (which smtplib sends as it is) counts as body.
  static func fault(in message: [UInt8], limits: SessionLimits) -> Fault? {
    message.withUnsafeBufferPointer { bytes in
      var hops = 0
      var start = 0
      while start < bytes.count {
        let end = bytes[start...].firstIndex(of: 0x0A).map { $0 + 1 } ?? bytes.count
        let isContinuation = start > 0 && (bytes[start] == 0x20 || bytes[start] == 0x09)
        if !isContinuation {
          guard let name = fieldName(bytes[start..<end]) else { return nil }
          if isReceived(name) { hops += 1 }
        }
        if hops > limits.receivedHops { return .loop }
        if end > limits.headerBlock { return .tooLarge }
        start = end
      }
      return nil
    }
  }

  /// `ftext` of RFC 5322 section 3.6.8 before the colon; the blanks before it are those of section 4.5.
  private static func fieldName(_ line: Slice<UnsafeBufferPointer<UInt8>>) -> Slice<UnsafeBufferPointer<UInt8>>? {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    var name = line[..<colon]
    while name.last == 0x20 || name.last == 0x09 { name.removeLast() }
    guard !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return name
  }

  private static func isReceived(_ name: Slice<UnsafeBufferPointer<UInt8>>) -> Bool {
    name.count == 8 && name.elementsEqual("received".utf8, by: { $0.asciiLowercased == $1 })
  }
}

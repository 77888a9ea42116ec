/// Examines the header of an arriving message for faults that end its journey here.
enum HeaderCheck {
  enum Fault: Hashable, Sendable {
    /// The header block is longer than the limit. It is refused and never cut: a cut header is another mail.
    case tooLarge
    /// The message has more `Received:` fields than the limit: it is looping (RFC 5321 section 6.3).
    case loop
  }

  enum Finding: Hashable, Sendable {
    /// The header has ended without a fault.
    case good
    case fault(Fault)
    /// The header continues beyond the octets available.
    case unfinished
  }

  /// The number of octets in which a field's colon must appear: a line without one is not a field, whatever follows (a
  /// line has at most 998 octets, RFC 5322 section 2.1.1). So the finding for the start of a message holds for the
  /// whole.
  private static let longestName = 1000

  /// Examines the start of a message. The header ends at an empty line, or at the first line that is neither a field
  /// nor a continuation of one: a text without any header (which smtplib sends as it is) counts as body.
  ///
  /// - Parameter start: the first octets of the message.
  static func finding(in start: [UInt8], limits: SessionLimits) -> Finding {
    start.withUnsafeBufferPointer { bytes in
      var hops = 0
      var index = 0
      while index < bytes.count {
        let lineEnd = bytes[index...].firstIndex(of: 0x0A)
        let end = lineEnd.map { $0 + 1 } ?? bytes.count
        let isContinuation = index > 0 && (bytes[index] == 0x20 || bytes[index] == 0x09)
        let name = fieldName(bytes[index..<min(end, index + longestName)])
        if !isContinuation, name == nil {
          return lineEnd == nil && end - index < longestName ? .unfinished : .good
        }
        if end > limits.headerBlock { return .fault(.tooLarge) }
        if lineEnd == nil { return .unfinished }
        if !isContinuation, let name, isReceived(name) { hops += 1 }
        if hops > limits.receivedHops { return .fault(.loop) }
        index = end
      }
      return .unfinished
    }
  }

  /// True if the line, without its line end, is a field or the continuation of one.
  static func isHeaderLine(_ line: ArraySlice<UInt8>) -> Bool {
    guard let first = line.first else { return false }
    return first == 0x20 || first == 0x09 || fieldName(line) != nil
  }

  /// Returns the `ftext` of RFC 5322 section 3.6.8 before the colon, or nil if the line is not a field. Blanks before
  /// the colon are allowed (section 4.5).
  private static func fieldName<Octets: BidirectionalCollection<UInt8>>(_ line: Octets) -> Octets.SubSequence?
  where Octets.SubSequence: BidirectionalCollection {
    guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
    var end = colon
    while end > line.startIndex, case let last = line[line.index(before: end)], last == 0x20 || last == 0x09 {
      line.formIndex(before: &end)
    }
    let name = line[..<end]
    guard !name.isEmpty, name.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
    return name
  }

  private static func isReceived(_ name: some Collection<UInt8>) -> Bool {
    name.count == 8 && name.elementsEqual("received".utf8, by: { $0.asciiLowercased == $1 })
  }
}

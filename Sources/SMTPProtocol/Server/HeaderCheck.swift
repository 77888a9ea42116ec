import MailMessage

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

  /// Examines the start of a message, line by line as `HeaderScanner` reads them. A text without any header (which
  /// smtplib sends as it is) counts as body. The finding for the start of a message holds for the whole.
  ///
  /// - Parameter start: the first octets of the message.
  static func finding(in start: [UInt8], limits: SessionLimits) -> Finding {
    let bytes = start.span
    var scanner = HeaderScanner()
    var hops = 0
    var index = 0
    while index < bytes.count {
      let line = scanner.line(bytes, at: index, before: bytes.count)
      let isComplete = bytes[line.next - 1] == 0x0A
      switch line.kind {
      case .field(let name, _):
        if line.next > limits.headerBlock { return .fault(.tooLarge) }
        if isComplete, bytes.equalsIgnoringCase(name, "received") { hops += 1 }
      case .fold: if line.next > limits.headerBlock { return .fault(.tooLarge) }
      case .stray: break
      case .end: return isComplete ? .good : .unfinished
      // What is short may still become a field.
      case .text: return isComplete || line.text.count >= HeaderScanner.longestName ? .good : .unfinished
      }
      if hops > limits.receivedHops { return .fault(.loop) }
      index = line.next
    }
    return .unfinished
  }
}

import MailMessage

/// Words without which no error report is written: what Python prints above a traceback, and lines of Django's layout.
enum ReportTraces {
  /// - Parameter work: grows by the octets that were looked at.
  static func areIn(_ text: borrowing Span<UInt8>, _ work: inout Int) -> Bool {
    work += text.count
    for words: StaticString in ["Traceback", "Django Version:", "Exception Type:"]
    where text.firstIndex(of: words, in: 0..<text.count) != nil {
      return true
    }
    return false
  }
}

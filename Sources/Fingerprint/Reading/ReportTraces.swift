import MailMessage

/// The words that occur in every error report: what Python prints above a traceback, and lines of Django's layout.
enum ReportTraces {
  /// True if the text contains one of the words.
  ///
  /// - Parameter work: increased by the number of octets that were examined.
  static func areIn(_ text: borrowing Span<UInt8>, _ work: inout Int) -> Bool {
    work += text.count
    for words: StaticString in ["Traceback", "Django Version:", "Exception Type:"]
    where text.firstIndex(of: words, in: 0..<text.count) != nil {
      return true
    }
    return false
  }
}

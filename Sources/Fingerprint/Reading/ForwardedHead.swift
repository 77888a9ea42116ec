import MailMessage

/// The lines that a mail program writes above a forwarded mail:
///
///     -----Original Message-----         Begin forwarded message:          ________________________________
///     From: django@shop.example.org      From: django@shop.example.org     发件人: django@shop.example.org
///     Sent: Monday, November 30, 2026    Subject: …                        发送时间: 2026年11月30日
///     To: admin@shop.example.org                                           收件人: admin@shop.example.org
///
/// Its words are in the program's language, its form is the same in all languages.
enum ForwardedHead {
  /// True if `range` begins with such lines. These are three or more labels: after a line of dashes or one with a colon
  /// at its end, one label has an address; without such a line, two have.
  static func begins(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = text.trimmed(range).lowerBound
    var (labels, addresses, isIntroduced, isFirst) = (0, 0, false, true)
    for _ in 0..<mostLines {
      guard index < range.upperBound else { break }
      let raw = text.line(at: index, before: range.upperBound)
      let line = text.trimmed(raw.prefix(400))
      index = Swift.max(text.next(after: raw, before: range.upperBound), index + 1)
      if line.isEmpty {
        if labels > 0 { break }
        continue
      }
      switch MailLine(text, line) {
      case .label(_, let value):
        labels += 1
        if text.firstIndex(of: UInt8(ascii: "@"), in: value) != nil { addresses += 1 }
      case .heading, .rule:
        guard isFirst else { return isHead(labels, addresses, isIntroduced) }
        isIntroduced = true
      default:
        guard isFirst, isDashed(text, line) else { return isHead(labels, addresses, isIntroduced) }
        isIntroduced = true
      }
      isFirst = false
    }
    return isHead(labels, addresses, isIntroduced)
  }

  private static let mostLines = 10

  private static func isHead(_ labels: Int, _ addresses: Int, _ isIntroduced: Bool) -> Bool {
    labels >= 3 && addresses >= (isIntroduced ? 1 : 2)
  }

  /// True for `-----Original Message-----`, `---------- Forwarded message ---------`.
  private static func isDashed(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    text.has("----", at: line.lowerBound, before: line.upperBound)
      && text.has("----", at: line.upperBound - 4, before: line.upperBound)
  }
}

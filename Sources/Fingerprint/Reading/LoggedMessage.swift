import MailMessage

/// The end of the log message at the beginning of a mail.
///
/// `AdminEmailHandler` puts the message into the Subject, with `\n` for its line ends, and at the beginning of the
/// text, followed by an empty line and the report. So the Subject tells how long the message is, whatever a visitor
/// wrote into it.
enum LoggedMessage: Equatable {
  /// The message begins at `start`, after words of a formatter. The message and the empty line after it end at `end`,
  /// where the report begins.
  case whole(start: Int, end: Int)
  /// The Subject has another text: the message may continue after this position.
  case atLeast(Int)
  /// The Subject is as long as a truncated one: the message may continue after this position.
  case cut(Int)
  /// The text begins as the Subject does, and continues with other words.
  case begun

  /// The number of octets of a Subject that are read. A path has a few thousand, a site's log message may have more.
  static let mostOfSubject = 128 * 1024

  /// Finds the message at the beginning of `text`.
  ///
  /// - Parameter logged: what the Subject says after the level.
  init(_ text: borrowing Span<UInt8>, logged: [UInt8]) {
    let subject = logged.span
    let wanted = subject.trimmed(0..<subject.count)
    self = .atLeast(0)
    // A formatter of the site's own may put words before the message.
    var tries = 0
    var index = 0
    let words = Swift.min(text.count, 512)
    while !wanted.isEmpty, index < words, tries < 16 {
      guard let start = text.firstIndex(of: subject[wanted.lowerBound], in: index..<words) else { return }
      let isPlausible = start == 0 || (text[start - 1].isBlank && wanted.count >= 8)
      if isPlausible {
        let match = Self.match(text, from: start, subject, wanted)
        // A visitor's encoded word (RFC 2047) can contain a line end that decoding removes from the Subject.
        if match.isWhole, text.firstIndex(of: "=?", in: start..<match.end) == nil {
          // If a message ends in a CR, the line end after it has become one with it.
          let isReturn = subject.has("\\r", at: wanted.upperBound - 2, before: wanted.upperBound)
          let end = match.end + (isReturn && !text.has("\n\n", at: match.end, before: text.count) ? 1 : 2)
          let isCertain = Self.isEmptyLine(text, before: end)
          let isCut = Self.isCut(match, logged.count)
          self = isCut ? .cut(match.end) : isCertain ? .whole(start: start, end: end) : .atLeast(match.end)
          return
        }
        if start == 0, match.end >= 8 { self = .begun }
      }
      tries += 1
      index = start + 1
    }
  }

  /// The start of the head of the report, or nil if it is unknown.
  var end: Int? { if case .whole(_, let end) = self { end } else { nil } }

  /// The start of the words that the Subject says.
  var start: Int { if case .whole(let start, _) = self { start } else { 0 } }

  /// The earliest position at which the head of the report can begin.
  var floor: Int {
    switch self {
    case .whole(_, let end), .atLeast(let end), .cut(let end): end
    case .begun: 0
    }
  }

  /// True if the text begins as the Subject does, but the Subject does not tell where the message ends.
  var isOpen: Bool { end == nil && self != .atLeast(0) }

  /// True if a message ends in the path that the head below it, `Report at /cart/`, repeats. All of a path is a
  /// visitor's, even a traceback in it.
  static func endsInPath(_ text: borrowing Span<UInt8>, _ message: Range<Int>, head: Int) -> Bool {
    guard text.has("Report at ", at: head, before: text.count) else { return false }
    let message = text.trimmed(message)
    let said = text.trimmed(head + 10..<text.line(at: head, before: text.count).upperBound)
    let line = text.line(at: message.lowerBound, before: message.upperBound)
    let path = text.trimmed(line).upperBound - said.count..<message.upperBound
    guard !said.isEmpty, path.lowerBound >= line.lowerBound else { return false }
    return text.same(path, head + 10..<head + 10 + path.count)
  }

  /// True if an empty line ends at `end`.
  private static func isEmptyLine(_ text: borrowing Span<UInt8>, before end: Int) -> Bool {
    text.has("\n\n", at: end - 2, before: text.count)
  }

  private struct Match {
    /// True if nothing of the Subject is left.
    var isWhole = false
    var end: Int
    /// The number of characters of the Subject that the message took, as Django wrote it.
    var characters = 0
  }

  /// True if the Subject may be truncated: old Djangos cut it after 989 characters, including the level (up to 30), and
  /// we read `mostOfSubject` of it. A visitor could choose what stands there.
  private static func isCut(_ match: Match, _ logged: Int) -> Bool {
    (940...989).contains(match.characters) || logged >= mostOfSubject - 1000
  }

  /// Compares the message in `text` with the Subject, as far as they are the same. Where Python ended a line of the
  /// Subject, or folded it, blanks of every kind became one.
  private static func match(
    _ text: borrowing Span<UInt8>, from start: Int, _ subject: borrowing Span<UInt8>, _ wanted: Range<Int>
  ) -> Match {
    var match = Match(end: start)
    var at = wanted.lowerBound
    while at < wanted.upperBound {
      let escape = lineEnd(subject, at, wanted.upperBound)
      // A lone CR may have become a blank in transit, and a NUL is removed.
      if escape > 0, match.end < text.count, text[match.end].isBlank {
        at += escape
        match.end += 1
        match.characters += escape
      } else if subject[at] == 0 {
        at += 1
        if match.end < text.count, text[match.end] == 0 { match.end += 1 }
      } else if subject.blank(at: at) > 0 {
        guard text.blank(at: match.end) > 0 else { return match }
        while at < wanted.upperBound, subject.blank(at: at) > 0 { at += subject.blank(at: at) }
        skipBlanks(text, &match)
      } else {
        guard match.end < text.count, text[match.end] == subject[at] else { return match }
        if text[match.end] & 0xC0 != 0x80 { match.characters += 1 }
        match.end += 1
        at += 1
      }
    }
    // The blanks that folding took from the end of the Subject.
    skipBlanks(text, &match)
    match.isWhole = true
    return match
  }

  private static func skipBlanks(_ text: borrowing Span<UInt8>, _ match: inout Match) {
    while match.end < text.count, !text[match.end].isLineEnd {
      let length = text.blank(at: match.end)
      guard length > 0 else { return }
      match.end += length
      match.characters += 1
    }
  }

  /// The number of octets of the Subject that stand for one line end: `\r\n` of a visitor is one in a mail. Zero if
  /// there is none.
  private static func lineEnd(_ subject: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int {
    if subject.has("\\r\\n", at: at, before: end) { return 4 }
    return subject.has("\\n", at: at, before: end) || subject.has("\\r", at: at, before: end) ? 2 : 0
  }
}

extension Span where Element == UInt8 {
  /// The number of octets in UTF-8 of the blank at `index`, or 0 if there is none. Blanks are those of Python's
  /// `str.isspace`: Python ends the lines of a Subject at some of them, and takes the others from the beginning of the
  /// next.
  fileprivate func blank(at index: Int) -> Int {
    guard index < count else { return 0 }
    switch self[index] {
    case 0x09...0x0D, 0x1C...0x20: return 1
    case 0xC2: return isOne("\u{85}", at: index) || isOne("\u{A0}", at: index) ? 2 : 0
    case 0xE1: return isOne("\u{1680}", at: index) ? 3 : 0
    case 0xE2:
      guard index + 2 < count else { return 0 }
      guard self[index + 1] == 0x80 else { return isOne("\u{205F}", at: index) ? 3 : 0 }
      return [0x80...0x8A, 0xA8...0xA9, 0xAF...0xAF].contains { $0 ~= self[index + 2] } ? 3 : 0
    case 0xE3: return isOne("\u{3000}", at: index) ? 3 : 0
    default: return 0
    }
  }

  private func isOne(_ sign: StaticString, at index: Int) -> Bool { has(sign, at: index, before: count) }
}

extension UInt8 {
  fileprivate var isLineEnd: Bool { self == 0x0A || self == 0x0D }
}

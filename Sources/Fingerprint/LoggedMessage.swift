import MailMessage

/// Where the log message ends at the beginning of a mail.
///
/// `AdminEmailHandler` puts the message into the Subject, with `\n` for its line ends, and at the beginning of the text,
/// followed by an empty line and the report. So the Subject tells how long the message is, whatever a visitor wrote
/// into it.
enum LoggedMessage: Equatable {
  /// The message and the empty line behind it end here: the report begins.
  case whole(end: Int)
  /// The Subject was cut, or holds another text: the message may go on behind this.
  case atLeast(Int)

  /// Octets of a Subject that are read. A path has a few thousand, what a site logs may have more.
  static let mostOfSubject = 128 * 1024

  /// - Parameter logged: what the Subject says behind the level.
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
      if isPlausible, let match = Self.match(text, from: start, subject, wanted) {
        // The line end behind a message that ends in a CR became one with it.
        let isReturn = subject.has("\\r", at: wanted.upperBound - 2, before: wanted.upperBound)
        let end = match.end + (isReturn && !text.has("\n\n", at: match.end, before: text.count) ? 1 : 2)
        let isWhole = Self.isEmptyLine(text, before: end) && !Self.isCut(match, logged.count)
        self = isWhole ? .whole(end: end) : .atLeast(match.end)
        return
      }
      tries += 1
      index = start + 1
    }
  }

  /// Where the head of the report begins; nil: not known.
  var end: Int? { if case .whole(let end) = self { end } else { nil } }

  /// Where it begins at the earliest.
  var floor: Int {
    switch self {
    case .whole(let end), .atLeast(let end): end
    }
  }

  /// Whether an empty line ends at `end`.
  private static func isEmptyLine(_ text: borrowing Span<UInt8>, before end: Int) -> Bool {
    text.has("\n\n", at: end - 2, before: text.count)
  }

  private struct Match {
    var end: Int
    /// Characters of the Subject that the message took, as Django wrote it.
    var characters = 0
  }

  /// Old Djangos cut the Subject behind 989 characters, the level (up to 30) included, and we read `mostOfSubject` of it.
  /// A visitor could choose what stands there.
  private static func isCut(_ match: Match, _ logged: Int) -> Bool {
    (940...989).contains(match.characters) || logged >= mostOfSubject - 1000
  }

  /// The end of the message in `text`, if it is the one of the Subject, whose blanks were folded.
  private static func match(
    _ text: borrowing Span<UInt8>, from start: Int, _ subject: borrowing Span<UInt8>, _ wanted: Range<Int>
  ) -> Match? {
    var match = Match(end: start)
    var at = wanted.lowerBound
    while at < wanted.upperBound {
      let escape = lineEnd(subject, at, wanted.upperBound)
      // A lone CR may have become a blank on the way, and NUL is gone.
      if escape > 0, match.end < text.count, text[match.end].isBlank {
        at += escape
        match.end += 1
        match.characters += escape
      } else if subject[at] == 0 {
        at += 1
        if match.end < text.count, text[match.end] == 0 { match.end += 1 }
      } else if subject[at].isBlank {
        guard match.end < text.count, text[match.end].isBlank else { return nil }
        while at < wanted.upperBound, subject[at].isBlank { at += 1 }
        skipBlanks(text, &match)
      } else {
        guard match.end < text.count, text[match.end] == subject[at] else { return nil }
        if text[match.end] & 0xC0 != 0x80 { match.characters += 1 }
        match.end += 1
        at += 1
      }
    }
    // What folding took from the end of the Subject.
    skipBlanks(text, &match)
    return match
  }

  private static func skipBlanks(_ text: borrowing Span<UInt8>, _ match: inout Match) {
    while match.end < text.count, text[match.end].isBlank, !text[match.end].isLineEnd {
      match.end += 1
      match.characters += 1
    }
  }

  /// How many octets of the Subject stand for one line end: `\r\n` of a visitor is one in a mail.
  private static func lineEnd(_ subject: borrowing Span<UInt8>, _ at: Int, _ end: Int) -> Int {
    if subject.has("\\r\\n", at: at, before: end) { return 4 }
    return subject.has("\\n", at: at, before: end) || subject.has("\\r", at: at, before: end) ? 2 : 0
  }
}

extension UInt8 {
  fileprivate var isLineEnd: Bool { self == 0x0A || self == 0x0D }
}

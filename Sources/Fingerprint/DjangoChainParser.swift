import MailMessage

/// Reads the traceback of Django's plain text report (`technical_500.txt`).
///
/// Django prints the chain without the causes' types, and their text inside the sentence that joins them, perhaps over
/// several lines:
///
///     The above exception (duplicate key value violates unique constraint "x"
///     DETAIL:  Key (number)=(N-1) already exists.
///     ) was the direct cause of the following exception:
struct DjangoChainParser {
  private let limits: ReadingLimits
  private(set) var traceback = Traceback()
  private var linkStart = 0
  private var origin = ChainLink.Origin.first
  /// No sentence of that kind ends behind here: looking again for each line that begins one would be quadratic.
  private var noDirectEnd = false
  private var noContextEnd = false

  init(limits: ReadingLimits) { self.limits = limits }

  /// Reads from behind the `Traceback` line up to `Exception Type: `; answers where that line begins, or `nil` when
  /// the text ends before it.
  mutating func parse(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int? {
    var index = start
    var lastFrameLine = -1
    while index < end {
      let line = text.line(at: index, before: end)
      let next = Swift.max(text.next(after: line, before: end), index + 1)
      let content = text.trimmed(line)
      if content.isEmpty {
        index = next
        continue
      }
      if let frame = FrameLine.parse(text, content) {
        guard traceback.frames.count < limits.frames else {
          traceback.isCut = true
          return nil
        }
        traceback.frames.append(frame)
        lastFrameLine = next
      } else if let join = joint(text, content, end: end) {
        // Django 1.11 indents the sentence like code, so this comes before the code.
        index = join
        continue
      } else if content.lowerBound > line.lowerBound {
        readCode(text, line, isFirst: index == lastFrameLine)
      } else if text.has("Exception Type: ", at: line.lowerBound, before: line.upperBound) {
        return index
      } else if Self.isPastTraceback(text, line) {
        // A report without an exception, or one that was cut: what follows is no traceback any more.
        return nil
      }
      index = next
    }
    traceback.isTruncated = true
    return nil
  }

  /// Adds the exception that was reported in the end.
  mutating func finish(type: Range<Int>, text: Range<Int>) {
    traceback.links.append(
      ChainLink(origin: origin, frames: linkStart..<traceback.frames.count, type: type, text: text))
  }

  private mutating func readCode(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isFirst: Bool) {
    guard let last = traceback.frames.indices.last, isFirst, !FrameLine.isMarker(text, line) else { return }
    // Only frames of Django up to 2.2 lack `, line n` and have the number before the code.
    let isNumbered = !text.has(", line ", at: traceback.frames[last].file.upperBound + 1, before: line.lowerBound)
    traceback.frames[last].source = FrameLine.source(text, line, isNumbered: isNumbered)
  }

  /// Reads a joining sentence that begins on `line`; answers where the next line begins.
  private mutating func joint(_ text: borrowing Span<UInt8>, _ line: Range<Int>, end: Int) -> Int? {
    let at = line.lowerBound
    let kind: ChainLink.Origin
    let opening: Int
    if text.has("The above exception (", at: at, before: line.upperBound) {
      (kind, opening) = (.directCause, at + 21)
    } else if text.has("During handling of the above exception (", at: at, before: line.upperBound) {
      (kind, opening) = (.context, at + 40)
    } else {
      return nil
    }
    guard let close = closing(text, kind, from: opening, end: end) else { return nil }
    let none = close..<close
    traceback.links.append(
      ChainLink(
        origin: origin, frames: linkStart..<traceback.frames.count, type: none, text: text.trimmed(opening..<close)))
    linkStart = traceback.frames.count
    origin = kind
    return Swift.max(text.next(after: text.line(at: close, before: end), before: end), close + 1)
  }

  private mutating func closing(
    _ text: borrowing Span<UInt8>, _ kind: ChainLink.Origin, from start: Int, end: Int
  ) -> Int? {
    if kind == .directCause {
      guard !noDirectEnd else { return nil }
      let close = text.firstIndex(of: ") was the direct cause of the following exception:", in: start..<end)
      noDirectEnd = close == nil
      return close
    }
    guard !noContextEnd else { return nil }
    let close = text.firstIndex(of: "), another exception occurred:", in: start..<end)
    noContextEnd = close == nil
    return close
  }

  private static func isPastTraceback(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    text.has("Request information:", at: line.lowerBound, before: line.upperBound)
      || text.has("Request data not supplied", at: line.lowerBound, before: line.upperBound)
      || text.has("Using settings module ", at: line.lowerBound, before: line.upperBound)
  }
}

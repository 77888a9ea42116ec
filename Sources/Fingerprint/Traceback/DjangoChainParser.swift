import MailMessage

/// Reads the traceback of Django's plain text report (`technical_500.txt`).
///
/// Django prints the chain without the causes' types. A cause's text stands inside the sentence that joins it to the
/// next exception, perhaps over several lines:
///
///     The above exception (duplicate key value violates unique constraint "x"
///     DETAIL:  Key (number)=(N-1) already exists.
///     ) was the direct cause of the following exception:
///
/// A visitor who chose the text of a cause can have put such a sentence and frames into it. Only the frames before the
/// first sentence and those after the last one are certain; the links between them are not (`ChainLink.isCertain`).
struct DjangoChainParser {
  /// The reason why reading stopped, with its position.
  enum Stop: Equatable {
    /// The line `Exception Type: `.
    case type(Int)
    /// A sentence that joins two exceptions.
    case joint(Int)
    /// A line that is no part of a traceback, or the end of the text.
    case end(Int)

    var position: Int {
      switch self {
      case .type(let at), .joint(let at), .end(let at): at
      }
    }
  }

  private let limits: ReadingLimits
  private(set) var traceback = Traceback()
  private var linkStart = 0
  private var origin = ChainLink.Origin.first
  private var lastFrameLine = -1

  init(limits: ReadingLimits) { self.limits = limits }

  /// Reads from the line after `Traceback` to the end of the first exception's frames.
  mutating func begin(_ text: borrowing Span<UInt8>, from start: Int) -> Stop {
    readFrames(text, from: start, end: text.count)
  }

  /// Continues at a joining sentence, up to the line `Exception Type: ` at `end`.
  mutating func goOn(_ text: borrowing Span<UInt8>, from start: Int, to end: Int) {
    var index = start
    while let joint = joint(text, at: index, end: end) {
      traceback.links.append(
        ChainLink(
          origin: origin, frames: linkStart..<traceback.frames.count,
          type: joint.text.upperBound..<joint.text.upperBound,
          text: text.trimmed(joint.text), isCertain: traceback.links.isEmpty))
      linkStart = traceback.frames.count
      origin = joint.kind
      index = joint.next
      guard case .joint(let at) = readFrames(text, from: joint.next, end: end) else { break }
      index = at
    }
    // A sentence without a beginning ends further down: what was read is part of a cause's text.
    if let last = lastJoint(text, index..<end) { restart(text, at: last, end: end) }
  }

  /// Adds the exception that was reported in the end.
  mutating func finish(type: Range<Int>, text: Range<Int>) {
    traceback.links.append(
      ChainLink(origin: origin, frames: linkStart..<traceback.frames.count, type: type, text: text))
  }

  // MARK: - Frames

  private mutating func readFrames(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Stop {
    var index = start
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
          return .end(index)
        }
        traceback.frames.append(frame)
        lastFrameLine = next
      } else if Self.opening(text, content) != nil {
        // Django 1.11 indents the sentence like code, so this test comes before the one for code.
        return .joint(index)
      } else if content.lowerBound > line.lowerBound {
        readCode(text, line, isFirst: index == lastFrameLine)
      } else if text.has("Exception Type: ", at: line.lowerBound, before: line.upperBound) {
        return .type(index)
      } else if Self.isPastTraceback(text, line) {
        // A report without an exception, or a truncated one: the traceback is over.
        return .end(index)
      }
      index = next
    }
    return .end(end)
  }

  private mutating func readCode(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isFirst: Bool) {
    guard let last = traceback.frames.indices.last, isFirst, !FrameLine.isMarker(text, line) else { return }
    // Only frames of Django up to 2.2 lack `, line n` and have the number before the code.
    let isNumbered = !text.has(", line ", at: traceback.frames[last].file.upperBound + 1, before: line.lowerBound)
    traceback.frames[last].source = FrameLine.source(text, line, isNumbered: isNumbered)
  }

  private static func isPastTraceback(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    text.has("Request information:", at: line.lowerBound, before: line.upperBound)
      || text.has("Request data not supplied", at: line.lowerBound, before: line.upperBound)
      || text.has("Using settings module ", at: line.lowerBound, before: line.upperBound)
      || text.has("Django Version: ", at: line.lowerBound, before: line.upperBound)
  }

  // MARK: - Joints

  private struct Joint {
    var kind: ChainLink.Origin
    /// The text that the sentence quotes.
    var text: Range<Int>
    /// The start of the line after the sentence.
    var next: Int
  }

  private static let directEnd: StaticString = ") was the direct cause of the following exception:"
  private static let contextEnd: StaticString = "), another exception occurred:"

  /// The kind of sentence that begins here and the start of its quotation, or nil if it is none.
  private static func opening(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> (ChainLink.Origin, Int)? {
    let at = line.lowerBound
    if text.has("The above exception (", at: at, before: line.upperBound) { return (.directCause, at + 21) }
    if text.has("During handling of the above exception (", at: at, before: line.upperBound) {
      return (.context, at + 40)
    }
    return nil
  }

  /// The sentence that begins on the line at `start`, or nil if none does.
  private func joint(_ text: borrowing Span<UInt8>, at start: Int, end: Int) -> Joint? {
    let content = text.trimmed(text.line(at: start, before: end))
    guard let (kind, opening) = Self.opening(text, content) else { return nil }
    let words = kind == .directCause ? Self.directEnd : Self.contextEnd
    var from = opening
    while let close = text.firstIndex(of: words, in: from..<end) {
      from = close + words.utf8CodeUnitCount
      if let next = Self.lineEnd(text, from, end) { return Joint(kind: kind, text: opening..<close, next: next) }
    }
    return nil
  }

  /// The last end of a sentence in a range: only Django writes what follows it.
  private func lastJoint(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Joint? {
    var found: Joint?
    for (kind, words) in [(ChainLink.Origin.directCause, Self.directEnd), (.context, Self.contextEnd)] {
      var from = range.lowerBound
      while let close = text.firstIndex(of: words, in: from..<range.upperBound) {
        from = close + words.utf8CodeUnitCount
        if let next = Self.lineEnd(text, from, range.upperBound), next > found?.next ?? 0 {
          found = Joint(kind: kind, text: close..<close, next: next)
        }
      }
    }
    return found
  }

  /// The start of the next line if only blanks follow `index` on its line, or else nil.
  private static func lineEnd(_ text: borrowing Span<UInt8>, _ index: Int, _ end: Int) -> Int? {
    var index = index
    while index < end, text[index] != UInt8(ascii: "\n") {
      guard text[index].isBlank else { return nil }
      index += 1
    }
    return index < end ? index + 1 : nil
  }

  /// Records what was read since the last link as a link without a certain text, then reads the frames after `joint`.
  private mutating func restart(_ text: borrowing Span<UInt8>, at joint: Joint, end: Int) {
    let none = joint.text.lowerBound..<joint.text.lowerBound
    traceback.links.append(
      ChainLink(
        origin: origin, frames: linkStart..<traceback.frames.count, type: none, text: none,
        isCertain: traceback.links.isEmpty))
    linkStart = traceback.frames.count
    origin = joint.kind
    _ = readFrames(text, from: joint.next, end: end)
  }
}

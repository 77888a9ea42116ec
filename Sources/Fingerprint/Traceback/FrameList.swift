import MailMessage

/// Frames below `Traceback:` without Python's own header, as `traceback.format_tb` returns them: django-extensions
/// mails them when a command failed. The exception is missing, or stands right below.
///
///     Reporting execution of command: 'import_prices'
///
///     Traceback:
///
///       File "/srv/shop/orders/pricing.py", line 7, in total
///         return sum(lines)
struct FrameList: Sendable, Equatable {
  private(set) var traceback = Traceback()
  /// The octets from the heading to the end of the last frame, or of the exception.
  private(set) var range: Range<Int>

  init?(_ text: borrowing Span<UInt8>, limits: ReadingLimits) {
    guard let start = Self.heading(text) else { return nil }
    range = start..<start
    let header = text.line(at: start, before: text.count)
    let end = read(text, from: text.next(after: header, before: text.count), end: text.count, limits: limits)
    guard !traceback.frames.isEmpty else { return nil }
    range = start..<end
    if traceback.links.isEmpty {
      // Nothing names the exception, so the heading stands for its type.
      let word = header.lowerBound..<header.lowerBound + 9
      traceback.links = [
        ChainLink(frames: 0..<traceback.frames.count, type: word, text: word.upperBound..<word.upperBound)
      ]
    }
  }

  /// Reads frames without a heading in a logged message:
  /// `logger.error('Failed\n' + ''.join(format_tb(e.__traceback__)))`. The first word `Traceback` after `end`, which
  /// Django prints below each report, stands for the type.
  init?(_ text: borrowing Span<UInt8>, in message: Range<Int>, below end: Int, limits: ReadingLimits) {
    range = message.lowerBound..<message.lowerBound
    guard let hit = text.firstIndex(of: "\n  File \"", in: message),
      let word = text.firstIndex(of: "\nTraceback", in: end..<text.count)
    else { return nil }
    let stop = read(text, from: hit + 1, end: message.upperBound, limits: limits)
    guard !traceback.frames.isEmpty else { return nil }
    range = hit + 1..<stop
    guard traceback.links.isEmpty else { return }
    let said = text.trimmed(text.line(at: message.lowerBound, before: hit))
    traceback.links = [ChainLink(frames: 0..<traceback.frames.count, type: word + 1..<word + 10, text: said)]
  }

  /// The first line `Traceback:` that is followed by a frame.
  private static func heading(_ text: borrowing Span<UInt8>) -> Int? {
    var from = 0
    while let hit = text.firstIndex(of: "Traceback:\n", in: from..<text.count) {
      from = hit + 11
      guard hit == 0 || text[hit - 1] == UInt8(ascii: "\n") else { continue }
      var index = from
      while index < text.count, text[index].isBlank { index += 1 }
      from = index
      guard text.has("File ", at: index, before: text.count) else { continue }
      if FrameLine.parse(text, text.trimmed(text.line(at: index, before: text.count))) != nil { return hit }
    }
    return nil
  }

  /// Reads frames and their code, and returns where they end.
  private mutating func read(_ text: borrowing Span<UInt8>, from start: Int, end last: Int, limits: ReadingLimits)
    -> Int
  {
    var (index, end) = (start, start)
    while index < last {
      let raw = text.line(at: index, before: last)
      let line = text.trimmed(raw)
      if let frame = FrameLine.parse(text, line) {
        guard traceback.frames.count < limits.frames else {
          traceback.isCut = true
          return end
        }
        traceback.frames.append(frame)
      } else if line.lowerBound > raw.lowerBound, !line.isEmpty {
        readCode(text, line)
      } else if !line.isEmpty {
        return readException(text, raw, isNext: index == end) ?? end
      }
      index = Swift.max(text.next(after: raw, before: last), index + 1)
      if !line.isEmpty { end = index }
    }
    return end
  }

  private mutating func readCode(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    guard let last = traceback.frames.indices.last else { return }
    if traceback.frames[last].source.isEmpty, !FrameLine.isMarker(text, line) { traceback.frames[last].source = line }
  }

  /// Reads `KeyError: 'price'` right below the last frame and returns where it ends, or nil if the line is no
  /// exception.
  private mutating func readException(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isNext: Bool) -> Int? {
    let colon = text.firstIndex(of: UInt8(ascii: ":"), in: line) ?? line.upperBound
    let type = text.trimmed(line.lowerBound..<colon)
    guard isNext, ExceptionType.isName(text, type) else { return nil }
    let said = text.trimmed(Swift.min(colon + 1, line.upperBound)..<line.upperBound)
    traceback.links = [ChainLink(frames: 0..<traceback.frames.count, type: type, text: said)]
    return line.upperBound
  }
}

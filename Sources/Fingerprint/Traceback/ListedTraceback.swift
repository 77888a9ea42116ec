import MailMessage

/// A traceback that was logged as Python's list of its lines, `logger.error(traceback.format_exception(error))`:
///
///     ['Traceback (most recent call last):\\n', '  File "/srv/shop/tasks.py", line 7, in bill\\n    pay(x)\\n',
///      "KeyError: 'x'\\n"]
struct ListedTraceback: Sendable, Equatable {
  private(set) var traceback = Traceback()
  private var linkStart = 0
  private var origin = ChainLink.Origin.first

  init?(_ text: borrowing Span<UInt8>, in message: Range<Int>, limits: ReadingLimits) {
    guard let start = text.firstIndex(of: "['Traceback (most recent call last):\\n', ", in: message) else { return nil }
    var index = start + 1
    while let item = Self.item(text, at: index, before: message.upperBound) {
      guard traceback.frames.count < limits.frames else {
        traceback.isCut = true
        break
      }
      read(text, item)
      guard text.has(", ", at: item.upperBound + 1, before: message.upperBound) else { break }
      index = item.upperBound + 3
    }
    guard !traceback.links.isEmpty, linkStart == traceback.frames.count else { return nil }
  }

  /// The text between the quotes of the string at `index`, or nil if there is no string.
  private static func item(_ text: borrowing Span<UInt8>, at index: Int, before end: Int) -> Range<Int>? {
    guard index < end, text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") else { return nil }
    var at = index + 1
    while at < end, text[at] != text[index] { at += text[at] == UInt8(ascii: "\\") ? 2 : 1 }
    return at < end ? index + 1..<at : nil
  }

  private mutating func read(_ text: borrowing Span<UInt8>, _ item: Range<Int>) {
    let lineEnd: StaticString = "\\n"
    var line = item.lowerBound..<(text.firstIndex(of: lineEnd, in: item) ?? item.upperBound)
    // A joining sentence begins with an empty line.
    if line.isEmpty {
      line = Swift.min(line.upperBound + 2, item.upperBound)..<item.upperBound
      origin =
        text.has("The above exception was", at: line.lowerBound, before: line.upperBound) ? .directCause : .context
      return
    }
    let content = text.trimmed(line)
    if let frame = FrameLine.parse(text, content) {
      traceback.frames.append(frame)
      let rest = Swift.min(line.upperBound + 2, item.upperBound)..<item.upperBound
      let code = rest.lowerBound..<(text.firstIndex(of: lineEnd, in: rest) ?? rest.upperBound)
      traceback.frames[traceback.frames.count - 1].source = text.trimmed(code)
    } else if content.lowerBound == line.lowerBound, linkStart < traceback.frames.count {
      readException(text, content, item)
    }
  }

  private mutating func readException(_ text: borrowing Span<UInt8>, _ line: Range<Int>, _ item: Range<Int>) {
    let colon = text.firstIndex(of: UInt8(ascii: ":"), in: line) ?? line.upperBound
    traceback.links.append(
      ChainLink(
        origin: origin, frames: linkStart..<traceback.frames.count, type: text.trimmed(line.lowerBound..<colon),
        text: text.trimmed(Swift.min(colon + 1, line.upperBound)..<line.upperBound)))
    linkStart = traceback.frames.count
    origin = .first
  }
}

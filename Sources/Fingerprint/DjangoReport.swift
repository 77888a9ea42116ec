import MailMessage

/// Django's error report in plain text, as `AdminEmailHandler` mails it: the log message, an empty line, and
/// `django/views/templates/technical_500.txt`, whose layout has been stable from 1.11 to 6.0.
///
/// Only structure counts: a traceback inside the exception's message, in POST data or in a setting is never taken,
/// because the message is skipped as text, and everything behind `Request information:` is not looked at except for
/// the name of the settings module.
struct DjangoReport: Sendable, Equatable {
  /// The log message: what stands before the exception.
  var message: Range<Int>
  /// `KeyError` of `KeyError at /cart/`; `Report` when nothing was raised.
  var headline: Range<Int>
  /// Directories of `sys.path`, as printed.
  var pythonPath: [Range<Int>] = []
  /// `shop.views.cart` of `Raised during: shop.views.cart`.
  var raisedDuring: Range<Int>?
  var settingsModule: Range<Int>?
  /// `/srv/app/templates/shop/invoice.html` of `In template …, error at line 3`.
  var template: Range<Int>?
  /// Where the request, or the sentence that there is none, begins.
  private var requestAt = 0
  /// `nil` when nothing was raised.
  var traceback: Traceback?
  /// The report breaks off inside its traceback.
  var isTruncated = false
  /// There is a second environment: one of the two is part of a message, perhaps on purpose.
  var isAmbiguous = false

  init?(_ text: borrowing Span<UInt8>, limits: ReadingLimits) {
    guard let environment = Self.environment(text, from: 0) ?? Self.looseEnvironment(text) else { return nil }
    isAmbiguous = Self.environment(text, from: environment + 1) != nil
    let none = environment..<environment
    message = none
    headline = none
    requestAt = environment
    let end = text.count
    readEnvironment(text, from: environment, end: end, limits: limits)
    readHead(text, end: environment)
    readSettings(text, end: end)
  }

  /// The settings come behind the request, whose values are printed with repr and so cannot hold a line like this.
  private mutating func readSettings(_ text: borrowing Span<UInt8>, end: Int) {
    guard let line = text.firstIndex(of: "\nUsing settings module ", in: Swift.max(requestAt - 1, 0)..<end) else {
      return
    }
    settingsModule = text.trimmed(text.line(at: line + 23, before: end))
  }

  /// Where `Django Version: ` begins, with the interpreter's lines under it.
  private static func environment(_ text: borrowing Span<UInt8>, from start: Int) -> Int? {
    var from = start
    while let hit = text.firstIndex(of: "Django Version: ", in: from..<text.count) {
      from = hit + 1
      guard hit == 0 || text[hit - 1] == UInt8(ascii: "\n") else { continue }
      let line = text.line(at: hit, before: text.count)
      let next = text.next(after: line, before: text.count)
      if text.has("Python Executable:", at: next, before: text.count)
        || text.has("Python Version:", at: next, before: text.count)
      {
        return hit
      }
    }
    return nil
  }

  /// Custom reporters leave the environment out. Then a traceback that ends in `Exception Type: ` is the mark.
  private static func looseEnvironment(_ text: borrowing Span<UInt8>) -> Int? {
    guard let type = text.firstIndex(of: "\nException Type: ", in: 0..<text.count) else { return nil }
    var from = 0
    while let hit = text.firstIndex(of: "Traceback", in: from..<type) {
      from = hit + 1
      let line = text.line(at: hit, before: type)
      if hit == 0 || text[hit - 1] == UInt8(ascii: "\n"), FrameLine.isHeader(text, text.trimmed(line)) { return hit }
    }
    return nil
  }

  /// Reads `Python Path:` up to the traceback, and the traceback.
  private mutating func readEnvironment(
    _ text: borrowing Span<UInt8>, from start: Int, end: Int, limits: ReadingLimits
  ) {
    var index = start
    while index < end {
      let line = text.line(at: index, before: end)
      let next = Swift.max(text.next(after: line, before: end), index + 1)
      if text.has("Python Path:", at: index, before: end) {
        index = readPythonPath(text, from: index + 12, end: end)
        continue
      }
      if text.has("In template ", at: index, before: end) { readTemplate(text, line) }
      if FrameLine.isHeader(text, text.trimmed(line)) {
        readTraceback(text, from: next, end: end, limits: limits)
        return
      }
      if text.has("Exception Type: ", at: index, before: end) {
        readException(text, at: index, end: end, parser: DjangoChainParser(limits: limits))
        return
      }
      if Self.isRequest(text, index, end) {
        requestAt = index
        return readRaisedDuring(text, from: start, end: index)
      }
      index = next
    }
    // Neither a traceback nor what comes behind one: the report was cut, and its message alone may be any error's.
    isTruncated = true
  }

  private mutating func readTraceback(
    _ text: borrowing Span<UInt8>, from start: Int, end: Int, limits: ReadingLimits
  ) {
    var parser = DjangoChainParser(limits: limits)
    guard let exception = parser.parse(text, from: start, end: end) else {
      isTruncated = parser.traceback.isTruncated || parser.traceback.isCut
      if parser.traceback.isCut { traceback = parser.traceback }
      requestAt = Self.requestStart(text, from: start, end: end)
      readRaisedDuring(text, from: start, end: requestAt)
      return
    }
    readException(text, at: exception, end: end, parser: parser)
  }

  /// `Exception Type: KeyError at /cart/` (no path outside of requests), `Exception Value: ` perhaps over many lines,
  /// `Raised during: ` in newer versions.
  private mutating func readException(
    _ text: borrowing Span<UInt8>, at start: Int, end: Int, parser: DjangoChainParser
  ) {
    var parser = parser
    let line = text.line(at: start, before: end)
    headline = text.trimmed(line.lowerBound + 16..<Swift.max(line.upperBound, line.lowerBound + 16))
    var type = headline
    if let blank = text.firstIndex(of: " at ", in: type) { type = type.lowerBound..<blank }
    let next = text.next(after: line, before: end)
    let request = Self.requestStart(text, from: next, end: end)
    requestAt = request
    readRaisedDuring(text, from: next, end: request)
    var value = next..<next
    if text.has("Exception Value:", at: next, before: end) {
      value = text.trimmed(next + 16..<Swift.max(next + 16, raisedDuring.map { $0.lowerBound - 15 } ?? request))
    }
    parser.finish(type: type, text: value)
    traceback = parser.traceback
  }

  private mutating func readRaisedDuring(_ text: borrowing Span<UInt8>, from start: Int, end: Int) {
    guard start < end, let hit = text.lastIndex(of: "\nRaised during: ", in: (start - 1)..<end) else { return }
    raisedDuring = text.trimmed(text.line(at: hit + 16, before: end))
  }

  private static func isRequest(_ text: borrowing Span<UInt8>, _ index: Int, _ end: Int) -> Bool {
    text.has("Request information:", at: index, before: end)
      || text.has("Request data not supplied", at: index, before: end)
  }

  /// Where the request (or the statement that there is none) begins; the end of the text if neither is there.
  private static func requestStart(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    let one = text.firstIndex(of: "\nRequest information:", in: (start - 1)..<end)
    let other = text.firstIndex(of: "\nRequest data not supplied", in: (start - 1)..<(one ?? end))
    return other ?? one ?? end
  }

  /// `Python Path: ['/srv/app', '', …]`, over as many lines as it takes.
  private mutating func readPythonPath(_ text: borrowing Span<UInt8>, from start: Int, end: Int) -> Int {
    let stop = text.firstIndex(of: "\nServer time:", in: start..<end)
    let close = text.firstIndex(of: UInt8(ascii: "]"), in: start..<(stop ?? end))
    let limit = stop ?? close.map { $0 + 1 } ?? text.line(at: start, before: end).upperBound
    var index = start
    while pythonPath.count < 200 {
      guard let open = Self.quote(text, in: index..<limit) else { break }
      guard let shut = text.firstIndex(of: text[open], in: (open + 1)..<limit) else { break }
      if shut > open + 2 { pythonPath.append((open + 1)..<shut) }
      index = shut + 1
    }
    return Swift.max(text.next(after: text.line(at: limit, before: end), before: end), start + 1)
  }

  private static func quote(_ text: borrowing Span<UInt8>, in range: Range<Int>) -> Int? {
    var index = range.lowerBound
    while index < range.upperBound {
      if text[index] == UInt8(ascii: "'") || text[index] == UInt8(ascii: "\"") { return index }
      index += 1
    }
    return nil
  }

  private mutating func readTemplate(_ text: borrowing Span<UInt8>, _ line: Range<Int>) {
    guard let comma = text.firstIndex(of: ", error at line", in: line) else { return }
    template = (line.lowerBound + 12)..<comma
  }

  /// The log message stands before `KeyError at /cart/`, which `Exception Type:` repeats; without an exception before
  /// the line `Report` or `Report at /cart/`.
  private mutating func readHead(_ text: borrowing Span<UInt8>, end: Int) {
    var index = 0
    while index < end {
      let line = text.line(at: index, before: end)
      let isHeadline =
        headline.isEmpty
        ? text.equals(line, "Report") || text.has("Report at ", at: index, before: line.upperBound)
        : text.same(line, headline)
      if isHeadline {
        message = text.trimmed(0..<index)
        if headline.isEmpty { headline = line }
        return
      }
      index = Swift.max(text.next(after: line, before: end), index + 1)
    }
    message = text.trimmed(0..<end)
  }
}

import MailMessage

/// The tracebacks of a text that has Python's own format, with a test of whether they can be what Python printed.
///
/// A visitor who chose the text of an exception, or a logged message, can have written a traceback into it. A single
/// one is Python's, unless another follows in its text. Only the links of one chain may be several, and they have to
/// hold together (`ChainCheck`).
struct PlainReading: Sendable {
  private(set) var tracebacks: [PlainTraceback] = []
  /// The end of the text before the request: Django up to 1.8 prints one after the traceback.
  private(set) var end: Int
  /// True if the header of the first traceback stands behind other words on its line.
  var isInline: Bool { tracebacks.first?.isInline == true }
  /// The number of octets that were examined.
  private(set) var work = 0
  private var isRequestClear = true

  /// Reads up to two tracebacks.
  ///
  /// - Parameter logged: what the Subject says; the same words at the beginning of the text are no traceback.
  init(_ text: borrowing Span<UInt8>, in range: Range<Int>, logged: [UInt8], limits: ReadingLimits) {
    end = range.upperBound
    var parser = PlainTracebackParser(limits: limits)
    var from = range.lowerBound
    if !logged.isEmpty, let header = Self.header(text, below: LoggedMessage(text, logged: logged).floor) {
      from = header
    }
    // A second one is enough to know.
    while tracebacks.count < 2, let found = Self.next(text, from: from, end: range.upperBound, &parser) {
      tracebacks.append(found)
      from = Swift.max(found.range.upperBound, from + 1)
      if let request = Self.request(text, at: found.range.upperBound, end: range.upperBound) {
        end = request
        isRequestClear = Self.isClear(text, request..<range.upperBound)
        work += range.upperBound - request
        break
      }
    }
    work += parser.work
  }

  /// The next traceback, or one whose header stands behind other words. The latter is read only if nothing follows it
  /// but the rest of its chain: a message that contains a traceback makes no difference to Python's own below.
  private static func next(
    _ text: borrowing Span<UInt8>, from: Int, end: Int, _ parser: inout PlainTracebackParser
  ) -> PlainTraceback? {
    let found = parser.next(text, from: from, end: end)
    let before = from..<(found?.range.lowerBound ?? end)
    guard let inline = parser.nextInline(text, in: before, end: end) else { return found }
    return inline.range.upperBound >= found?.range.upperBound ?? 0 ? inline : found
  }

  /// The start of the traceback that `format(record)` puts right below the message (Django up to 1.8), or nil.
  private static func header(_ text: borrowing Span<UInt8>, below floor: Int) -> Int? {
    let start = floor + 1
    guard floor > 0, start < text.count, text[floor] == UInt8(ascii: "\n") else { return nil }
    return FrameLine.isHeader(text, text.trimmed(text.line(at: start, before: text.count))) ? start : nil
  }

  /// True if a visitor cannot have written any of it.
  ///
  /// - Parameter subject: decoded. If the site's own handler puts the exception's text into it, that tells which link
  ///   is the last one.
  mutating func isCertain(_ text: borrowing Span<UInt8>, subject: [UInt8]) -> Bool {
    guard isRequestClear, tracebacks.count == 1 else { return false }
    let traceback = tracebacks[0].traceback
    // A logged message can end in a whole traceback: then Python's own looks like that one's text.
    if let last = traceback.links.last {
      // A line without a colon has no text, and yet what follows counts as its text.
      let end = Swift.min(Swift.max(last.text.upperBound, tracebacks[0].range.upperBound), text.count)
      let said = last.type.lowerBound..<Swift.max(last.type.lowerBound, end)
      work += said.count
      guard text.firstIndex(of: "\nTraceback (most recent call last):", in: said) == nil else { return false }
    }
    return ChainCheck.isPlausible(text, traceback, &work) || isLastSaid(text, traceback, subject)
  }

  /// True if the Subject says what the last link says, and nothing of the others: a link that stands in the text of
  /// another one follows words that the Subject would begin with.
  private mutating func isLastSaid(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, _ subject: [UInt8]
  ) -> Bool {
    guard let last = traceback.links.last, traceback.links.count <= 8 else { return false }
    func said(_ link: ChainLink, atLeast least: Int) -> [UInt8]? {
      let line = text.trimmed(text.line(at: link.text.lowerBound, before: link.text.upperBound).prefix(60))
      guard line.count >= least else { return nil }
      let end = line.count == 60 ? text.lastIndex(of: UInt8(ascii: " "), in: line) ?? line.upperBound : line.upperBound
      return FamilySubject.copy(text, line.lowerBound..<end)
    }
    work += traceback.links.count * subject.count
    guard let words = said(last, atLeast: 20), SiteEvidence.holds(subject.span, words, in: 0..<subject.count) else {
      return false
    }
    return traceback.links.dropLast().allSatisfy { link in
      guard link.depth == 0, let words = said(link, atLeast: 8) else { return false }
      return !SiteEvidence.holds(subject.span, words, in: 0..<subject.count)
    }
  }

  /// The start of the request that Django up to 1.8 prints, `Request repr(): ` (1.5 and later) or `<WSGIRequest`, or
  /// nil.
  private static func request(_ text: borrowing Span<UInt8>, at start: Int, end: Int) -> Int? {
    var index = start
    while index < end, text[index].isBlank { index += 1 }
    for words: StaticString in ["Request repr()", "<WSGIRequest", "<ASGIRequest", "<ModPythonRequest"]
    where text.has(words, at: index, before: end) {
      return index
    }
    return nil
  }

  /// True if no chain continues after what looks like the request: it may stand in the text of an exception.
  private static func isClear(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    text.firstIndex(of: "\nTraceback (most recent call last):", in: range) == nil
  }
}

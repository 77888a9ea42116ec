import MailMessage

/// One way to read a text as Django's report: a choice of the lines that are Django's among those that look like them.
///
/// Django prints the head (type, path and text of the exception) before the environment, and repeats it after the
/// traceback. A reading *agrees* if both are equal to the octet, begin where the Subject says that the message ends,
/// and are followed by what the template puts there. A visitor's text in one of the two stands in the other as well, so
/// an environment or a traceback inside it does not agree, unless the visitor built a whole report around it: then two
/// readings agree, and neither counts.
struct DjangoReading: Sendable, Equatable {
  /// The start of `Django Version: `, or, in layouts without it, of the traceback.
  var environment: Int
  /// The start of the head line, or nil if the head was not found.
  var head: Int?
  /// The start of the line `Traceback …`, or nil if there is none.
  var header: Int?
  /// The start of the line `Exception Type: `, or nil if there is none.
  var type: Int?
  /// The start of the request, or of the sentence that there is none, or nil.
  var request: Int?
  var raisedDuring: Range<Int>?
  var traceback: Traceback?
  var isTruncated = false

  enum Found: Equatable {
    case none
    case one(DjangoReading)
    case ambiguous
  }
}

extension DjangoReading {
  /// The lines from the exception's text to the request, after `Exception Type: `.
  private struct Tail {
    /// The exception's text.
    var value: Range<Int>
    var request: Int?
    var raisedDuring: Range<Int>?
    /// True if the text is followed by what the template puts there.
    var isClosed: Bool
  }

  /// Looks for the reading that agrees.
  struct Finder {
    let marks: DjangoLandmarks
    let start: LoggedMessage
    let limits: ReadingLimits
    /// The number of octets that were compared and of lines that were examined.
    var work = 0
    private var closed: [DjangoReading] = []
    /// The readings that agree, but with something between the text and what the template puts after it, perhaps notes
    /// (PEP 678).
    private var open: [DjangoReading] = []

    init(marks: DjangoLandmarks, start: LoggedMessage, limits: ReadingLimits) {
      (self.marks, self.start, self.limits) = (marks, start, limits)
    }

    mutating func find(_ text: borrowing Span<UInt8>) -> Found {
      if start.end != nil { return search(text) }
      guard isAlone else { return .ambiguous }
      let found = search(text)
      guard case .one(let reading) = found else { return found }
      if isBelowReport(text, reading) || isAboveMessage(text, reading) { return .ambiguous }
      return found
    }

    private mutating func search(_ text: borrowing Span<UInt8>) -> Found {
      var known: (header: Int, chain: DjangoChainParser, stop: DjangoChainParser.Stop)?
      // Comparing each with each could cost far more than the text is long.
      let budget = 8 * text.count + 65_536
      // Layouts of the site's own may leave the environment out; their head ends above the traceback.
      for environment in marks.environments.isEmpty ? marks.headers : marks.environments
      where environment >= start.floor {
        guard work < budget else { return .ambiguous }
        let request = marks.requests.first { $0 > environment }
        guard let header = marks.headers.first(where: { $0 >= environment }),
          saysException(text) || header < request ?? Int.max
        else {
          noteWithoutTraceback(text, environment, request)
          continue
        }
        if known?.header != header {
          var chain = DjangoChainParser(limits: limits)
          let stop = chain.begin(
            text, from: text.next(after: text.line(at: header, before: text.count), before: text.count))
          work += stop.position - header
          known = (header, chain, stop)
        }
        if let known { note(text, environment, header, known.chain, known.stop, request) }
      }
      if closed.count == 1, open.isEmpty { return .one(closed[0]) }
      if closed.isEmpty, open.count == 1, !open[0].isOpenToDoubt(marks) { return .one(open[0]) }
      if !closed.isEmpty || !open.isEmpty { return .ambiguous }
      return withoutAgreement(text)
    }

    // MARK: - Reports of exceptions

    /// True if the head names an exception. Its traceback may then stand below a line that looks like the request: the
    /// names of the templates that were tried stand above it.
    func saysException(_ text: borrowing Span<UInt8>) -> Bool {
      guard let raised = raised(text) else { return false }
      return !text.equals(raised, "Report") && ExceptionType.isName(text, raised)
    }

    /// Returns `KeyError` for the head `KeyError at /cart/`, which stands where the message ends. Nil if that is
    /// unknown.
    func raised(_ text: borrowing Span<UInt8>) -> Range<Int>? {
      guard let head = start.end else { return nil }
      let line = text.line(at: head, before: text.count)
      return line.lowerBound..<(text.firstIndex(of: " at ", in: line) ?? line.upperBound)
    }

    private mutating func note(
      _ text: borrowing Span<UInt8>, _ environment: Int, _ header: Int, _ chain: DjangoChainParser,
      _ stop: DjangoChainParser.Stop, _ request: Int?
    ) {
      let types: [Int]
      switch stop {
      case .type(let at): types = [at]
      case .joint(let at): types = marks.types.filter { $0 > at }
      case .end:
        if chain.traceback.frames.isEmpty { noteWithoutTraceback(text, environment, request) }
        return
      }
      // Only Django writes between a traceback's header and its first joint, but the header itself may stand in what a
      // template's error quotes.
      guard !isQuotedHeader(text, header, after: environment) else { return }
      for type in types where work < 8 * text.count + 65_536 {
        guard let (head, tail) = agreement(text, environment, type) else { continue }
        var reading = DjangoReading(environment: environment, head: head, header: header, type: type)
        (reading.request, reading.raisedDuring) = (tail.request, tail.raisedDuring)
        var chain = chain
        if case .joint(let at) = stop { chain.goOn(text, from: at, to: type) }
        chain.finish(type: DjangoReading.type(text, type), text: tail.value)
        reading.traceback = chain.traceback
        if tail.isClosed { closed.append(reading) } else { open.append(reading) }
      }
    }

    /// The start of the head that `type` repeats, or nil if no head agrees.
    private mutating func agreement(
      _ text: borrowing Span<UInt8>, _ environment: Int, _ type: Int
    ) -> (head: Int, tail: Tail)? {
      let end = DjangoReading.headEnd(text, before: environment)
      if let head = start.end {
        return tail(text, head..<Swift.max(head, end), type).map { (head, $0) }
      }
      let wanted = type + 16..<(text.firstIndex(of: UInt8(ascii: "\n"), in: type + 16..<text.count) ?? text.count)
      var index = start.floor
      var tries = 0
      while index < end, tries < 8 {
        if isLine(text, index..<end, wanted) {
          if let tail = tail(text, index..<end, type) { return (index, tail) }
          tries += 1
        }
        index = text[index] == UInt8(ascii: "\n") ? index + 1 : text.nextLine(behind: index, before: end)
      }
      work += index - start.floor
      return nil
    }

    /// True if the line at the beginning of `range` has the same text as the line `wanted`.
    private func isLine(_ text: borrowing Span<UInt8>, _ range: Range<Int>, _ wanted: Range<Int>) -> Bool {
      let end = range.lowerBound + wanted.count
      guard end <= range.upperBound, end == range.upperBound || text[end] == UInt8(ascii: "\n") else { return false }
      return text.same(range.lowerBound..<end, wanted)
    }

    /// Reads what follows `Exception Type: ` alongside the head, which it has to repeat. Returns nil if it does not.
    private mutating func tail(_ text: borrowing Span<UInt8>, _ head: Range<Int>, _ type: Int) -> Tail? {
      var at = type + 16
      var value: Int?
      var index = head.lowerBound
      defer { work += index - head.lowerBound }
      while index < head.upperBound {
        if value == nil, text[index] == UInt8(ascii: "\n") {
          if text.has("\nException Value: ", at: at, before: text.count),
            !text.has("\nException Value: ", at: index, before: head.upperBound)
          {
            at += 18
            index += 1
            value = at
            continue
          }
          // Django prints no value if the exception has no text.
          if text.equals((index + 1)..<head.upperBound, "No exception message supplied") {
            return closing(text, at..<at)
          }
        }
        guard at < text.count, text[index] == text[at] else { return nil }
        index += 1
        at += 1
      }
      return value.map { closing(text, $0..<at) }
    }

    /// Reads what follows the text: perhaps a line `Raised during: `, then the request.
    private func closing(_ text: borrowing Span<UInt8>, _ value: Range<Int>) -> Tail {
      var tail = Tail(value: text.trimmed(value), isClosed: true)
      var index = value.upperBound
      while index < text.count, text[index] == UInt8(ascii: "\n") { index += 1 }
      if index > value.upperBound, text.has("Raised during: ", at: index, before: text.count) {
        let line = text.line(at: index, before: text.count)
        tail.raisedDuring = text.trimmed(line.lowerBound + 15..<line.upperBound)
        index = line.upperBound
        while index < text.count, text[index] == UInt8(ascii: "\n") { index += 1 }
      }
      if index > value.upperBound, marks.requests.contains(index) {
        tail.request = index
        return tail
      }
      // Notes, or a layout without a request.
      tail.request = marks.requests.first { $0 >= value.upperBound }
      tail.raisedDuring = DjangoReading.raisedDuring(text, value.upperBound..<(tail.request ?? text.count))
      tail.isClosed = tail.request == nil && index >= text.count
      return tail
    }

    /// True if the header may be quoted: a template's error quotes the exception, and a list of tried templates quotes
    /// names.
    func isQuotedHeader(_ text: borrowing Span<UInt8>, _ header: Int, after environment: Int) -> Bool {
      guard marks.headers.contains(where: { $0 > header }) else { return false }
      let before = environment..<header
      return text.firstIndex(of: "\nIn template ", in: before) != nil
        || text.firstIndex(of: "\nTemplate loader ", in: before) != nil
    }

    // MARK: - Reports without an exception

    /// Notes a reading without a traceback before the request, if its head repeats the message.
    private mutating func noteWithoutTraceback(_ text: borrowing Span<UInt8>, _ environment: Int, _ request: Int?) {
      guard let head = start.end, let request else { return }
      let line = text.line(at: head, before: environment)
      guard text.equals(line, "Report") || text.has("Report at ", at: head, before: line.upperBound) else { return }
      let end = DjangoReading.headEnd(text, before: environment)
      let message = text.trimmed(start.start..<head)
      let said = text.trimmed(line.upperBound..<Swift.max(line.upperBound, end))
      work += message.count
      // A path may have line ends. One that contains an environment cannot contain the whole message that it is a part
      // of.
      guard said.count >= message.count, text.same(message, said.upperBound - message.count..<said.upperBound)
      else { return }
      var reading = DjangoReading(environment: environment, head: head, request: request)
      reading.raisedDuring = DjangoReading.raisedDuring(text, environment..<request)
      if said.count == message.count { closed.append(reading) } else { open.append(reading) }
    }
  }
}

extension DjangoReading {
  /// True if a line of Django's stands in or after the notes between the text and the request, where only a visitor can
  /// have put it. Otherwise, in a layout without an environment, a report inside the text would be read as the report
  /// around it.
  fileprivate func isOpenToDoubt(_ marks: DjangoLandmarks) -> Bool {
    if let request, marks.requests.contains(where: { $0 > request }) { return true }
    guard let type else { return false }
    let notes = type + 1..<Swift.max(type + 1, request ?? Int.max)
    return [marks.environments, marks.headers, marks.types].contains { $0.contains(where: notes.contains) }
  }

  /// Returns `KeyError` for `Exception Type: KeyError at /cart/`.
  static func type(_ text: borrowing Span<UInt8>, _ at: Int) -> Range<Int> {
    let line = text.line(at: at, before: text.count)
    let headline = text.trimmed(line.lowerBound + 16..<Swift.max(line.upperBound, line.lowerBound + 16))
    return headline.lowerBound..<(text.firstIndex(of: " at ", in: headline) ?? headline.upperBound)
  }

  /// The view in the last line `Raised during: ` of a range, not counting its first line, or nil if there is none.
  static func raisedDuring(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Range<Int>? {
    guard let hit = text.lastIndex(of: "\nRaised during: ", in: range) else { return nil }
    return text.trimmed(text.line(at: hit + 16, before: range.upperBound))
  }

  /// The end of the exception's text above an environment: before `Request Method:` and `Request URL:`, if they are
  /// there, and the empty line.
  fileprivate static func headEnd(_ text: borrowing Span<UInt8>, before environment: Int) -> Int {
    var end = Swift.max(0, environment - 1)
    let url = lineStart(text, before: end)
    if text.has("Request URL: ", at: url, before: end) {
      let method = lineStart(text, before: Swift.max(0, url - 1))
      if text.has("Request Method: ", at: method, before: url) { end = Swift.max(0, method - 1) }
    }
    // The text may end with line ends of its own, and so may its copy after the traceback.
    while end > 0, text[end - 1] == UInt8(ascii: "\n") { end -= 1 }
    return end
  }

  private static func lineStart(_ text: borrowing Span<UInt8>, before end: Int) -> Int {
    (text.lastIndex(of: UInt8(ascii: "\n"), in: 0..<end) ?? -1) + 1
  }
}

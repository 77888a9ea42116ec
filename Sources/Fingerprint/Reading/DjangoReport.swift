import MailMessage

/// Django's error report in plain text, as `AdminEmailHandler` mails it: the log message, an empty line, and
/// `django/views/templates/technical_500.txt`, whose layout has been stable from 1.9 to 6.1.
///
/// A visitor of the site writes into this text, including line ends: the path (in the message, the head and after
/// `Exception Type:`), the exception's text (in the head and after `Exception Value:`), the texts of causes, names of
/// templates and, after `Request information:`, the names of form fields. So a line counts only where Django must have
/// printed it (see `DjangoReading`). If the text can be read in two ways, `isAmbiguous` is set.
struct DjangoReport: Sendable, Equatable {
  /// The log message, which stands before the exception.
  private(set) var message: Range<Int>
  /// True if the Subject says the same message, so that its extent is certain.
  private(set) var isMessageCertain = false
  /// The head line, `KeyError at /cart/`; `Report` or `Report at /cart/` if nothing was raised.
  private(set) var headline: Range<Int>
  /// The directories of `sys.path`, as printed.
  private(set) var pythonPath: [Range<Int>] = []
  /// The view, `shop.views.cart` of `Raised during: shop.views.cart`, or nil.
  private(set) var raisedDuring: Range<Int>?
  private(set) var settingsModule: Range<Int>?
  /// The template, `/srv/app/templates/shop/invoice.html` of `In template …, error at line 3`, or nil.
  private(set) var template: Range<Int>?
  /// The URL, `https://shop.example.org/cart/?page=2` of `Request URL: `, the line above the environment, or nil.
  private(set) var requestURL: Range<Int>?
  /// The traceback, or nil if nothing was raised.
  private(set) var traceback: Traceback?
  /// True if the report breaks off inside its traceback.
  private(set) var isTruncated = false
  /// True if the text can be read as two different reports: a visitor, or another server, wrote one of them.
  private(set) var isAmbiguous = false
  /// The type, `KeyError`, if its place in the text makes it certain even in an ambiguous report, or else nil.
  private(set) var certainType: Range<Int>?
  /// The number of octets that were examined to compare the report's parts.
  private(set) var work = 0

  /// Reads a text. Returns nil if it has no such layout.
  ///
  /// - Parameters:
  ///   - text: decoded, lines ending in LF.
  ///   - logged: what the Subject says after the level, or nil for HTML, in which a visitor begins no line.
  ///   - hasLevel: true if the Subject has a level, as those of `AdminEmailHandler` do.
  init?(_ text: borrowing Span<UInt8>, logged: [UInt8]?, hasLevel: Bool = false, limits: ReadingLimits) {
    let start = LoggedMessage(text, logged: logged ?? [])
    let marks = DjangoLandmarks(text, from: start.end ?? 0)
    guard !marks.environments.isEmpty || !marks.types.isEmpty && !marks.headers.isEmpty else { return nil }
    var finder = DjangoReading.Finder(marks: marks, start: start, limits: limits)
    var found = DjangoReading.Found.none
    // Otherwise it is Python's own format, with what looks like this layout in the text of the exception.
    if logged == nil || start.end != nil || !Self.isPythons(text, marks) { found = finder.find(text) }
    // In a layout without an environment, only a header tells where the traceback begins.
    if marks.isOverfull, start.end == nil || marks.environments.isEmpty || !Self.isLast(found, marks) {
      found = .ambiguous
    }
    work = finder.work
    isMessageCertain = start.end != nil
    switch found {
    // Or all of it stands in a message of unknown length, with Django's layout around it.
    case .none where !hasLevel: return nil
    case .none, .ambiguous:
      (message, headline) = (0..<0, 0..<0)
      isAmbiguous = true
      if let start = start.end {
        message = text.trimmed(0..<start)
        certainType = Self.type(text, text.line(at: start, before: text.count))
      }
    case .one(let reading):
      (message, headline) = (0..<0, 0..<0)
      take(text, reading, start, marks, isHTML: logged == nil)
      // Django's own traceback never follows its settings: the layout stands in a message above Python's.
      let end = Swift.max(marks.settings ?? 0, reading.request ?? reading.type ?? 0)
      if logged != nil, start.end == nil, let last = marks.headers.last, end > 0, last > end { isAmbiguous = true }
    }
  }

  /// True if nothing after the reading names a type, as Django's own lines would if the reading stood in an exception's
  /// text.
  private static func isLast(_ found: DjangoReading.Found, _ marks: DjangoLandmarks) -> Bool {
    guard case .one(let reading) = found, let type = reading.type else { return false }
    return marks.types.count < DjangoLandmarks.mostOfAKind && marks.types.last == type
  }

  /// True if the first traceback stands above all of the layout, or the last one below it, and ends as Python's do.
  private static func isPythons(_ text: borrowing Span<UInt8>, _ marks: DjangoLandmarks) -> Bool {
    guard let first = marks.headers.first, let last = marks.headers.last else { return false }
    let layout = Swift.min(marks.environments.first ?? Int.max, marks.types.first ?? Int.max)
    if first < layout, endsAsPythons(text, first) { return true }
    return last > marks.types.last ?? 0 && endsAsPythons(text, last)
  }

  /// True if a traceback ends with a line of the exception's own, where Django's layout has `Exception Type: `.
  private static func endsAsPythons(_ text: borrowing Span<UInt8>, _ header: Int) -> Bool {
    var index = text.next(after: text.line(at: header, before: text.count), before: text.count)
    while index < text.count {
      let line = text.line(at: index, before: text.count)
      let isOfFrame = line.isEmpty || text[index].isBlank || text.has("File \"", at: index, before: line.upperBound)
      if !isOfFrame {
        return !text.has("Exception Type: ", at: index, before: line.upperBound)
          && !text.has("Raised during: ", at: index, before: line.upperBound)
          && !text.has("Request ", at: index, before: line.upperBound)
          && !text.has("The above exception (", at: index, before: line.upperBound)
          && !text.has("During handling of the above exception (", at: index, before: line.upperBound)
      }
      index = Swift.max(text.next(after: line, before: text.count), index + 1)
    }
    return true
  }

  private mutating func take(
    _ text: borrowing Span<UInt8>, _ reading: DjangoReading, _ start: LoggedMessage, _ marks: DjangoLandmarks,
    isHTML: Bool
  ) {
    let head = reading.head ?? Self.head(text, of: reading, from: start.floor)
    headline = head.map { text.line(at: $0, before: text.count) } ?? reading.environment..<reading.environment
    message = text.trimmed(0..<(head ?? reading.environment))
    if headline.isEmpty, let type = reading.type { headline = text.line(at: type + 16, before: text.count) }
    readEnvironment(text, reading.environment..<(reading.header ?? reading.request ?? text.count))
    let above = Swift.max(0, reading.environment - 1)
    let line = ((text.lastIndex(of: UInt8(ascii: "\n"), in: 0..<above) ?? -1) + 1)..<above
    if text.has("Request URL: ", at: line.lowerBound, before: above) {
      requestURL = text.trimmed(line.lowerBound + 13..<above)
    }
    traceback = reading.traceback
    isTruncated = reading.isTruncated
    raisedDuring = reading.raisedDuring
    certainType = Self.type(text, headline)
    if let line = marks.settings, line > reading.request ?? reading.environment, line > marks.lastSection,
      isHTML || Self.endsInSettings(text, line)
    {
      let name = text.trimmed(text.line(at: line + 22, before: text.count))
      if ExceptionType.isName(text, name) { settingsModule = name }
    }
  }

  /// True if the text after the line of the settings module begins and ends as Django's list of settings does: layouts
  /// without that list may end in data that a visitor sent.
  private static func endsInSettings(_ text: borrowing Span<UInt8>, _ line: Int) -> Bool {
    let next = text.next(after: text.line(at: line, before: text.count), before: text.count)
    let rest = text.trimmed(next..<text.count)
    guard !rest.isEmpty else { return false }
    let last = (text.lastIndex(of: UInt8(ascii: "\n"), in: rest) ?? rest.lowerBound - 1) + 1
    // Django up to 1.8 has its words to developers in mails too.
    return isSetting(text, rest.lowerBound, rest.upperBound) && holdsSettings(text, rest)
      && (isSetting(text, last, rest.upperBound) || text.has("display a standard page", at: last, before: text.count))
  }

  /// True if there are twenty settings: Django prints all of its settings, 150 and more.
  private static func holdsSettings(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    var index = range.lowerBound
    var count = 0
    while index < range.upperBound, count < 20 {
      let line = text.line(at: index, before: range.upperBound)
      if isSetting(text, line.lowerBound, line.upperBound) { count += 1 }
      index = Swift.max(text.next(after: line, before: range.upperBound), index + 1)
    }
    return count == 20
  }

  /// True for `DEBUG = False`.
  private static func isSetting(_ text: borrowing Span<UInt8>, _ start: Int, _ end: Int) -> Bool {
    var index = start
    while index < end, text[index].isUppercase || text[index].isDigit || text[index] == UInt8(ascii: "_") { index += 1 }
    return index > start && text[start].isUppercase && text.has(" = ", at: index, before: end)
  }

  /// The head line of a report whose parts do not agree, as in layouts of the site's own, or nil if there is none.
  private static func head(_ text: borrowing Span<UInt8>, of reading: DjangoReading, from start: Int) -> Int? {
    let wanted = reading.type.map { text.line(at: $0 + 16, before: text.count) }
    var index = start
    while index < reading.environment {
      let line = text.line(at: index, before: reading.environment)
      let isHead =
        wanted.map { text.same(line, $0) }
        ?? (text.equals(line, "Report") || text.has("Report at ", at: index, before: line.upperBound))
      if isHead { return index }
      index = Swift.max(text.next(after: line, before: reading.environment), index + 1)
    }
    return nil
  }

  /// Returns `KeyError` for `KeyError at /cart/`, or nil if that is no name of a type.
  private static func type(_ text: borrowing Span<UInt8>, _ headline: Range<Int>) -> Range<Int>? {
    let type = headline.lowerBound..<(text.firstIndex(of: " at ", in: headline) ?? headline.upperBound)
    return ExceptionType.isName(text, type) ? type : nil
  }

  // MARK: - Environment

  /// Reads the path and the template. Names of templates and the text of a template's error stand in here too, so a
  /// line counts only once.
  private mutating func readEnvironment(_ text: borrowing Span<UInt8>, _ range: Range<Int>) {
    var index = range.lowerBound
    var isTemplateError = false
    while index < range.upperBound {
      let line = text.line(at: index, before: range.upperBound)
      let next = Swift.max(text.next(after: line, before: range.upperBound), index + 1)
      if pythonPath.isEmpty, text.has("Python Path:", at: index, before: range.upperBound) {
        index = readPythonPath(text, from: index + 12, end: range.upperBound)
        continue
      }
      if isTemplateError, text.has("In template ", at: index, before: range.upperBound) { readTemplate(text, line) }
      isTemplateError = text.equals(line, "Template error:")
      index = next
    }
  }

  /// Reads `Python Path: ['/srv/app', '', …]`, however many lines it has, and returns where the next line begins.
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
    if template != nil { isAmbiguous = true }
    template = (line.lowerBound + 12)..<comma
  }
}

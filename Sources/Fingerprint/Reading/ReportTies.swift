import MailMessage

/// The ties between a traceback, the Subject and the lines beside it: the exception's type or text, a function, a path.
/// A program that mails an error repeats them; a human describes the error.
struct ReportTies: Sendable {
  /// The type, `KeyError` of `shop.errors.KeyError`. Empty if it is shorter than five octets.
  private var type: [UInt8] = []
  /// The beginning of the exception's text.
  private var said: [UInt8] = []
  /// The functions of the frames, `invoice` and `tasks.invoice`.
  private var places: Set<[UInt8]> = []
  private let subject: [UInt8]
  /// The words of the Subject with a dot, a slash or a digit inside: a path, a host, an id.
  private var tokens: [[UInt8]] = []
  /// True if the Subject names the exception, what it says or where it was raised.
  private(set) var isInSubject = false
  /// The number of octets that were examined.
  private(set) var work = 0

  /// The number of frames at each end of a traceback whose functions are known, of octets of a Subject that are read,
  /// and of its words that are kept.
  private static let (mostFrames, mostOfSubject, mostTokens) = (64, 1024, 16)

  init(_ text: borrowing Span<UInt8>, _ traceback: Traceback, subject: [UInt8]) {
    self.subject = Array(subject.prefix(Self.mostOfSubject))
    if let last = traceback.finalIndex {
      let link = traceback.links[last]
      let name = ExceptionType.lastName(text, link.type)
      if name.count >= 5 { type = Self.octets(text, name) }
      let line = text.trimmed(text.line(at: link.text.lowerBound, before: link.text.upperBound).prefix(32))
      if line.count >= 6 { said = Self.octets(text, line) }
    }
    for frame in traceback.frames.prefix(Self.mostFrames) { addPlace(text, frame) }
    for frame in traceback.frames.suffix(Self.mostFrames) { addPlace(text, frame) }
    let words = self.subject
    readTokens(words.span)
    isInSubject = names(words.span, 0..<words.count)
  }

  /// True if a line names the exception, says what it says, or names a place of the traceback.
  mutating func names(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    namesException(text, range) || namesPlace(text, in: range)
  }

  /// True if a line names the exception's type or says what it says.
  mutating func namesException(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    work += 2 * range.count
    return SiteEvidence.holds(text, type, in: range) || Self.holds(text, said, in: range)
  }

  /// True if a line names a function of the traceback as programs do: with its module, or with `_` in it.
  mutating func namesPlace(_ text: borrowing Span<UInt8>, in range: Range<Int>) -> Bool {
    work += range.count
    var index = range.lowerBound
    while index < range.upperBound {
      var end = index
      while end < range.upperBound, text[end].isNameByte || text[end] == UInt8(ascii: ".") { end += 1 }
      if end - index >= 5, namesPlace(text, index..<end) { return true }
      index = end + 1
    }
    return false
  }

  /// True if a line contains a path, a host or an id of the Subject.
  mutating func sharesToken(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    work += tokens.count * range.count
    return tokens.contains { Self.holds(text, $0, in: range) }
  }

  /// True if the Subject contains the line, or its first 40 octets. Lines of less than 12 octets do not count.
  mutating func repeatsSubject(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    work += subject.count
    guard line.count >= 12 else { return false }
    return Self.holds(subject.span, Self.octets(text, line.prefix(40)), in: 0..<subject.count)
  }

  // MARK: - Places

  private mutating func addPlace(_ text: borrowing Span<UInt8>, _ frame: TracebackFrame) {
    guard !frame.function.isEmpty, frame.function.count < 100 else { return }
    let function = Self.octets(text, frame.function)
    if function.contains(UInt8(ascii: "_")), function.count >= 6 { places.insert(function) }
    var start = frame.file.upperBound
    while start > frame.file.lowerBound, text[start - 1] != UInt8(ascii: "/"), text[start - 1] != UInt8(ascii: "\\") {
      start -= 1
    }
    let file = start..<frame.file.upperBound
    guard let dot = text.lastIndex(of: UInt8(ascii: "."), in: file), dot - start < 100 else { return }
    let module = Self.octets(text, start..<dot)
    places.insert(module + [UInt8(ascii: ".")] + function)
    // A command is called by the name of its file.
    if module.contains(UInt8(ascii: "_")), module.count >= 6 { places.insert(module) }
  }

  /// True for the name of a place: `tools.tasks.invoice` names `invoice` of `tasks.py`.
  private func namesPlace(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Bool {
    guard word.count < 300 else { return false }
    if places.contains(Self.octets(text, word)) { return true }
    guard let dot = text.lastIndex(of: UInt8(ascii: "."), in: word) else { return false }
    // `prices.nightly_totals`: a queue, a graph or an app, and the function.
    if places.contains(Self.octets(text, dot + 1..<word.upperBound)) { return true }
    guard let before = text.lastIndex(of: UInt8(ascii: "."), in: word.lowerBound..<dot) else { return false }
    return places.contains(Self.octets(text, before + 1..<word.upperBound))
  }

  private mutating func readTokens(_ text: borrowing Span<UInt8>) {
    var index = 0
    while index < text.count, tokens.count < Self.mostTokens {
      var end = index
      while end < text.count, Self.isOfToken(text[end]) { end += 1 }
      var word = index..<end
      while let last = word.last, !text[last].isNameByte, text[last] != UInt8(ascii: "/") { word = word.dropLast() }
      if word.count >= 5, word.count < 200, Self.isTechnical(text, word) { tokens.append(Self.octets(text, word)) }
      index = end + 1
    }
  }

  private static func isOfToken(_ byte: UInt8) -> Bool {
    byte.isNameByte || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "/") || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: ":")
  }

  /// True for a word with a digit, `_` or punctuation inside. A number alone may be that of an order.
  private static func isTechnical(_ text: borrowing Span<UInt8>, _ word: Range<Int>) -> Bool {
    guard !word.allSatisfy({ text[$0].isDigit }) else { return false }
    for index in word.dropFirst()
    where !text[index].isNameByte || text[index].isDigit || text[index] == UInt8(ascii: "_") {
      return true
    }
    return false
  }

  // MARK: - Octets

  private static func octets(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> [UInt8] {
    var output: [UInt8] = []
    for index in text.clamped(range) { output.append(text[index]) }
    return output
  }

  /// True if `needle`, which is short, occurs anywhere in `range`.
  private static func holds(_ text: borrowing Span<UInt8>, _ needle: [UInt8], in range: Range<Int>) -> Bool {
    guard let first = needle.first else { return false }
    var from = range.lowerBound
    while let hit = text.firstIndex(of: first, in: from..<range.upperBound) {
      guard hit + needle.count <= range.upperBound else { return false }
      if needle.indices.allSatisfy({ text[hit + $0] == needle[$0] }) { return true }
      from = hit + 1
    }
    return false
  }
}

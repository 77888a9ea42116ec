import MailMessage

/// The text above and below a traceback: the labels, headings and data of a program, or the words of a human.
struct TracebackSurroundings {
  /// The number of lines above the traceback that are neither label, heading nor data, and are unrelated to it.
  private(set) var sentencesAbove = 0
  private var sentencesBelow = 0
  /// The number of sentences that name the exception or its place, or something that the Subject names too.
  private(set) var tiedSentences = 0
  /// The number of lines `Label: value`.
  private(set) var labels = 0
  /// The number of labels and lines whose value only a program writes.
  private(set) var data = 0
  /// True if a sentence names the exception and its place:
  /// `Task shop.tasks.nightly[6886ecd7] raised unexpected: KeyError('price')`.
  private(set) var isReported = false
  /// The number of values that are mail addresses.
  private var addresses = 0
  /// True below a heading of error reports that stands below the traceback: what follows it is what a visitor sent to a
  /// form of the site.
  private var isInRequest = false
  /// The number of lines below a rule at the end, or nil without a rule: a program's footer, or a human's signature.
  private var footer: Int?
  /// True if a label, a heading or data names the exception, its place, or something that the Subject names too.
  private(set) var isTied = false
  /// True if a sentence says what the Subject says.
  private(set) var repeatsSubject = false
  /// True if a quote mark, a question or a sign-off stands above the traceback.
  private(set) var isHumanAbove = false
  /// True if a quote mark, a question or a sign-off stands below the traceback.
  private(set) var isHumanBelow = false
  /// The number of labels that contact forms and the like have: `Name:`, `Message:`.
  private var formLabels = 0
  /// True if the line above the traceback introduces it in words that error reports do not have: `Viesti:`.
  private(set) var isIntroduced = false
  private(set) var ties: ReportTies
  /// The number of octets that were examined.
  private(set) var work = 0

  /// The number of octets of a line that are read.
  private static let mostOfLine = 400
  /// The number of lines that are read at each end of the text above the traceback, and of the text below. More is the
  /// output of a program: people greet at the beginning, and introduce a traceback right above it.
  private static let mostLines = 1000
  /// The number of sentences below a rule that count as a footer.
  private static let mostOfFooter = 2

  init(_ text: borrowing Span<UInt8>, above: Range<Int>, below: Range<Int>, ties: ReportTies) {
    self.ties = ties
    readLines(text, above, isAbove: true)
    readLines(text, below, isAbove: false)
    work += 2 * (above.count + below.count) + self.ties.work
  }

  private var sentences: Int { sentencesAbove + sentencesBelow }

  /// True if nothing here needs a human to have written it.
  var isProgrammed: Bool {
    !isHumanAbove && !isHumanBelow && !isIntroduced && !isForm && sentences == 0
      && (tiedSentences == 0 || repeatsSubject || isReported || labels + data >= 2)
  }

  /// True if this is a form that was filled in, whose values may hold anything.
  var isForm: Bool { formLabels >= 2 || addresses > 0 && data == addresses }

  /// True if something here agrees with the traceback, and nothing unrelated stands beside it.
  var isAgreeing: Bool {
    isTied || repeatsSubject || ties.isInSubject || tiedSentences > 0 && sentences == 0
  }

  private mutating func readLines(_ text: borrowing Span<UInt8>, _ range: Range<Int>, isAbove: Bool) {
    var index = range.lowerBound
    var hasBegun = false
    var lines = 0
    while index < range.upperBound {
      lines += 1
      if lines == Self.mostLines { index = Self.startOfLast(text, index..<range.upperBound) }
      let raw = text.line(at: index, before: range.upperBound)
      let next = Swift.max(text.next(after: raw, before: range.upperBound), index + 1)
      let line = text.trimmed(raw.prefix(Self.mostOfLine))
      index = next
      guard !line.isEmpty else { continue }
      // A line that is indented below a label or data continues it.
      if hasBegun, raw.lowerBound < line.lowerBound, !HumanWords.isMarked(text, line) {
        tie(text, line)
        continue
      }
      hasBegun = readLine(text, line, isAbove: isAbove)
    }
  }

  /// The start of the last lines of `range` that are read, or the start of `range` if it has no more lines than that.
  private static func startOfLast(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
    var lines = 0
    for index in range.reversed() where text[index] == UInt8(ascii: "\n") {
      lines += 1
      if lines > mostLines { return index + 1 }
    }
    return range.lowerBound
  }

  /// Reads a line; returns true if indented lines may continue it.
  private mutating func readLine(_ text: borrowing Span<UInt8>, _ line: Range<Int>, isAbove: Bool) -> Bool {
    if HumanWords.isMarked(text, line) {
      noteHuman(isAbove)
      return false
    }
    let kind = MailLine(text, line)
    if isAbove { isIntroduced = kind == .heading(isKnown: false) || kind == .rule && isIntroduced }
    switch kind {
    case .rule:
      if !isAbove { footer = 0 }
      return true
    case .heading(let isKnown):
      if isKnown, !isAbove { isInRequest = true }
      if !isKnown, FormLabels.contains(text, line.dropLast()) { formLabels += 1 }
      return true
    case .data:
      data += 1
      tie(text, line)
      return true
    case .label(let name, let value):
      return readLabel(text, line, name, value, isAbove)
    case .sentence:
      readSentence(text, line, isAbove)
      return false
    }
  }

  private mutating func readLabel(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, _ name: Range<Int>, _ value: Range<Int>, _ isAbove: Bool
  ) -> Bool {
    if !isInRequest, FormLabels.contains(text, name) { formLabels += 1 }
    let isTied = tie(text, line)
    if MailLine.isData(text, value) {
      data += 1
      if !isInRequest, text.firstIndex(of: UInt8(ascii: "@"), in: value) != nil { addresses += 1 }
    } else if !isTied, HumanWords.isQuestion(text, value) || MailLine.words(text, value, most: 7) > 6 {
      // A visitor may have chosen the value, so it says less than a sentence of its own.
      noteSentence(isAbove)
    }
    labels += 1
    return true
  }

  private mutating func readSentence(_ text: borrowing Span<UInt8>, _ line: Range<Int>, _ isAbove: Bool) {
    if ties.repeatsSubject(text, line) {
      repeatsSubject = true
      tiedSentences += 1
    } else if ties.names(text, line) || ties.sharesToken(text, line) {
      tiedSentences += 1
      isReported = isReported || ties.namesException(text, line) && ties.namesPlace(text, in: line)
    } else if let lines = footer, lines < Self.mostOfFooter {
      footer = lines + 1
    } else {
      noteSentence(isAbove)
    }
    if HumanWords.isQuestion(text, line) || HumanWords.isClosing(text, line) { noteHuman(isAbove) }
  }

  private mutating func noteSentence(_ isAbove: Bool) {
    if isAbove { sentencesAbove += 1 } else { sentencesBelow += 1 }
  }

  private mutating func noteHuman(_ isAbove: Bool) {
    if isAbove { isHumanAbove = true } else { isHumanBelow = true }
  }

  @discardableResult
  private mutating func tie(_ text: borrowing Span<UInt8>, _ line: Range<Int>) -> Bool {
    let isTied = ties.names(text, line) || ties.sharesToken(text, line)
    self.isTied = self.isTied || isTied
    return isTied
  }
}

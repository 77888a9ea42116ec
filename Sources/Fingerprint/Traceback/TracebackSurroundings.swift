import MailMessage

/// What stands above and below a traceback: the labels, headings and data of a program, or the words of a human.
struct TracebackSurroundings {
  /// Lines above the traceback that are neither label, heading nor data, and say nothing of it.
  private(set) var sentencesAbove = 0
  private var sentencesBelow = 0
  /// Sentences that name the exception or its place, or something that the Subject names too.
  private(set) var tiedSentences = 0
  /// Lines `Label: value`.
  private(set) var labels = 0
  /// Labels and lines whose value only a program writes.
  private(set) var data = 0
  /// A sentence names the exception and its place: `Task shop.tasks.nightly[6886ecd7] raised unexpected: KeyError('price')`.
  private(set) var isReported = false
  /// Values that are mail addresses.
  private var addresses = 0
  /// A heading of error reports stands below the traceback: what follows it is what a visitor sent to a form of the site.
  private var isInRequest = false
  /// Lines below a rule at the end: what a program says of itself, or a human's signature.
  private var footer: Int?
  /// A label, a heading or data names the exception, its place, or something that the Subject names too.
  private(set) var isTied = false
  /// A sentence says what the Subject says.
  private(set) var repeatsSubject = false
  /// Marks of quoting, a question or a closing, above and below the traceback.
  private(set) var isHumanAbove = false
  private(set) var isHumanBelow = false
  /// Labels of a contact form, or the like: `Name:`, `Message:`.
  private var formLabels = 0
  /// The line above the traceback introduces it in words that error reports do not have: `Viesti:`.
  private(set) var isIntroduced = false
  private(set) var ties: ReportTies
  /// Octets that were looked at.
  private(set) var work = 0

  /// Octets of a line that are read.
  private static let mostOfLine = 400
  /// Lines that are read at each end of what stands above, and of what stands below. More is the output of a program; who
  /// greets does it at the beginning, and what introduces a traceback stands right above it.
  private static let mostLines = 1000
  /// Sentences below a rule that count as a footer.
  private static let mostOfFooter = 2

  init(_ text: borrowing Span<UInt8>, above: Range<Int>, below: Range<Int>, ties: ReportTies) {
    self.ties = ties
    readLines(text, above, isAbove: true)
    readLines(text, below, isAbove: false)
    work += 2 * (above.count + below.count) + self.ties.work
  }

  private var sentences: Int { sentencesAbove + sentencesBelow }

  /// Whether nothing here needs a human to have written it.
  var isProgrammed: Bool {
    !isHumanAbove && !isHumanBelow && !isIntroduced && !isForm && sentences == 0
      && (tiedSentences == 0 || repeatsSubject || isReported || labels + data >= 2)
  }

  /// Whether a form was filled in, whose values may hold anything.
  var isForm: Bool { formLabels >= 2 || addresses > 0 && data == addresses }

  /// Whether something agrees, and nothing is there that says nothing of the traceback.
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
      // What is indented below a label or data goes on with it.
      if hasBegun, raw.lowerBound < line.lowerBound, !HumanWords.isMarked(text, line) {
        tie(text, line)
        continue
      }
      hasBegun = readLine(text, line, isAbove: isAbove)
    }
  }

  /// Where the last lines of `range` begin that are read; its beginning when there are no more.
  private static func startOfLast(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Int {
    var lines = 0
    for index in range.reversed() where text[index] == UInt8(ascii: "\n") {
      lines += 1
      if lines > mostLines { return index + 1 }
    }
    return range.lowerBound
  }

  /// Answers whether an indented line may go on with this one.
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

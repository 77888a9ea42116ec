import MailMessage

/// Decides whether a machine wrote this text, or a human shows us a traceback.
///
/// A log record has nothing after its traceback and its message right before it. A program's own layout has labels and
/// headings around it that agree with the traceback. A human greets, explains, asks. If that does not decide, and the
/// header is that of a program, the author is unknown; otherwise the mail counts as a human's and passes.
struct MachineMade {
  let screening: HeaderScreening

  enum Author: Equatable {
    case machine, human
    /// Text beside the traceback that a machine or a human may have written.
    case unknown
  }

  /// The author of a text in Django's layout: what stands before `KeyError at /cart/` is one log message.
  func author(_ text: borrowing Span<UInt8>, _ report: DjangoReport) -> Author {
    if isForwarded(text, report.message) { return .human }
    // No human writes the Subject's text above a report.
    if report.isMessageCertain && screening.subject.level != nil || screening.isNamedSender { return .machine }
    let message = report.message
    if HumanWords.isGreeting(text, message) { return human }
    if report.isAmbiguous { return .machine }
    // A human may paste a report and say nothing.
    if message.isEmpty { return screening.isSignedByProgram || screening.subject.isOfHandler ? .machine : .unknown }
    if screening.subject.level != nil {
      return screening.subject.isOfHandler || screening.isSignedByProgram ? .machine : .unknown
    }
    if isInSubject(text, message) || subjectNames(text, report.certainType) {
      return screening.isSignedByProgram ? .machine : .unknown
    }
    if let traceback = report.traceback, isProgram(text, message, traceback) { return .machine }
    // A visitor can paste a report into a contact form: then there is no level, and nothing that the Subject says as
    // well.
    let isOneMessage = text.firstIndex(of: "\n\n", in: message) == nil
    return isOneMessage || isLogLine(text, message) ? .unknown : human
  }

  /// True for labels of the site's own above Django's layout which agree with it.
  private func isProgram(_ text: borrowing Span<UInt8>, _ message: Range<Int>, _ traceback: Traceback) -> Bool {
    let above = message.lowerBound..<Swift.min(message.upperBound, message.lowerBound + 16_384)
    let ties = ReportTies(text, traceback, subject: screening.decodedSubject)
    return above == message
      && isProgram(TracebackSurroundings(text, above: above, below: above.upperBound..<above.upperBound, ties: ties))
  }

  /// A human, unless the Subject has the form of `AdminEmailHandler`, or the header that of Python's `SMTPHandler`:
  /// then text that reads like a human's may be a visitor's.
  private var human: Author { screening.subject.isOfHandler || screening.isOfLogHandler ? .unknown : .human }

  // MARK: - Tracebacks as Python prints them

  /// The author of a text with tracebacks as Python prints them.
  ///
  /// - Parameters:
  ///   - range: from the first traceback's header to the end of the last one.
  ///   - end: the end of the text that may be a human's.
  ///   - work: increased by the number of octets that were examined.
  func author(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, in range: Range<Int>, end: Int, _ work: inout Int
  ) -> Author {
    if screening.isCron || screening.isNamedSender { return .machine }
    let before = text.trimmed(0..<range.lowerBound)
    let after = text.trimmed(Swift.min(range.upperBound, end)..<end)
    if isForwarded(text, before) { return .human }
    let ties = ReportTies(text, traceback, subject: screening.decodedSubject)
    let around = TracebackSurroundings(text, above: before, below: after, ties: ties)
    work += around.work
    // A visitor may have chosen what stands right above and after a traceback: in a record, it is not certain to be a
    // human's.
    let isRecord =
      before.isEmpty || isAdjacent(text, before, range.lowerBound) || isLogLine(text, before)
    if HumanWords.isGreeting(text, before) { return isRecord && after.isEmpty ? open(around) : human }
    if isRecord, after.isEmpty { return author(ofRecord: text, before, around) }
    if (isTaskMail(text, before) || isCommandMail(text, before, after)) && screening.isSignedByProgram
      || isProgram(around)
      || isLeveled(around)
    {
      return .machine
    }
    if around.isHumanAbove { return human }
    let isOneParagraph = isRecord && text.firstIndex(of: "\n\n", in: before) == nil
    // The text below may continue the text of the exception, which a visitor may have chosen.
    if isOneParagraph || around.isAgreeing && around.sentencesAbove == 0 { return open(around) }
    if around.isHumanBelow { return human }
    // Python made the mail, so a program sent it, perhaps for a visitor who filled in a form.
    let isPrograms = screening.origin.isNumberedID || isProduct(around)
    return around.isAgreeing || screening.subject.level != nil || isPrograms ? open(around) : human
  }

  /// True if the Subject has a level, as log handlers put it there, and only their text stands above the traceback.
  private func isLeveled(_ around: TracebackSurroundings) -> Bool {
    guard screening.subject.level != nil, !around.isHumanAbove, !around.isHumanBelow, !isFilledIn(around) else {
      return false
    }
    return screening.subject.isOfHandler
      || screening.isSignedByProgram && around.sentencesAbove == 0 && !around.isIntroduced
  }

  /// The author of a log record: a message, and its traceback right below it and last.
  private func author(
    ofRecord text: borrowing Span<UInt8>, _ before: Range<Int>, _ around: TracebackSurroundings
  ) -> Author {
    let isSigned =
      screening.isSignedByProgram || screening.subject.isOfHandler
      || screening.subject.level != nil && around.repeatsSubject
    if isLogLine(text, before), !around.isHumanAbove { return isSigned ? .machine : .unknown }
    if isFilledIn(around) || around.isHumanAbove { return open(around) }
    // `Agenda:` below other paragraphs introduces what a human pastes.
    if around.isIntroduced, text.firstIndex(of: "\n\n", in: before) != nil {
      return isProgram(around) ? .machine : human
    }
    // A filled-in form looks like a record, too: only a log handler's record needs nothing that agrees.
    let isOneLine = text.line(at: before.lowerBound, before: before.upperBound) == before
    let isPlainHandlers = screening.origin.isBare && !screening.origin.isNumberedID && isOneLine
    let isSure =
      screening.isOfLogHandler || isPlainHandlers || screening.subject.level != nil || before.isEmpty
      || around.isAgreeing
    if isSigned { return isSure ? .machine : .unknown }
    return before.isEmpty ? .unknown : human
  }

  /// True for a layout of the site's own: labels, headings and data around the traceback which agree with it or with
  /// the Subject.
  private func isProgram(_ around: TracebackSurroundings) -> Bool {
    guard around.isProgrammed, !isFilledIn(around) else { return false }
    if screening.subject.isOfHandler { return true }
    guard screening.isSignedByProgram else { return false }
    return screening.subject.level != nil || around.isAgreeing
  }

  /// True for labels and data alone, from an address that no human has.
  private func isProduct(_ around: TracebackSurroundings) -> Bool {
    around.labels >= 2 && around.data >= 1 && around.tiedSentences == 0 && screening.origin.isRole
      && (screening.origin.isNumberedID || !screening.origin.hasID)
  }

  /// True if a human may have filled in the text: replies go to an address of their own, the Subject has the number of
  /// a ticket, or the labels are those of a form.
  private func isFilledIn(_ around: TracebackSurroundings) -> Bool {
    around.isForm || screening.origin.hasReplyTo || isTicket
  }

  /// The author if nothing decides: unknown with the header of a program, else a human.
  private func open(_ around: TracebackSurroundings) -> Author {
    screening.isSignedByProgram || screening.subject.isOfHandler ? .unknown : human
  }

  /// True for `[Tuki #60256] Error in portal`, `[#451]`, `[CAMPUS-5435]`.
  private var isTicket: Bool {
    let subject = screening.decodedSubject.span
    guard !screening.subject.isOfHandler, subject.count > 3, subject[0] == UInt8(ascii: "["),
      let close = subject.firstIndex(of: UInt8(ascii: "]"), in: 0..<Swift.min(subject.count, 60)),
      subject[close - 1].isDigit
    else { return false }
    var index = close - 1
    while index > 0, subject[index].isDigit { index -= 1 }
    return subject[index] == UInt8(ascii: "#") || (subject[index] == UInt8(ascii: "-") && subject[1].isUppercase)
  }

  // MARK: - Records

  /// True if a record's message stands right above its traceback, or on its first line, without an empty line between
  /// them.
  private func isAdjacent(_ text: borrowing Span<UInt8>, _ before: Range<Int>, _ header: Int) -> Bool {
    (text.firstIndex(of: UInt8(ascii: "\n"), in: before.upperBound..<header) ?? header - 1) == header - 1
  }

  /// True for `2026-11-30 06:28:02,114 ERROR worker: job failed`: the first line has a time or a bracket, and a level.
  /// Also for the first label of Flask's documentation, `Message type: ERROR`.
  private func isLogLine(_ text: borrowing Span<UInt8>, _ before: Range<Int>) -> Bool {
    if text.has("Message type:", at: before.lowerBound, before: before.upperBound) { return true }
    let line = text.line(at: before.lowerBound, before: before.upperBound).prefix(120)
    guard let first = line.first, text[first].isDigit || text[first] == UInt8(ascii: "[") else { return false }
    for name in LogLevel.names.prefix(5) {
      guard let hit = text.firstIndex(of: name, in: line.startIndex..<line.endIndex) else { continue }
      let end = hit + name.utf8CodeUnitCount
      if hit > line.startIndex, !text[hit - 1].isNameByte, end >= line.endIndex || !text[end].isNameByte { return true }
    }
    return false
  }

  /// True for error mails of Celery up to 3.1 (`celery.app.defaults`).
  private func isTaskMail(_ text: borrowing Span<UInt8>, _ before: Range<Int>) -> Bool {
    text.has("Task ", at: before.lowerBound, before: before.upperBound)
      && text.firstIndex(of: "raised exception:", in: before) != nil
  }

  /// True for `EmailNotificationCommand` of django-extensions: one line, and the frames last.
  private func isCommandMail(_ text: borrowing Span<UInt8>, _ before: Range<Int>, _ after: Range<Int>) -> Bool {
    after.isEmpty && text.has("Reporting execution of command: '", at: before.lowerBound, before: before.upperBound)
      && text.line(at: before.lowerBound, before: before.upperBound) == before
  }

  /// True if a human sent the mail on without a word: the fields of another mail stand below a line such as
  /// `-----Original Message-----` or `Begin forwarded message:`, or without such a line. A program that mails such
  /// fields has a program's header, or says them in the Subject.
  private func isForwarded(_ text: borrowing Span<UInt8>, _ above: Range<Int>) -> Bool {
    !screening.isSignedByProgram && ForwardedHead.begins(text, above) && !isInSubject(text, above)
  }

  private func isInSubject(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> Bool {
    let line = text.line(at: message.lowerBound, before: message.upperBound).prefix(40)
    guard line.count >= 12 else { return false }
    let subject = screening.decodedSubject
    guard subject.count >= line.count else { return false }
    for start in 0...(subject.count - line.count)
    where line.indices.allSatisfy({ subject[start + $0 - line.lowerBound] == text[$0] }) {
      return true
    }
    return false
  }

  /// True for `KeyError in cart`, a Subject that a handler of the site's own makes.
  private func subjectNames(_ text: borrowing Span<UInt8>, _ type: Range<Int>?) -> Bool {
    guard let type, type.count >= 5 else { return false }
    return SiteEvidence.holds(
      screening.decodedSubject.span, Array(text.text(type).utf8), in: 0..<screening.decodedSubject.count)
  }
}

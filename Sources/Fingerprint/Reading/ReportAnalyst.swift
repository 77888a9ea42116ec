import MailMessage

/// Analyses a decoded text: Django's layout, else tracebacks as Python prints them, else a log record.
struct ReportAnalyst {
  private(set) var screening: HeaderScreening
  let limits: ReadingLimits
  let records: Bool
  /// Returns the packages that earlier reports of the site listed as its own, the oldest first.
  let packages: @Sendable () -> [String]
  /// True if the text was cleaned for reading already, and is not cleaned again.
  var isPlain = false

  func analyse(_ decoded: DecodedText, isHTML: Bool) -> Analysis {
    let text = decoded.octets.span
    var analysis = Analysis(outcome: .pass(.noReportStructure), screening: screening, text: decoded.octets)
    analysis.work = 2 * text.count
    let logged = isHTML ? nil : screening.subject.message
    if !isPlain || !isHTML,
      let report = DjangoReport(text, logged: logged, hasLevel: screening.subject.level != nil, limits: limits)
    {
      analysis.format = isHTML ? .djangoHTML : .djangoText
      analysis.report = report
      analysis.work += report.work
      analyseDjango(text, report, &analysis)
    } else if !isPlain, isHTML ? HTMLReport.isOwnLayout(text) : TerminalText.isIn(text) {
      return analysePlain(decoded, isHTML: isHTML)
    } else if isTraceback(text, isHTML: isHTML, &analysis) {
      analysis.format = .traceback
    } else if let list = FrameList(text, limits: limits) {
      analysis.format = .traceback
      analyse(text, list, &analysis)
    } else if let message = unraised(text, isHTML: isHTML) {
      analysis.format = .logRecord
      analyseMessage(text, message, view: nil, isDjango: true, &analysis)
    } else if screening.isSignedByProgram || screening.subject.isOfHandler,
      let record = LogRecord(text, body: text.trimmed(0..<text.count))
    {
      analyseRecord(text, record, &analysis)
    } else if !isHTML, isPartOfReport(text) {
      analysis.outcome = .doubt(Doubt(.ambiguousReport))
    }
    if isLevelInMessage(text, analysis.report) { noteUncertain(&analysis) }
    if decoded.isAbridged { noteAbridged(&analysis) }
    return analysis
  }

  /// Reads the text again without colours, time stamps and the marks of HTML. Django's own report has none of the first
  /// two and needs the last, so it was looked for before.
  private func analysePlain(_ decoded: DecodedText, isHTML: Bool) -> Analysis {
    var analyst = self
    analyst.isPlain = true
    analyst.screening.removeColours()
    var plain = decoded
    plain.octets = TerminalText.plain(decoded.octets)
    if isHTML { plain.octets.removeAll { $0 == HTMLText.mark } }
    var analysis = analyst.analyse(plain, isHTML: isHTML)
    analysis.work += 2 * decoded.octets.count
    return analysis
  }

  private func isTraceback(_ text: borrowing Span<UInt8>, isHTML: Bool, _ analysis: inout Analysis) -> Bool {
    guard text.firstIndex(of: "Traceback (most recent call last):", in: 0..<text.count) != nil else { return false }
    let message = LoggedMessage(text, logged: isHTML ? [] : screening.subject.message)
    if case .cut = message, screening.subject.level != nil {
      // The message may contain the traceback, and continue after it.
      analysis.outcome = .doubt(Doubt(.ambiguousReport))
      return true
    }
    var isInline = false
    // A layout of the site's own that repeats a logged traceback below it.
    if let end = message.end,
      text.equals(text.line(at: end, before: text.count), "Report")
        || text.has("Report at ", at: end, before: text.count)
    {
      guard !LoggedMessage.endsInPath(text, 0..<end, head: end) else { return false }
      isInline = analysePlain(text, in: 0..<end, &analysis).isInline
      markAsLogged(text, from: 0, &analysis)
    } else {
      isInline = analysePlain(text, in: 0..<text.count, &analysis).isInline
    }
    if isInline { claimRecord(text, isHTML: isHTML, &analysis) }
    if case .pass(.noReportStructure) = analysis.outcome { return false }
    return true
  }

  /// The message of a report that a layout of the site's own made of a log record without an exception, or nil. The
  /// Subject says it, and the head `Report` stands below, or the Subject has the form of `AdminEmailHandler`.
  func unraised(_ text: borrowing Span<UInt8>, isHTML: Bool) -> Range<Int>? {
    guard !isHTML, screening.subject.level != nil else { return nil }
    let message = LoggedMessage(text, logged: screening.subject.message)
    let end = message.floor
    guard end > 0 else { return nil }
    let line = text.line(at: text.trimmed(0..<end).lowerBound, before: end)
    if message.end != nil, text.has("Report at ", at: end, before: text.count) { return line }
    // `Internal Server Error: /cart/` alone would be the name of all errors of the site.
    let isAlone = text.trimmed(end..<text.count).isEmpty && MessageKey.requestPath(text, line) == nil
    return isAlone && screening.subject.isOfHandler ? line : nil
  }

  /// Concludes from a record. It has to be the whole mail, since otherwise a human may show it: only a log handler's
  /// mail leaves a doubt.
  private func analyseRecord(_ text: borrowing Span<UInt8>, _ record: LogRecord, _ analysis: inout Analysis) {
    analysis.format = .logRecord
    if !record.isOpen {
      analyseMessage(text, record.message, view: nil, isDjango: false, &analysis)
    } else if screening.isOfLogHandler {
      analysis.outcome = .doubt(Doubt(.textBehindTraceback))
    }
  }

  /// True if a mail of `AdminEmailHandler` without any part of a report has a Subject that ends too early: a path is
  /// long enough to be truncated. Without a visitor's words the mail may be a report.
  private func isPartOfReport(_ text: borrowing Span<UInt8>) -> Bool {
    screening.subject.isOfHandler && LoggedMessage(text, logged: screening.subject.message).isOpen
  }

  /// True if the level stands among the words of the log message that the Subject says: then a Subject of the site's
  /// own has no level, and the text before the word is no prefix.
  private func isLevelInMessage(_ text: borrowing Span<UInt8>, _ report: DjangoReport?) -> Bool {
    guard report != nil, let level = screening.subject.level?.utf8 else { return false }
    let line = text.trimmed(text.line(at: text.trimmed(0..<text.count).lowerBound, before: text.count))
    let subject = screening.decodedSubject
    let end = subject.count - screening.subject.message.count
    let mostOfPrefix = 512
    guard end < mostOfPrefix else { return true }
    for start in 0..<Swift.max(0, end - level.count - 1)
    where start + line.count > end && start + line.count <= subject.count {
      if line.indices.allSatisfy({ subject[start + $0 - line.lowerBound] == text[$0] }) { return true }
    }
    return false
  }

  /// Turns the outcome into a doubt: the level is a visitor's word, so neither the message's extent nor the site is
  /// certain.
  private func noteUncertain(_ analysis: inout Analysis) {
    switch analysis.outcome {
    case .pass(.noReportStructure) where screening.subject.level == nil: break
    case .pass(.noReportStructure), .report: analysis.outcome = .doubt(Doubt(.ambiguousReport))
    case .pass, .doubt: break
    }
  }

  /// Turns the outcome into a doubt: the part left out may be what would have made the mail a report, or another one.
  private func noteAbridged(_ analysis: inout Analysis) {
    switch analysis.outcome {
    case .pass(.quotedTraceback): break
    // Django's own lines may be in the part left out, and a visitor's in the part that is read.
    case .report:
      let octets = analysis.text
      let type = analysis.report?.certainType.map { octets.span.text($0) }
      analysis.outcome = .doubt(Doubt(.textTooLarge, type: type))
    case .doubt(let doubt): analysis.outcome = .doubt(Doubt(.textTooLarge, type: doubt.type, place: doubt.place))
    case .pass: if screening.subject.level != nil { analysis.outcome = .doubt(Doubt(.textTooLarge)) }
    }
  }

  // MARK: - Django

  private func analyseDjango(_ text: borrowing Span<UInt8>, _ report: DjangoReport, _ analysis: inout Analysis) {
    guard isMachines(MachineMade(screening: screening).author(text, report), &analysis) else { return }
    let type = report.certainType.map { text.text($0) }
    if report.isAmbiguous {
      analysis.outcome = .doubt(Doubt(.ambiguousReport, type: type))
      return
    }
    if let traceback = report.traceback {
      if traceback.isCut {
        analysis.outcome = .doubt(Doubt(.tooManyFrames, type: type))
        return
      }
      conclude(finding(text, traceback, report: report), &analysis)
    } else if report.isTruncated {
      analysis.outcome = .doubt(Doubt(.truncatedReport, type: type))
    } else if !isTracebackLogged(text, report, &analysis) {
      let line = text.line(at: report.message.lowerBound, before: report.message.upperBound)
      analyseMessage(text, line, view: report.raisedDuring, isDjango: true, &analysis)
    }
  }

  func isMachines(_ author: MachineMade.Author, _ analysis: inout Analysis) -> Bool {
    switch author {
    case .machine: return true
    case .human: analysis.outcome = .pass(.quotedTraceback)
    case .unknown: analysis.outcome = .doubt(Doubt(.textBehindTraceback))
    }
    return false
  }

  // MARK: - Keys

  func finding(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, report: DjangoReport?
  ) -> Finding? {
    finding(text, traceback, report: report, known: report == nil ? packages()[...] : [])
  }

  private func finding(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, report: DjangoReport?, known: ArraySlice<String>
  ) -> Finding? {
    let placed = FramePlacement.places(text, traceback, report: report, known: known)
    if let last = traceback.finalIndex, !ExceptionType.isName(text, traceback.links[last].type) { return nil }
    let evidence = report.map { SiteEvidence(text, $0) } ?? SiteEvidence()
    var deriver = KeyDeriver(
      traceback: traceback, placed: placed, template: report?.template, evidence: evidence, records: records)
    guard let key = deriver.key(text) else { return nil }
    return Finding(traceback: traceback, placed: placed, key: key, applied: deriver.applied, known: known)
  }

  func conclude(_ finding: Finding?, _ analysis: inout Analysis) {
    guard let finding else {
      analysis.outcome = .doubt(Doubt(.noTracebackKey))
      return
    }
    analysis.findings = [finding]
    analysis.outcome = .report(finding.key)
    let (text, report) = (analysis.text, analysis.report)
    analysis.earlier = EarlierKeys {
      keysOfLessKnowledge(text.span, finding)
        + EarlierKeys.keys(text.span, finding.traceback, report: report)
    }
  }

  /// The keys that a traceback had while fewer of the site's own packages were known, the latest first.
  private func keysOfLessKnowledge(_ text: borrowing Span<UInt8>, _ finding: Finding) -> [EarlierKey] {
    var relevant: [String] = []
    for package in finding.known
    where relevant.count < Self.mostOwnPackages && runs(text, package, in: finding.traceback) {
      relevant.append(package)
    }
    return relevant.indices.reversed().compactMap { count in
      self.finding(text, finding.traceback, report: nil, known: relevant[..<count])
        .map { EarlierKey(version: Algorithm.current.version, bytes: $0.key.bytes) }
    }
  }

  /// The most packages of a site in one traceback for which earlier keys are computed.
  private static let mostOwnPackages = 4

  private func runs(_ text: borrowing Span<UInt8>, _ package: String, in traceback: Traceback) -> Bool {
    let name = Array(package.utf8)
    for frame in traceback.frames {
      if let module = ModulePath.installed(text, frame.file),
        FamilySubject.copy(text, ModulePath.top(text, module)) == name
      {
        return true
      }
    }
    return false
  }

  /// Concludes from a message without an exception.
  private func analyseMessage(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?, isDjango: Bool, _ analysis: inout Analysis
  ) {
    analysis.message = line
    var builder = MessageKey(records: records)
    let end = analysis.report?.message.upperBound ?? line.upperBound
    let logged = LoggedMessage(text, logged: screening.subject.message).end.map { text.trimmed(0..<$0).upperBound }
    let hasMoreLines = (isDjango ? logged ?? end : end) > line.upperBound
    guard let key = builder.key(text, line, view: view, isDjango: isDjango, hasMoreLines: hasMoreLines) else {
      analysis.outcome = .doubt(Doubt(.noTracebackKey))
      return
    }
    analysis.messageRules = builder.applied
    analysis.outcome = .report(key)
    analysis.earlier = earlierKeys(text, line, view: view, isDjango: isDjango, end: end)
  }

  /// The keys that earlier versions gave to a message that ends at `end`.
  func earlierKeys(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?, isDjango: Bool, end: Int
  ) -> EarlierKeys {
    var before = MessageKey(algorithm: .version3, records: false)
    let key = before.key(text, line, view: view, isDjango: isDjango, hasMoreLines: end > line.upperBound)
    guard let key else { return EarlierKeys() }
    return before.isAsBefore ? EarlierKeys(all: key.bytes) : EarlierKeys(of: .version3, key.bytes)
  }
}

import MailMessage

/// Takes a decoded text apart: Django's layout, else tracebacks as Python prints them, else a log record.
struct ReportAnalyst {
  let gate: Gate
  let limits: ReadingLimits
  let records: Bool

  func analyse(_ decoded: DecodedText, isHTML: Bool) -> Analysis {
    let text = decoded.octets.span
    var analysis = Analysis(outcome: .pass(.noReportStructure), gate: gate, text: decoded.octets)
    analysis.work = text.count
    if let report = DjangoReport(text, logged: isHTML ? [] : gate.subject.message, limits: limits) {
      analysis.format = isHTML ? .djangoHTML : .djangoText
      analysis.report = report
      analysis.work += report.work
      analyseDjango(text, report, &analysis)
    } else if text.firstIndex(of: "Traceback (most recent call last):", in: 0..<text.count) != nil {
      analysis.format = .traceback
      analysePlain(text, in: 0..<text.count, &analysis)
    } else if let message = unraised(text, isHTML: isHTML) {
      analysis.format = .logRecord
      analyseMessage(text, message, view: nil, &analysis)
    } else if let record = LogRecord(text, body: text.trimmed(0..<text.count)) {
      analysis.format = .logRecord
      analyseMessage(text, record.message, view: nil, &analysis)
    }
    if decoded.isAbridged { noteAbridged(&analysis) }
    return analysis
  }

  /// The message of a report that a layout of the site's own made of a log record without an exception: the Subject says
  /// it, and the head `Report` stands below.
  private func unraised(_ text: borrowing Span<UInt8>, isHTML: Bool) -> Range<Int>? {
    guard !isHTML, gate.subject.level != nil, let end = LoggedMessage(text, logged: gate.subject.message).end,
      text.has("Report at ", at: end, before: text.count)
    else { return nil }
    return text.line(at: text.trimmed(0..<end).lowerBound, before: end)
  }

  /// What is left out may be what would have made a report of it, or another one.
  private func noteAbridged(_ analysis: inout Analysis) {
    switch analysis.outcome {
    case .report, .pass(.quotedTraceback): break
    case .doubt(let doubt): analysis.outcome = .doubt(Doubt(.textTooLarge, type: doubt.type, place: doubt.place))
    case .pass: if gate.subject.level != nil { analysis.outcome = .doubt(Doubt(.textTooLarge)) }
    }
  }

  // MARK: - Django

  private func analyseDjango(_ text: borrowing Span<UInt8>, _ report: DjangoReport, _ analysis: inout Analysis) {
    guard MachineMade(gate: gate).accepts(text, report: report) else {
      analysis.outcome = .pass(.quotedTraceback)
      return
    }
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
      conclude(text, [finding(text, traceback, report: report)], outside: nil, &analysis)
    } else if report.isTruncated {
      analysis.outcome = .doubt(Doubt(.truncatedReport, type: type))
    } else if !isTracebackLogged(text, report, &analysis) {
      let line = text.line(at: report.message.lowerBound, before: report.message.upperBound)
      analyseMessage(text, line, view: report.raisedDuring, &analysis)
    }
  }

  /// `logger.error(traceback.format_exc())`: the traceback is the message.
  private func isTracebackLogged(
    _ text: borrowing Span<UInt8>, _ report: DjangoReport, _ analysis: inout Analysis
  ) -> Bool {
    guard text.firstIndex(of: "Traceback (most recent call last):", in: report.message) != nil else { return false }
    analysePlain(text, in: report.message, &analysis)
    if case .pass = analysis.outcome { return false }
    return true
  }

  // MARK: - Python

  private func analysePlain(_ text: borrowing Span<UInt8>, in range: Range<Int>, _ analysis: inout Analysis) {
    var reading = PlainReading(text, in: range, logged: analysis.report == nil ? gate.subject.message : [], limits: limits)
    let tracebacks = reading.tracebacks
    guard !tracebacks.isEmpty else { return }
    defer { analysis.work += reading.work }
    switch analysis.report == nil ? MachineMade(gate: gate).author(text, reading) : .machine {
    case .machine: break
    case .human:
      analysis.outcome = .pass(.quotedTraceback)
      return
    case .unknown:
      analysis.outcome = .doubt(Doubt(.textBehindTraceback))
      return
    }
    if !reading.isCertain(text) {
      analysis.outcome = .doubt(Doubt(.ambiguousReport))
    } else if tracebacks.contains(where: \.traceback.isCut) || tracebacks.count == limits.tracebacks {
      analysis.outcome = .doubt(Doubt(.tooManyFrames))
    } else if tracebacks.contains(where: \.traceback.isTruncated) {
      analysis.outcome = .doubt(Doubt(.truncatedReport))
    } else {
      let findings = tracebacks.map { finding(text, $0.traceback, report: analysis.report) }
      conclude(text, findings, outside: gate.isCron ? outside(text, tracebacks) : nil, &analysis)
    }
  }

  /// What a cron job printed besides its traceback, normalised, each line once. It is part of the key: new words in
  /// the output may be a new fault.
  private func outside(_ text: borrowing Span<UInt8>, _ tracebacks: [PlainTraceback]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var index = 0
    var skip = tracebacks[...]
    while index < text.count, lines.count < 64 {
      if let first = skip.first, index >= first.range.lowerBound {
        index = Swift.max(first.range.upperBound, index + 1)
        skip = skip.dropFirst()
        continue
      }
      let line = text.line(at: index, before: text.count)
      var normalizer = TextNormalizer(limit: 120)
      let normalized = normalizer.normalize(text, text.trimmed(line))
      if !normalized.isEmpty, !lines.contains(normalized) { lines.append(normalized) }
      index = Swift.max(text.next(after: line, before: text.count), index + 1)
    }
    return lines
  }

  // MARK: - Keys

  private func finding(
    _ text: borrowing Span<UInt8>, _ traceback: Traceback, report: DjangoReport?
  ) -> Finding? {
    let placement = FramePlacement(text, frames: traceback.frames, report: report)
    var placed: [PlacedFrame] = []
    placed.reserveCapacity(traceback.frames.count)
    for frame in traceback.frames { placed.append(placement.place(text, frame)) }
    if let last = traceback.finalIndex, !ExceptionType.isName(text, traceback.links[last].type) { return nil }
    let evidence = report.map { SiteEvidence(text, $0) } ?? SiteEvidence()
    var deriver = KeyDeriver(
      traceback: traceback, placed: placed, template: report?.template, evidence: evidence, records: records)
    guard let key = deriver.key(text) else { return nil }
    var finding = Finding(traceback: traceback, placed: placed, key: key, applied: deriver.applied)
    finding.earlier = deriver.earlierKeys(text, of: key)
    return finding
  }

  private func conclude(
    _ text: borrowing Span<UInt8>, _ findings: [Finding?], outside: [[UInt8]]?, _ analysis: inout Analysis
  ) {
    analysis.findings = findings.compactMap { $0 }
    guard analysis.findings.count == findings.count, let key = joined(analysis.findings.map(\.key), outside) else {
      analysis.outcome = .doubt(Doubt(.noTracebackKey))
      return
    }
    analysis.outcome = .report(key)
    for (index, algorithm) in Algorithm.earlier.enumerated() {
      let keys = analysis.findings.compactMap { $0.earlier[index] }
      guard keys.count == findings.count, let key = joined(keys, outside) else { continue }
      analysis.earlier.append(EarlierKey(version: algorithm.version, bytes: key.bytes))
    }
  }

  /// One key for all tracebacks of a mail.
  private func joined(_ keys: [ErrorKey], _ outside: [[UInt8]]?) -> ErrorKey? {
    guard var key = keys.first else { return nil }
    if keys.contains(where: { $0.bytes != key.bytes }) {
      let distinct = Set(keys.map(\.bytes))
      var writer = KeyWriter(.several)
      for bytes in distinct.sorted(by: { $0.lexicographicallyPrecedes($1) }) { writer.add(bytes) }
      key = ErrorKey(rule: .several, bytes: writer.bytes, family: nil, frame: key.frame)
    }
    if key.family == nil, let outside {
      for line in outside { key.bytes += Array("\n+ ".utf8) + line }
    }
    return key
  }

  /// Nothing was raised: the message is all there is.
  private func analyseMessage(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?, _ analysis: inout Analysis
  ) {
    analysis.message = line
    var builder = MessageKey(records: records)
    guard let key = builder.key(text, line, view: view, isDjango: analysis.report != nil) else {
      analysis.outcome = .doubt(Doubt(.noTracebackKey))
      return
    }
    analysis.messageRules = builder.applied
    analysis.outcome = .report(key)
    guard builder.isAsBefore else { return }
    analysis.earlier = Algorithm.earlier.map { EarlierKey(version: $0.version, bytes: key.bytes) }
  }
}

import MailMessage

/// Tracebacks as Python prints them: those of tasks, commands and log handlers.
extension ReportAnalyst {
  @discardableResult
  func analysePlain(
    _ text: borrowing Span<UInt8>, in range: Range<Int>, _ analysis: inout Analysis
  ) -> PlainReading {
    var reading = PlainReading(
      text, in: range, logged: analysis.report == nil ? gate.subject.message : [], limits: limits)
    let tracebacks = reading.tracebacks
    guard !tracebacks.isEmpty else { return reading }
    defer { analysis.work += reading.work }
    let traceback = tracebacks[0].traceback
    let around = tracebacks[0].range.lowerBound..<(tracebacks.last ?? tracebacks[0]).range.upperBound
    let author =
      analysis.report == nil
      ? MachineMade(gate: gate).author(text, traceback, in: around, end: reading.end, &analysis.work) : .machine
    guard isMachines(author, &analysis) else {
      noteCertain(text, reading, &analysis)
      return reading
    }
    if !reading.isCertain(text, subject: gate.decodedSubject) {
      analysis.outcome = .doubt(Doubt(.ambiguousReport))
    } else if traceback.isCut {
      analysis.outcome = .doubt(Doubt(.tooManyFrames))
    } else if traceback.isTruncated {
      analysis.outcome = .doubt(Doubt(.truncatedReport))
    } else {
      conclude(finding(text, traceback, report: analysis.report), &analysis)
      if gate.isCron { addOutput(text, around: tracebacks[0].range, &analysis) }
      if analysis.report != nil { markAsLogged(&analysis) }
    }
    return reading
  }

  /// Frames without an exception name their error all the same, by the place of the innermost one.
  func analyse(_ text: borrowing Span<UInt8>, _ list: FrameList, _ analysis: inout Analysis) {
    let author = MachineMade(gate: gate)
      .author(text, list.traceback, in: list.range, end: text.count, &analysis.work)
    guard isMachines(author, &analysis) else { return }
    if list.traceback.isCut {
      analysis.outcome = .doubt(Doubt(.tooManyFrames))
    } else {
      conclude(finding(text, list.traceback, report: nil), &analysis)
    }
  }

  /// Gives a doubt what is certain of it: the type and the place of the only traceback, whoever wrote what is around it.
  private func noteCertain(_ text: borrowing Span<UInt8>, _ reading: PlainReading, _ analysis: inout Analysis) {
    guard case .doubt(let doubt) = analysis.outcome, reading.tracebacks.count == 1,
      let traceback = reading.tracebacks.first?.traceback, traceback.links.count == 1,
      let finding = finding(text, traceback, report: nil)
    else { return }
    let type = ExceptionType.lastName(text, traceback.links[0].type)
    let place = (finding.key.frame ?? traceback.frames.indices.last).map { index in
      "\(text.text(finding.placed[index].module)) in \(text.text(traceback.frames[index].function))"
    }
    analysis.outcome = .doubt(Doubt(doubt.reason, type: text.text(type), place: place))
  }

  /// What a cron job printed before its traceback is part of the key: new words in the output may be a new fault. What
  /// stands behind it may belong to the exception's text; earlier versions took it for output as well.
  private func addOutput(_ text: borrowing Span<UInt8>, around traceback: Range<Int>, _ analysis: inout Analysis) {
    guard case .report(var key) = analysis.outcome, key.family == nil else { return }
    let before = output(text, 0..<traceback.lowerBound, known: [])
    let all = before + output(text, Swift.min(traceback.upperBound, text.count)..<text.count, known: before)
    func added(_ lines: [[UInt8]]) -> [UInt8] { lines.reduce(into: []) { $0 += Array("\n+ ".utf8) + $1 } }
    key.bytes += added(before)
    analysis.outcome = .report(key)
    let (current, old) = (added(before), added(all))
    analysis.earlier = analysis.earlier.changed { $0.bytes + ($0.version == Algorithm.current.version ? current : old) }
  }

  /// The lines of `range`, normalised, each once, 64 with those that are `known`.
  private func output(_ text: borrowing Span<UInt8>, _ range: Range<Int>, known: [[UInt8]]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var index = range.lowerBound
    while index < range.upperBound, known.count + lines.count < 64 {
      let line = text.line(at: index, before: range.upperBound)
      var normalizer = TextNormalizer(limit: 120)
      let normalized = normalizer.normalize(text, text.trimmed(line))
      if !normalized.isEmpty, !known.contains(normalized), !lines.contains(normalized) { lines.append(normalized) }
      index = Swift.max(text.next(after: line, before: range.upperBound), index + 1)
    }
    return lines
  }

  /// A traceback in a logged message may be a visitor's words. It names an error among the logged ones only, and claims
  /// no history but theirs: so it cannot hide one that was raised.
  func markAsLogged(_ analysis: inout Analysis) {
    guard case .report(var key) = analysis.outcome else { return }
    let mark = Array("logged\n".utf8)
    key.bytes = mark + key.bytes
    key.isLogged = true
    analysis.outcome = .report(key)
    analysis.earlier = analysis.earlier.certain.changed { mark + $0.bytes }
  }
}

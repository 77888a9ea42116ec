import MailMessage

/// Reads tracebacks as Python prints them: those of tasks, commands and log handlers.
extension ReportAnalyst {
  @discardableResult
  func analysePlain(
    _ text: borrowing Span<UInt8>, in range: Range<Int>, _ analysis: inout Analysis
  ) -> PlainReading {
    var reading = PlainReading(
      text, in: range, logged: analysis.report == nil ? screening.subject.message : [], limits: limits)
    let tracebacks = reading.tracebacks
    guard !tracebacks.isEmpty else { return reading }
    defer { analysis.work += reading.work }
    let traceback = tracebacks[0].traceback
    let around = tracebacks[0].range.lowerBound..<(tracebacks.last ?? tracebacks[0]).range.upperBound
    let author =
      analysis.report == nil
      ? MachineMade(screening: screening).author(text, traceback, in: around, end: reading.end, &analysis.work)
      : .machine
    guard isMachines(author, &analysis) else {
      noteCertain(text, reading, &analysis)
      return reading
    }
    if !reading.isCertain(text, subject: screening.decodedSubject) {
      analysis.outcome = .doubt(Doubt(.ambiguousReport))
    } else if traceback.isCut {
      analysis.outcome = .doubt(Doubt(.tooManyFrames))
    } else if traceback.isTruncated {
      analysis.outcome = .doubt(Doubt(.truncatedReport))
    } else {
      conclude(finding(text, traceback, report: analysis.report), &analysis)
      if screening.isCron { addOutput(text, around: tracebacks[0].range, &analysis) }
      if let report = analysis.report { markAsLogged(text, from: report.message.lowerBound, &analysis) }
    }
    return reading
  }

  /// Concludes from frames without an exception: the place of the innermost one names the error.
  func analyse(_ text: borrowing Span<UInt8>, _ list: FrameList, _ analysis: inout Analysis) {
    let author = MachineMade(screening: screening)
      .author(text, list.traceback, in: list.range, end: text.count, &analysis.work)
    guard isMachines(author, &analysis) else { return }
    if list.traceback.isCut {
      analysis.outcome = .doubt(Doubt(.tooManyFrames))
    } else {
      conclude(finding(text, list.traceback, report: nil), &analysis)
    }
  }

  /// Adds to a doubt the facts that are certain: the type and the place of the only traceback, whatever the text around
  /// it.
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

  /// Adds the output of a cron job before its traceback to the key: new words in the output may be a new fault. Text
  /// after the traceback may belong to the exception's text; earlier versions took it for output as well.
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

  /// The lines of `range`, normalised, each once and none of the `known` ones; at most 64 including those.
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

  /// Marks a traceback in a logged message, which may be a visitor's words. It names an error only among the logged
  /// ones, and claims no other history: so it cannot hide an error that was raised. The first word of the message is
  /// the site's if the site logs more than a visitor's words, so it cannot hide an error of another log call either.
  ///
  /// - Parameter start: the start of the message.
  func markAsLogged(_ text: borrowing Span<UInt8>, from start: Int, _ analysis: inout Analysis) {
    guard case .report(var key) = analysis.outcome else { return }
    let mark = Array("logged\n".utf8)
    let unworded = mark + key.bytes
    let word = Self.firstWord(text, from: start)
    key.bytes = mark + (word.isEmpty ? [] : Array("after ".utf8) + word + [0x0A]) + key.bytes
    key.isLogged = true
    analysis.outcome = .report(key)
    let earlier = analysis.earlier.certain.changed { mark + $0.bytes }
    analysis.earlier =
      word.isEmpty
      ? earlier
      : EarlierKeys { [EarlierKey(version: Algorithm.current.version, bytes: unworded)] + earlier.all }
  }

  /// The first word if it has only letters and does not begin the traceback itself. Empty for a number, a time or a
  /// list.
  private static func firstWord(_ text: borrowing Span<UInt8>, from start: Int) -> [UInt8] {
    let most = 40
    let line = text.trimmed(text.line(at: text.trimmed(start..<text.count).lowerBound, before: text.count))
    if text.has("Traceback (", at: line.lowerBound, before: line.upperBound) { return [] }
    var word: [UInt8] = []
    for index in line.lowerBound..<Swift.min(line.upperBound, line.lowerBound + most) {
      let octet = text[index]
      if octet.isBlank { return word }
      guard octet | 0x20 >= 0x61 && octet | 0x20 <= 0x7A || octet >= 0x80 else { return [] }
      word.append(octet)
    }
    return []
  }
}

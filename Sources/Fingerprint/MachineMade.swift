import MailMessage

/// Did a machine write this text, or does a human show us a traceback?
///
/// A log record has nothing behind its traceback and its message right before it. A human greets, explains, asks.
/// Where it stays open, the mail counts as a human's and passes.
struct MachineMade {
  let gate: Gate

  enum Author: Equatable {
    case machine, human
    /// What stands behind the traceback may be either's.
    case unknown
  }

  /// A text in Django's layout: what stands before `KeyError at /cart/` is one log message.
  func author(_ text: borrowing Span<UInt8>, _ report: DjangoReport) -> Author {
    // No human writes the Subject's text above a report.
    if report.isMessageCertain, gate.subject.level != nil { return .machine }
    let message = report.message
    if isGreeting(text, message) { return human }
    if report.isAmbiguous || gate.subject.level != nil || message.isEmpty { return .machine }
    if isInSubject(text, message) || subjectNames(text, report.certainType) { return .machine }
    // Whoever fills in a contact form can paste a report: no level, and nothing that the Subject says as well.
    let isOneMessage = text.firstIndex(of: "\n\n", in: message) == nil
    return isOneMessage || isLogLine(text, message) ? .unknown : human
  }

  /// A human, unless the Subject has the form of `AdminEmailHandler`: then what reads like a human is a visitor's.
  private var human: Author { gate.subject.isOfHandler ? .unknown : .human }

  /// A text with tracebacks as Python prints them.
  func author(_ text: borrowing Span<UInt8>, _ reading: PlainReading) -> Author {
    guard let first = reading.tracebacks.first, let last = reading.tracebacks.last else { return .human }
    if gate.isCron { return .machine }
    let before = text.trimmed(0..<first.range.lowerBound)
    let after = text.trimmed(Swift.min(last.range.upperBound, reading.end)..<reading.end)
    // What stands right above and behind a traceback a visitor may have chosen: as a record it is no human's for sure.
    let isRecord =
      before.isEmpty || isAdjacent(text, before, first.range.lowerBound) || isLogLine(text, before)
    if isGreeting(text, before) { return isRecord && after.isEmpty ? .unknown : human }
    if isRecord, after.isEmpty { return .machine }
    if isTaskMail(text, before) { return .machine }
    if gate.isAutomatic || gate.subject.level != nil, !isClosing(text, after) { return .machine }
    return isRecord ? .unknown : human
  }

  /// Behind a traceback somebody asks or signs: `Can you have a look?`, `Thanks, Kim`.
  private func isClosing(_ text: borrowing Span<UInt8>, _ after: Range<Int>) -> Bool {
    let words: [StaticString] = [
      "thanks", "thank you", "regards", "best", "cheers", "kind", "mfg", "viele gr", "gru", "danke", "merci", "gracias",
      "sent from", "von meinem",
    ]
    var index = after.lowerBound
    while index < after.upperBound {
      let line = text.line(at: index, before: after.upperBound)
      let content = text.trimmed(line)
      if !content.isEmpty, text[content.upperBound - 1] == UInt8(ascii: "?") { return true }
      for word in words where text.hasIgnoringCase(word, at: content.lowerBound, before: content.upperBound) {
        return true
      }
      index = Swift.max(text.next(after: line, before: after.upperBound), index + 1)
    }
    return false
  }

  /// A record's message stands right above its traceback, without an empty line between.
  private func isAdjacent(_ text: borrowing Span<UInt8>, _ before: Range<Int>, _ header: Int) -> Bool {
    header - before.upperBound == 1
  }

  /// `2026-11-30 06:28:02,114 ERROR worker: job failed`: a time, or a bracket, and a level in its first line.
  private func isLogLine(_ text: borrowing Span<UInt8>, _ before: Range<Int>) -> Bool {
    let line = text.line(at: before.lowerBound, before: before.upperBound).prefix(120)
    guard let first = line.first, text[first].isDigit || text[first] == UInt8(ascii: "[") else { return false }
    for name in LogLevel.names.prefix(5) {
      guard let hit = text.firstIndex(of: name, in: line.startIndex..<line.endIndex) else { continue }
      let end = hit + name.utf8CodeUnitCount
      if hit > line.startIndex, !text[hit - 1].isNameByte, end >= line.endIndex || !text[end].isNameByte { return true }
    }
    return false
  }

  /// Celery up to 3.1, `celery.app.defaults` error mails.
  private func isTaskMail(_ text: borrowing Span<UInt8>, _ before: Range<Int>) -> Bool {
    text.has("Task ", at: before.lowerBound, before: before.upperBound)
      && text.firstIndex(of: "raised exception:", in: before) != nil
  }

  private func isInSubject(_ text: borrowing Span<UInt8>, _ message: Range<Int>) -> Bool {
    let line = text.line(at: message.lowerBound, before: message.upperBound).prefix(40)
    guard line.count >= 12 else { return false }
    let subject = gate.decodedSubject
    guard subject.count >= line.count else { return false }
    for start in 0...(subject.count - line.count)
    where line.indices.allSatisfy({ subject[start + $0 - line.lowerBound] == text[$0] }) {
      return true
    }
    return false
  }

  /// `KeyError in cart`: what a site's own handler makes of the Subject.
  private func subjectNames(_ text: borrowing Span<UInt8>, _ type: Range<Int>?) -> Bool {
    guard let type, type.count >= 5 else { return false }
    return SiteEvidence.holds(gate.decodedSubject.span, Array(text.text(type).utf8), in: 0..<gate.decodedSubject.count)
  }

  private func isGreeting(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    let words: [StaticString] = [
      "hi", "hello", "dear", "hey", "hallo", "moin", "guten", "bonjour", "salut", "hola", "ciao", "buongiorno", "good",
      "hej", "hei", "olá", "sehr", "liebe", "lieber", "servus", "privet", "cześć", "ahoj", "fyi", "please", "thanks",
    ]
    for word in words {
      let end = range.lowerBound + word.utf8CodeUnitCount
      guard text.hasIgnoringCase(word, at: range.lowerBound, before: range.upperBound) else { continue }
      if end == range.upperBound || !text[end].isNameByte { return true }
    }
    return false
  }
}

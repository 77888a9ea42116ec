import MailMessage

/// Reads tracebacks in logged messages.
extension ReportAnalyst {
  /// True if the message is a traceback, or ends in one: `logger.error(traceback.format_exc())`. Concludes the analysis
  /// then.
  func isTracebackLogged(
    _ text: borrowing Span<UInt8>, _ report: DjangoReport, _ analysis: inout Analysis
  ) -> Bool {
    let message = report.message
    guard text.firstIndex(of: "Traceback (most recent call last):", in: message) ?? frame(text, in: message) != nil,
      !LoggedMessage.endsInPath(text, message, head: report.headline.lowerBound)
    else { return false }
    let isInline = analysePlain(text, in: message, &analysis).isInline
    if case .pass = analysis.outcome {
      guard
        let traceback = ListedTraceback(text, in: message, limits: limits)?.traceback
          ?? FrameList(text, in: message, below: message.upperBound, limits: limits)?.traceback,
        !traceback.isCut, let finding = finding(text, traceback, report: report)
      else { return false }
      conclude(finding, &analysis)
      markAsLogged(text, from: message.lowerBound, &analysis)
    } else if !isInline {
      return true
    }
    let line = text.line(at: message.lowerBound, before: message.upperBound)
    claimMessage(text, line, view: report.raisedDuring, isDjango: true, end: message.upperBound, &analysis)
    return true
  }

  private func frame(_ text: borrowing Span<UInt8>, in message: Range<Int>) -> Int? {
    text.firstIndex(of: "\n  File \"", in: message)
  }

  /// Adds the keys that the message gave: earlier versions that did not read the traceback named the error by it.
  private func claimMessage(
    _ text: borrowing Span<UInt8>, _ line: Range<Int>, view: Range<Int>?, isDjango: Bool, end: Int,
    _ analysis: inout Analysis
  ) {
    let message = earlierKeys(text, line, view: view, isDjango: isDjango, end: end)
    let traceback = analysis.earlier
    analysis.earlier = EarlierKeys { traceback.all + message.all }
  }

  /// Adds the keys that earlier versions gave to the log record that ends in the traceback of a mail.
  func claimRecord(_ text: borrowing Span<UInt8>, isHTML: Bool, _ analysis: inout Analysis) {
    if let line = unraised(text, isHTML: isHTML) {
      claimMessage(text, line, view: nil, isDjango: true, end: line.upperBound, &analysis)
    } else if let record = LogRecord(text, body: text.trimmed(0..<text.count)), !record.isOpen {
      claimMessage(text, record.message, view: nil, isDjango: false, end: record.message.upperBound, &analysis)
    }
  }
}

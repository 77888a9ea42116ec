import MailMessage

/// Bounds on what one mail may cost. Beyond them a mail is forwarded unread.
package struct ReadingLimits: Sendable {
  /// Decoded text that is looked at, in octets. Django prints 150 kB for a RecursionError, several times that in HTML.
  package var textBytes = 2 * 1024 * 1024
  package var headerBytes = 1024 * 1024
  package var mimeDepth = 100
  package var mimeParts = 1000
  /// Frames in one traceback. Python stops at 1000 by default; a RecursionError of two files shows all of them.
  package var frames = 20_000
  /// Tracebacks in one mail.
  package var tracebacks = 200

  package init() {}
}

/// Reads a mail and says whether it is an error report, and which error it reports.
///
/// Pure: the verdict depends on the bytes and on nothing else. Linear in the size of the mail, never traps on any
/// bytes, and forwards (`notAReport`, `unclear`) whenever it is not sure.
package struct ReportReader: Sendable {
  package let limits: ReadingLimits
  /// The rules of the admin, which come before everything else that names errors.
  package let rules: RuleSet

  package init(limits: ReadingLimits = ReadingLimits(), rules: RuleSet = RuleSet()) {
    self.limits = limits
    self.rules = rules
  }

  /// The verdict on a mail as it came over SMTP, dot-stuffing removed.
  package func judge(_ message: [UInt8]) -> Judgement {
    let analysis = ruled(message, records: false)
    switch analysis.outcome {
    case .pass(let reason): return .notAReport(reason)
    case .doubt(let doubt): return .unclear(doubt)
    case .report(let key): return .report(ReportSummary(analysis, key).report)
    }
  }

  /// The same verdict with the way to it.
  package func explain(_ message: [UInt8]) -> FingerprintExplanation {
    FingerprintExplanation(ruled(message, records: true))
  }

  private func ruled(_ message: [UInt8], records: Bool) -> Analysis {
    var analysis = analyse(message, records: records)
    rules.apply(to: &analysis)
    return analysis
  }

  // MARK: - From the mail to its text

  func analyse(_ message: [UInt8], records: Bool) -> Analysis {
    let bytes = message.span
    let header = HeaderBlock(bytes, in: 0..<bytes.count, limit: limits.headerBytes)
    if header.isTooLarge { return .doubt(.headerTooLarge) }
    let gate = Gate(bytes, header: header)
    if let veto = gate.veto { return .pass(veto, gate: gate) }
    let content = MailContent(bytes, header: header, limits: limits)
    if let veto = content.veto { return .pass(veto, gate: gate) }
    if content.isMalformed { return .doubt(.malformedMIME, gate: gate) }
    let analyst = ReportAnalyst(gate: gate, limits: limits, records: records)
    guard let part = content.plain else { return analyseHTML(bytes, content.html, analyst) }
    switch text(bytes, part) {
    case .failure(let doubt): return .doubt(doubt, gate: gate)
    case .success(let text):
      let analysis = analyst.analyse(text, isHTML: false)
      // Some reporters put one line into the text part and the report into the HTML part.
      if case .pass(.noReportStructure) = analysis.outcome, text.count < 2000, content.html != nil {
        return analyseHTML(bytes, content.html, analyst)
      }
      return analysis
    }
  }

  private func analyseHTML(
    _ bytes: borrowing Span<UInt8>, _ part: MIMEPart?, _ analyst: ReportAnalyst
  ) -> Analysis {
    guard let part else { return .pass(.noText, gate: analyst.gate) }
    switch text(bytes, part) {
    case .failure(let doubt): return .doubt(doubt, gate: analyst.gate)
    case .success(let html):
      // Most HTML is a newsletter; only what can be a report is taken apart.
      let span = html.span
      guard
        span.firstIndex(of: "Traceback", in: 0..<span.count) != nil
          || span.firstIndex(of: "Django Version:", in: 0..<span.count) != nil
      else { return .pass(.noReportStructure, gate: analyst.gate) }
      return analyst.analyse(HTMLReport.plainText(span), isHTML: true)
    }
  }

  func text(_ bytes: borrowing Span<UInt8>, _ part: MIMEPart) -> Result<[UInt8], DoubtReason> {
    guard part.encoding != .unknown else { return .failure(.unknownEncoding) }
    let charset = Charset(bytes, name: part.contentType.charset)
    guard charset != .unknown else { return .failure(.unknownCharset) }
    guard let text = part.encoding.decode(bytes, part.body, limit: limits.textBytes) else {
      return .failure(.textTooLarge)
    }
    return .success(charset.utf8(text))
  }
}

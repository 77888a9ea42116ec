package import MailMessage

/// The bounds on what one mail may cost. A mail beyond them is a doubt, if it may be a report at all.
package struct ReadingLimits: Hashable, Sendable {
  /// The number of octets of decoded text up to which it is read whole. Django prints 150 kB for a RecursionError, and
  /// accepts forms of 2.5 MB by default.
  var textBytes = 5 * 1024 * 1024
  /// The number of octets of HTML up to which it is read whole. HTML is read only if there is no text.
  var htmlBytes = 2 * 1024 * 1024
  var headerBytes = 1024 * 1024
  var mimeDepth = 100
  var mimeParts = 1000
  /// The number of frames in one traceback. Python stops at 1000 by default; a RecursionError of two files shows all of
  /// them.
  package var frames = 20_000

  package init() {}
}

/// Reads a mail and decides whether it is an error report, and which error it reports.
///
/// Pure: the verdict depends on the bytes and on nothing else. Linear in the size of the mail, never traps on any
/// bytes, and forwards (`pass`, `doubt`) whenever it is not sure.
package struct ReportReader: Hashable, Sendable {
  package let limits: ReadingLimits
  /// The rules of the admin, which take precedence over everything else that names errors.
  package let rules: RuleSet
  /// The kinds of mail that count as reports although they report no exception.
  package let notices: Set<NoticeKind>
  /// The addresses in From from which no human writes: a traceback of theirs is a report, whatever stands around it.
  package let senders: [Glob]

  package init(
    limits: ReadingLimits = ReadingLimits(), rules: RuleSet = RuleSet(), notices: Set<NoticeKind> = [],
    senders: [Glob] = []
  ) {
    self.limits = limits
    self.rules = rules
    self.notices = notices
    self.senders = senders
  }

  /// Returns the verdict on a mail as received over SMTP, with dot-stuffing removed.
  ///
  /// - Parameter packages: those that earlier reports of the site listed as its own (`FingerprintedReport.packages`),
  ///   the oldest first. Called for a traceback that comes without such a list.
  package func judge(_ message: [UInt8], packages: @escaping @Sendable () -> [String] = { [] }) -> Judgement {
    let analysis = ruled(message, records: false, packages)
    switch analysis.outcome {
    case .pass(let reason): return .pass(reason)
    case .doubt(let doubt): return .doubt(doubt)
    case .report(let key): return .report(ReportSummary(analysis, key).report)
    }
  }

  /// Returns the same verdict with its reasons.
  package func explain(
    _ message: [UInt8], packages: @escaping @Sendable () -> [String] = { [] }
  ) -> FingerprintExplanation {
    FingerprintExplanation(ruled(message, records: true, packages))
  }

  private func ruled(
    _ message: [UInt8], records: Bool, _ packages: @escaping @Sendable () -> [String]
  ) -> Analysis {
    var analysis = analyse(message, records: records, packages).recognising(notices)
    rules.apply(to: &analysis)
    return analysis
  }

  /// The number of octets that judging `message` examines, over all stages. At most proportional to its size, which the
  /// tests verify.
  package func work(of message: [UInt8]) -> Int { analyse(message, records: false).work }

  // MARK: - From the mail to its text

  func analyse(
    _ message: [UInt8], records: Bool, _ packages: @escaping @Sendable () -> [String] = { [] }
  ) -> Analysis {
    let bytes = message.span
    let header = HeaderBlock(bytes, in: 0..<bytes.count, limit: limits.headerBytes)
    var work = header.bodyStart
    let screening = HeaderScreening(bytes, header: header, senders: senders)
    if let veto = screening.veto { return .pass(veto, screening: screening, work: work) }
    if header.isTooLarge {
      // A Subject of that size is a logged message with data that a visitor sent.
      if screening.subject.level != nil { return .doubt(Doubt(.headerTooLarge), screening: screening, work: work) }
      return unread(.headerTooLarge, bytes, 0..<bytes.count, screening, &work)
    }
    // Fields that should follow in the header stand in the body, where a visitor's words may have moved them.
    if header.endsInText || screening.hasTwoSubjects {
      if screening.subject.level != nil { return .doubt(Doubt(.ambiguousReport), screening: screening, work: work) }
      return unread(.ambiguousReport, bytes, header.bodyStart..<bytes.count, screening, &work)
    }
    let content = MailContent(bytes, header: header, isOfHandler: screening.subject.isOfHandler, limits: limits)
    work += content.work
    if let veto = content.veto { return .pass(veto, screening: screening, work: work) }
    if content.isMalformed { return unread(.malformedMIME, bytes, header.bodyStart..<bytes.count, screening, &work) }
    let analyst = ReportAnalyst(screening: screening, limits: limits, records: records, packages: packages)
    var analysis = analyse(bytes, content, analyst, &work)
    analysis.work += work
    if screening.isTitledAnswer { analysis.noteAnswer() }
    return analysis
  }

  private func analyse(
    _ bytes: borrowing Span<UInt8>, _ content: MailContent, _ analyst: ReportAnalyst, _ work: inout Int
  ) -> Analysis {
    guard let part = content.plain else { return analyseHTML(bytes, content.html, analyst, &work) }
    switch text(bytes, part, &work) {
    case .failure(let doubt): return unread(doubt, bytes, part.body, analyst.screening, &work)
    case .success(let body):
      let text = joined(bytes, body, content.traceback, &work)
      let analysis = analyst.analyse(text, isHTML: false)
      // Some reporters put one line into the text part and the report into the HTML part.
      if case .pass(.noReportStructure) = analysis.outcome, text.octets.count < 2000, content.html != nil {
        return analyseHTML(bytes, content.html, analyst, &work)
      }
      return analysis
    }
  }

  /// Returns the text, with the attached traceback below it if the text has none itself: some products mail their
  /// errors so.
  private func joined(
    _ bytes: borrowing Span<UInt8>, _ body: DecodedText, _ attached: MIMEPart?, _ work: inout Int
  ) -> DecodedText {
    guard let attached, !body.isAbridged, !ReportTraces.areIn(body.octets.span, &work),
      case .success(let traceback) = text(bytes, attached, &work), !traceback.isAbridged
    else { return body }
    return DecodedText(octets: body.octets + Array("\n\n".utf8) + traceback.octets)
  }

  private func analyseHTML(
    _ bytes: borrowing Span<UInt8>, _ part: MIMEPart?, _ analyst: ReportAnalyst, _ work: inout Int
  ) -> Analysis {
    guard let part else { return .pass(.noText, screening: analyst.screening) }
    switch text(bytes, part, &work) {
    case .failure(let doubt): return unread(doubt, bytes, part.body, analyst.screening, &work)
    case .success(let html):
      // Most HTML is a newsletter; only possible reports are converted.
      guard ReportTraces.areIn(html.octets.span, &work) else {
        return .pass(.noReportStructure, screening: analyst.screening)
      }
      let plain = HTMLReport.plainText(html.octets.span, &work)
      return analyst.analyse(DecodedText(octets: plain, isAbridged: html.isAbridged), isHTML: true)
    }
  }

  /// The number of octets that are examined of a mail that cannot be read.
  private static let glance = 4 * 1024 * 1024

  /// The analysis of a mail, or a part of it, that cannot be read: a doubt, unless nothing in it looks like a report.
  private func unread(
    _ reason: DoubtReason, _ bytes: borrowing Span<UInt8>, _ range: Range<Int>, _ screening: HeaderScreening,
    _ work: inout Int
  ) -> Analysis {
    let range = bytes.clamped(range)
    let half = Self.glance / 2
    let ends = [
      range.lowerBound..<Swift.min(range.upperBound, range.lowerBound + half),
      Swift.max(
        range.lowerBound + half, range.upperBound - half)..<Swift.max(range.upperBound, range.lowerBound + half),
    ]
    var octets: [UInt8] = []
    // UTF-16 and the like are read without the NULs between the letters.
    for part in ends { for index in bytes.clamped(part) where bytes[index] != 0 { octets.append(bytes[index]) } }
    let mayBeReport = ReportTraces.areIn(octets.span, &work)
    return mayBeReport
      ? .doubt(Doubt(reason), screening: screening, work: work)
      : .pass(.noReportStructure, screening: screening, work: work)
  }

  func text(
    _ bytes: borrowing Span<UInt8>, _ part: MIMEPart, _ work: inout Int
  ) -> Result<DecodedText, DoubtReason> {
    guard part.encoding != .unknown else { return .failure(.unknownEncoding) }
    let charset = Charset(bytes, name: part.contentType.charset)
    guard charset != .unknown else { return .failure(.unknownCharset) }
    let limit = part.contentType.kind == .html ? limits.htmlBytes : limits.textBytes
    guard var text = DecodedText(bytes, part, limit: limit) else { return .failure(.textTooLarge) }
    work += 2 * text.octets.count
    text.octets = charset.utf8(text.octets)
    return .success(text)
  }
}

import MailMessage

/// The stages up to which a mail is read; each includes the ones before it. Used by the benchmark, which takes the
/// difference.
package enum ReadingStage: String, Sendable, CaseIterable {
  /// The fields of the header, and what they alone decide.
  case header
  /// The tree of parts, and the part to read.
  case mime
  /// Transfer encoding and charset of that part.
  case decode
  /// Report layout and traceback.
  case parse
  /// All stages: placing, families, normalisation, key and digest.
  case verdict
}

extension ReportReader {
  /// Reads `message` up to `stage`, with the code that `judge` runs.
  ///
  /// - Returns: a value that depends on the work, so that the compiler does not remove it.
  package func read(_ message: [UInt8], upTo stage: ReadingStage) -> Int {
    if stage == .verdict {
      if case .report(let report) = judge(message) { return report.fingerprint.digest.utf8.count }
      return 0
    }
    let bytes = message.span
    let header = HeaderBlock(bytes, in: 0..<bytes.count, limit: limits.headerBytes)
    let screening = HeaderScreening(bytes, header: header)
    if stage == .header || screening.veto != nil { return header.isTooLarge ? 1 : 0 }
    var work = 0
    let content = MailContent(bytes, header: header, isOfHandler: screening.subject.isOfHandler, limits: limits)
    guard stage != .mime, content.veto == nil, !content.isMalformed, let part = content.plain,
      case .success(let text) = text(bytes, part, &work)
    else { return 1 }
    guard stage == .parse else { return text.octets.count }
    if let report = DjangoReport(text.octets.span, logged: screening.subject.message, limits: limits) {
      return report.traceback?.frames.count ?? 0
    }
    var parser = PlainTracebackParser(limits: limits)
    return parser.next(text.octets.span, from: 0, end: text.octets.count)?.range.count ?? 0
  }
}

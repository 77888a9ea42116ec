import MailMessage

/// The parts of a mail that may contain a report.
struct MailContent: Sendable {
  /// The first text part that is not an attachment, or nil.
  private(set) var plain: MIMEPart?
  private(set) var html: MIMEPart?
  /// The first attached text that is named after a traceback, such as `traceback.txt`, or nil.
  private(set) var traceback: MIMEPart?
  private(set) var veto: PassReason?
  private(set) var isMalformed = false
  /// The number of octets that were examined.
  private(set) var work = 0

  /// Finds the parts.
  ///
  /// - Parameter isOfHandler: true if the Subject has the form of `AdminEmailHandler`, whose parts need not all be
  ///   visited.
  init(_ bytes: borrowing Span<UInt8>, header: HeaderBlock, isOfHandler: Bool, limits: ReadingLimits) {
    var type = ContentType.missing
    if let value = header.value(of: "content-type", in: bytes) { type = ContentType(bytes, value: value) }
    veto = Self.veto(type)
    guard veto == nil else { return }
    let isAlternative = type.kind == .alternative && isOfHandler
    var (plain, html, traceback): (MIMEPart?, MIMEPart?, MIMEPart?) = (nil, nil, nil)
    var veto: PassReason?
    var walker = MIMEWalker(depth: limits.mimeDepth, parts: limits.mimeParts)
    do {
      try walker.walk(bytes, header: header, end: bytes.count) { part in
        if let reason = Self.veto(part.contentType) {
          veto = reason
          return .stop
        }
        if part.isAttachment {
          if traceback == nil, Self.isTraceback(bytes, part) { traceback = part }
          return .proceed
        }
        if part.contentType.kind == .plainText, plain == nil { plain = part }
        if part.contentType.kind == .html, html == nil { html = part }
        // Django's HTML alternative says the same as the text before it, only longer: its end is not needed unless the
        // text is too short to be the report. Other programs may have an invitation there.
        return isAlternative && (plain?.body.count ?? 0) >= 2000 ? .stop : .proceed
      }
    } catch {
      isMalformed = true
    }
    work = walker.work
    self.plain = plain
    self.html = html
    self.traceback = traceback
    self.veto = veto
  }

  /// True if an attachment is text and named after a traceback. An attached log is not enough.
  private static func isTraceback(_ bytes: borrowing Span<UInt8>, _ part: MIMEPart) -> Bool {
    guard part.contentType.kind == .plainText, let value = part.disposition else { return false }
    let names: [StaticString] = ["traceback", "stacktrace", "stack_trace", "stack-trace", "exception"]
    var index = value.lowerBound
    let end = Swift.min(value.upperBound, value.lowerBound + 300)
    while index < end {
      for name in names where bytes.hasIgnoringCase(name, at: index, before: end) { return true }
      index += 1
    }
    return false
  }

  private static func veto(_ type: ContentType) -> PassReason? {
    switch type.kind {
    case .report: .bounce
    case .signed, .encrypted: .encrypted
    case .message: .forwardedMail
    case .calendar: .calendar
    case .plainText where type.isFlowed: .mailProgram
    case .plainText, .html, .otherText, .alternative, .mixed, .otherMultipart, .other: nil
    }
  }
}

import MailMessage

/// The parts of a mail that a report can be in.
struct MailContent: Sendable {
  /// The first text part that is no attachment.
  private(set) var plain: MIMEPart?
  private(set) var html: MIMEPart?
  private(set) var veto: PassReason?
  private(set) var isMalformed = false
  /// Octets that were looked at.
  private(set) var work = 0

  init(_ bytes: borrowing Span<UInt8>, header: HeaderBlock, limits: ReadingLimits) {
    var type = ContentType.missing
    if let value = header.value(of: "content-type", in: bytes) { type = ContentType(bytes, value: value) }
    veto = Self.veto(type)
    guard veto == nil else { return }
    let isAlternative = type.kind == .alternative
    var plain: MIMEPart?
    var html: MIMEPart?
    var veto: PassReason?
    var walker = MIMEWalker(depth: limits.mimeDepth, parts: limits.mimeParts)
    do {
      try walker.walk(bytes, header: header, end: bytes.count) { part in
        if let reason = Self.veto(part.contentType) {
          veto = reason
          return .stop
        }
        if part.isAttachment { return .proceed }
        if part.contentType.kind == .plainText, plain == nil { plain = part }
        if part.contentType.kind == .html, html == nil { html = part }
        // Django's HTML alternative says the same as the text before it, only longer: there is no need to find its
        // end, unless the text is too short to be the report.
        return isAlternative && (plain?.body.count ?? 0) >= 2000 ? .stop : .proceed
      }
    } catch {
      isMalformed = true
    }
    work = walker.work
    self.plain = plain
    self.html = html
    self.veto = veto
  }

  private static func veto(_ type: ContentType) -> PassReason? {
    switch type.kind {
    case .report: .bounce
    case .signed, .encrypted: .encrypted
    case .message: .forwardedMail
    case .plainText where type.isFlowed: .mailProgram
    case .plainText, .html, .otherText, .alternative, .mixed, .otherMultipart, .other: nil
    }
  }
}

import MailMessage

/// Recognises mail that cannot be an error report by its header alone, and keeps the signs that matter later.
///
/// The principle: mail that a human wrote, answered or forwarded, that a list distributed or that a mail server
/// returned is never held back, even if it contains a whole report.
struct HeaderScreening: Sendable {
  /// The reason why the mail passes, or nil if its text has to be read.
  private(set) var veto: PassReason?
  private(set) var isCron = false
  /// True if the header is that of a program. This is no proof: it permits what the text shows.
  var isSignedByProgram: Bool { isNamedSender || origin.isProgram || isAutomatic }
  /// True if the admin declared this sender a program (`[reports] senders`).
  private(set) var isNamedSender = false
  /// True if From has an address without a name, and there is no Message-ID: Python's `SMTPHandler` sends so, and no
  /// mail program does.
  var isOfLogHandler: Bool { origin.isBareHandler }
  /// True for `Auto-Submitted: auto-generated`.
  private(set) var isAutomatic = false
  /// The sender, as far as From, Reply-To and Message-ID tell.
  private(set) var origin = MailOrigin()
  /// True if there are two Subjects, since nothing tells which one is the site's.
  private(set) var hasTwoSubjects = false
  /// True if the Subject begins with `Re:` or the like, and nothing else shows a reply: with the Message-ID that Python
  /// makes, it may be the first word of a visitor's text.
  private(set) var isTitledAnswer = false
  var subject = ReportSubject(decoded: [])
  private(set) var decodedSubject: [UInt8] = []
  /// The settings module, from the environment that cron prints into the header, or nil.
  private(set) var settingsModule: String?

  init(_ bytes: borrowing Span<UInt8>, header: HeaderBlock, senders: [Glob] = []) {
    for field in header.fields {
      read(bytes, field)
      if veto != nil { return }
    }
    if isTitledAnswer, !origin.isNumberedID {
      veto = .humanReply
      return
    }
    subject = ReportSubject(decoded: decodedSubject)
    isNamedSender = senders.contains { $0.matches(origin.sender) }
    // `Cron <root@web1> make backup`: anyone can write that into a Subject.
    isCron = isCron || origin.isProgram && decodedSubject.span.has("Cron <", at: 0, before: decodedSubject.count)
  }

  /// Removes a terminal's colours from the Subject, which has to be compared with a text without any.
  mutating func removeColours() {
    guard TerminalText.isIn(decodedSubject.span) else { return }
    decodedSubject = TerminalText.plain(decodedSubject)
    subject = ReportSubject(decoded: decodedSubject)
  }

  private mutating func read(_ bytes: borrowing Span<UInt8>, _ field: HeaderField) {
    func isNamed(_ name: StaticString) -> Bool { bytes.equalsIgnoringCase(field.name, name) }
    guard field.name.lowerBound < field.name.upperBound else { return }
    if let reason = OtherSystems.reason(bytes, field.name) {
      veto = reason
      return
    }
    switch bytes[field.name.lowerBound].asciiLowercased {
    case UInt8(ascii: "s"): if isNamed("subject") { readSubject(bytes, field.value) }
    case UInt8(ascii: "i"): if isNamed("in-reply-to") { veto = .humanReply }
    case UInt8(ascii: "r"):
      if isNamed("references") { veto = .humanReply }
      if isNamed("reply-to") { readReplyTo(bytes, field.value) }
    case UInt8(ascii: "l"): readList(bytes, field)
    case UInt8(ascii: "m"): if isNamed("message-id") { origin.readID(bytes, field.value) }
    case UInt8(ascii: "p"): readPrecedence(bytes, field)
    case UInt8(ascii: "a"): if isNamed("auto-submitted") { readAutoSubmitted(bytes, field.value) }
    case UInt8(ascii: "f"): if isNamed("from") { readFrom(bytes, field.value) }
    case UInt8(ascii: "u"): if isNamed("user-agent") { veto = .mailProgram }
    case UInt8(ascii: "t"): if isNamed("thread-topic") || isNamed("thread-index") { veto = .mailProgram }
    case UInt8(ascii: "x"): readExtension(bytes, field)
    default: break
    }
  }

  private mutating func readSubject(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    let decoded = EncodedWord.decode(bytes, value, limit: LoggedMessage.mostOfSubject)
    isTitledAnswer = isTitledAnswer || Self.isAnswer(decoded.span)
    hasTwoSubjects = !decodedSubject.isEmpty
    if !hasTwoSubjects { decodedSubject = decoded }
  }

  /// True for `Re:`, `Fwd:` and their equivalents in mail programs of other languages.
  private static func isAnswer(_ text: borrowing Span<UInt8>) -> Bool {
    let marks: [StaticString] = [
      "re:", "re[", "re :", "fwd:", "fw:", "aw:", "wg:", "sv:", "vs:", "vb:", "antw:", "tr:", "rv:", "r:", "rif:",
      "odp:", "pd:", "ynt:", "res:", "enc:", "vl:", "vá:", "yanıt:", "doorst:", "automatic reply:", "out of office",
      "autoreply", "auto:", "abwesenheit",
    ]
    for mark in marks where text.hasIgnoringCase(mark, at: 0, before: text.count) { return true }
    return false
  }

  private mutating func readList(_ bytes: borrowing Span<UInt8>, _ field: HeaderField) {
    if bytes.hasIgnoringCase("list-", at: field.name.lowerBound, before: field.name.upperBound) { veto = .listMail }
  }

  private mutating func readPrecedence(_ bytes: borrowing Span<UInt8>, _ field: HeaderField) {
    guard bytes.equalsIgnoringCase(field.name, "precedence") else { return }
    if bytes.equalsIgnoringCase(field.value, "list") { veto = .listMail }
    if bytes.hasIgnoringCase("auto", at: field.value.lowerBound, before: field.value.upperBound) {
      veto = .automaticReply
    }
  }

  /// Reads `Auto-Submitted` (RFC 3834, 5).
  private mutating func readAutoSubmitted(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    if bytes.hasIgnoringCase("auto-replied", at: value.lowerBound, before: value.upperBound) { veto = .automaticReply }
    isAutomatic = bytes.hasIgnoringCase("auto-generated", at: value.lowerBound, before: value.upperBound)
  }

  /// Reads `Reply-To`. A ticket system finds the ticket of a reply by a number in the address:
  /// `support+60256@example.org`.
  private mutating func readReplyTo(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    origin.readReplyTo(bytes, value)
    if origin.isAnsweredToTicket { veto = .ticket }
  }

  private mutating func readFrom(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    origin.readFrom(bytes, value)
    isCron = isCron || bytes.firstIndex(of: "(Cron Daemon)", in: value) != nil
    var index = value.lowerBound
    // One address is enough.
    let end = Swift.min(value.upperBound, value.lowerBound + 8192)
    while index < end {
      if bytes.hasIgnoringCase("mailer-daemon", at: index, before: value.upperBound)
        || bytes.hasIgnoringCase("postmaster@", at: index, before: value.upperBound)
      {
        veto = .bounce
        return
      }
      index += 1
    }
  }

  private mutating func readExtension(_ bytes: borrowing Span<UInt8>, _ field: HeaderField) {
    func begins(_ prefix: StaticString) -> Bool {
      bytes.hasIgnoringCase(prefix, at: field.name.lowerBound, before: field.name.upperBound)
    }
    if begins("x-maildedup-") { veto = .ownMail }
    if begins("x-failed-recipients") { veto = .bounce }
    if begins("x-autorepl") || begins("x-autoresp") { veto = .automaticReply }
    if begins("x-ms-has-attach") { veto = .mailProgram }
    if begins("x-mailer"), MailOrigin.isMailProgram(bytes, field.value) { veto = .mailProgram }
    if begins("x-cron-env") {
      isCron = true
      readCronEnvironment(bytes, field.value)
    }
  }

  /// Reads `X-Cron-Env: <DJANGO_SETTINGS_MODULE=shop.settings>`.
  private mutating func readCronEnvironment(_ bytes: borrowing Span<UInt8>, _ value: Range<Int>) {
    guard bytes.has("<DJANGO_SETTINGS_MODULE=", at: value.lowerBound, before: value.upperBound),
      let close = bytes.lastIndex(of: UInt8(ascii: ">"), in: value), close > value.lowerBound + 24
    else { return }
    settingsModule = bytes.text(value.lowerBound + 24..<close)
  }
}

import MailMessage

/// Mail that a site sends to its admins again and again and that reports no exception. It counts as a report only where
/// the admin asked for it (`[reports] notices`), for some of it may be for somebody.
package enum NoticeKind: String, Hashable, Sendable, CaseIterable {
  /// `django.middleware.common.BrokenLinkEmailsMiddleware`: `Broken link on shop.example.org`.
  case brokenLinks = "broken-links"
  /// `Service Unavailable`, `Gateway Timeout` and the like.
  case serviceUnavailable = "service-unavailable"
  /// Logins that failed, accounts that were locked.
  case failedLogins = "failed-logins"
  /// Clients that were throttled.
  case rateLimits = "rate-limits"
}

/// One notice, known by its Subject. What a visitor wrote stands in the text, which is not looked at but for the two
/// lines that Django begins it with.
struct Notice {
  let kind: NoticeKind
  /// The Subject behind `EMAIL_SUBJECT_PREFIX` and a level.
  let title: [UInt8]
  /// `[Shop]` where no level says how far the prefix goes.
  let prefix: String?

  /// The Subject has to begin with a prefix in brackets or a level, as all mail to ADMINS and MANAGERS does. What greets or
  /// speaks to somebody is for him: sites put the same prefix before the mail to their customers.
  init?(subject: [UInt8], text: borrowing Span<UInt8>, kinds: Set<NoticeKind>) {
    guard !kinds.isEmpty, let title = Self.title(of: subject) else { return nil }
    let span = title.span
    let kind = NoticeKind.allCases.first { kinds.contains($0) && Self.phrases($0).contains { Self.holds(span, $0) } }
    guard let kind else { return nil }
    if kind == .brokenLinks ? !Self.isBrokenLink(text) : Self.isForSomebody(text, title) { return nil }
    (self.kind, self.title) = (kind, title)
    prefix = subject.span.firstIndex(of: UInt8(ascii: "]"), in: 0..<subject.count).map { close in
      subject.span.text(0..<close + 1)
    }
  }

  /// Kind and Subject without numbers, addresses and names in quotes.
  var key: ErrorKey {
    var normalizer = TextNormalizer()
    let normalized = normalizer.normalize(title.span, 0..<title.count)
    var writer = KeyWriter(.notice)
    writer.add(kind.rawValue)
    writer.add(normalized)
    return ErrorKey(rule: .notice, bytes: writer.bytes, family: nil, frame: nil, normalized: normalized)
  }

  private static func title(of subject: [UInt8]) -> [UInt8]? {
    let span = subject.span
    var start = 0
    if subject.first == UInt8(ascii: "["), let close = span.firstIndex(of: UInt8(ascii: "]"), in: 0..<span.count) {
      start = close + 1
    }
    let said = ReportSubject(decoded: subject)
    if said.level != nil {
      let message = said.message.span
      return Array(said.message[message.trimmed(0..<message.count)])
    }
    let title = span.trimmed(start..<span.count)
    return start > 0 && !title.isEmpty ? Array(subject[title]) : nil
  }

  private static func phrases(_ kind: NoticeKind) -> [StaticString] {
    switch kind {
    case .brokenLinks: ["broken link on ", "broken internal link on "]
    case .serviceUnavailable: ["service unavailable", "gateway timeout", "bad gateway", "temporarily unavailable"]
    case .failedLogins:
      [
        "failed login", "login failed", "failed sign-in", "failed logins", "login attempts", "account locked",
        "locked out", "brute force",
      ]
    case .rateLimits: ["rate limit", "rate-limit", "ratelimit", "too many requests", "throttled"]
    }
  }

  /// At the beginning of a word, whatever the case.
  private static func holds(_ text: borrowing Span<UInt8>, _ phrase: StaticString) -> Bool {
    for index in 0..<Swift.min(text.count, 400) where index == 0 || !text[index - 1].isNameByte {
      if text.hasIgnoringCase(phrase, at: index, before: text.count) { return true }
    }
    return false
  }

  /// Does the mail greet, or say `you` or `your` in its Subject or at its beginning?
  private static func isForSomebody(_ text: borrowing Span<UInt8>, _ title: [UInt8]) -> Bool {
    let start = text.trimmed(0..<text.count).prefix(2000)
    if HumanWords.isGreeting(text, start) || addresses(title.span, 0..<title.count) { return true }
    return addresses(text, start)
  }

  private static func addresses(_ text: borrowing Span<UInt8>, _ range: Range<Int>) -> Bool {
    for index in range where index == range.lowerBound || !text[index - 1].isNameByte {
      guard text.hasIgnoringCase("you", at: index, before: range.upperBound) else { continue }
      let end = index + (text.hasIgnoringCase("your", at: index, before: range.upperBound) ? 4 : 3)
      if end >= range.upperBound || !text[end].isNameByte { return true }
    }
    return false
  }

  private static func isBrokenLink(_ text: borrowing Span<UInt8>) -> Bool {
    text.has("Referrer: ", at: 0, before: text.count)
      && text.firstIndex(of: "\nRequested URL: ", in: 0..<Swift.min(text.count, 65_536)) != nil
  }
}

extension Analysis {
  /// The same with a notice of one of these kinds for a report.
  func recognising(_ kinds: Set<NoticeKind>) -> Analysis {
    guard case .pass(.noReportStructure) = outcome, let gate, gate.veto == nil, gate.isSignedByProgram,
      let notice = Notice(subject: gate.decodedSubject, text: text.span, kinds: kinds)
    else { return self }
    var copy = self
    copy.format = .notice
    if gate.subject.level == nil { copy.gate?.subject.prefix = notice.prefix }
    copy.work += gate.decodedSubject.count
    copy.text = notice.title
    copy.message = 0..<notice.title.count
    copy.outcome = .report(notice.key)
    return copy
  }
}

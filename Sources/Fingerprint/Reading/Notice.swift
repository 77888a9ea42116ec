import MailMessage

/// A kind of mail that a site sends to its admins again and again and that reports no exception. It counts as a report
/// only if the admin asked for it (`[reports] notices`), because some of it may be meant for a person.
package enum NoticeKind: String, Hashable, Sendable, CaseIterable {
  /// A broken link: `Broken link on shop.example.org` (`django.middleware.common.BrokenLinkEmailsMiddleware`).
  case brokenLinks = "broken-links"
  /// A service that is down: `Service Unavailable`, `Gateway Timeout` and the like.
  case serviceUnavailable = "service-unavailable"
  /// Failed logins or locked accounts.
  case failedLogins = "failed-logins"
  /// Throttled clients.
  case rateLimits = "rate-limits"
}

/// One notice, recognised by its Subject. A visitor's words stand in the text, which is only examined for the two lines
/// with which Django begins it, or for words addressed to a person.
struct Notice {
  let kind: NoticeKind
  /// The Subject after `EMAIL_SUBJECT_PREFIX` and a level.
  let title: [UInt8]
  /// The prefix in brackets, `[Shop]`, for Subjects without a level that ends it; nil if there is none.
  let prefix: String?

  /// Reads a notice of one of `kinds`, or returns nil. The Subject has to begin with a prefix in brackets or a level,
  /// as all mail to ADMINS and MANAGERS does. A mail that greets or addresses a person is meant for that person: sites
  /// put the same prefix before the mail to their customers.
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

  /// The key: the kind and the Subject without numbers, addresses and names in quotes.
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

  /// True if the text contains the phrase at the beginning of a word, whatever the case.
  private static func holds(_ text: borrowing Span<UInt8>, _ phrase: StaticString) -> Bool {
    for index in 0..<Swift.min(text.count, 400) where index == 0 || !text[index - 1].isNameByte {
      if text.hasIgnoringCase(phrase, at: index, before: text.count) { return true }
    }
    return false
  }

  /// True if the mail greets, or says `you` or `your` in its Subject or at its beginning.
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
  /// Returns the analysis with a notice of one of these kinds as a report, or unchanged if the mail is none.
  func recognising(_ kinds: Set<NoticeKind>) -> Analysis {
    guard case .pass(.noReportStructure) = outcome, let screening, screening.veto == nil, screening.isSignedByProgram,
      let notice = Notice(subject: screening.decodedSubject, text: text.span, kinds: kinds)
    else { return self }
    var copy = self
    copy.format = .notice
    if screening.subject.level == nil { copy.screening?.subject.prefix = notice.prefix }
    copy.work += screening.decodedSubject.count
    copy.text = notice.title
    copy.message = 0..<notice.title.count
    copy.outcome = .report(notice.key)
    return copy
  }
}

/// The verdict on one mail. A report is held back within its window, a doubt only in a flood of similar ones, ordinary
/// mail never.
package enum Judgement: Sendable {
  /// Ordinary mail.
  case pass(PassReason)
  /// A mail that looks like an error report, or whose reading failed or passed a limit: it is forwarded, and the reason
  /// is recorded.
  case doubt(Doubt)
  /// An error report, with its name.
  case report(FingerprintedReport)
}

/// The reason why a mail is ordinary mail.
package enum PassReason: String, Sendable, CaseIterable, Codable {
  /// A mail without Django's report layout or a traceback where a machine would put it.
  case noReportStructure = "no-report-structure"
  /// A reply, by `In-Reply-To`, `References` or `Re:`, perhaps quoting a report.
  case humanReply = "human-reply"
  /// A mail from a human who pasted a traceback: there is prose around it.
  case quotedTraceback = "quoted-traceback"
  /// A mail of a mail program (`User-Agent`, `Thread-Topic`): a human wrote it.
  case mailProgram = "mail-program"
  /// A list's mail, by `List-Id`, `List-Unsubscribe` or `Precedence: list`.
  case listMail = "list-mail"
  /// A bounce, by `multipart/report` or a mailer daemon's address; it may carry a report inside.
  case bounce = "bounce"
  /// An automatic reply, by `Auto-Submitted: auto-replied`, or a vacation message.
  case automaticReply = "automatic-reply"
  /// A mail of a code host or a build server (`X-GitLab-*`, `X-Jenkins-*` …), which show tracebacks of other people's
  /// runs.
  case ciNotification = "ci-notification"
  /// A mail of a ticket system or an error tracker (`X-RT-Ticket`, `X-Redmine-*`, `Reply-To: help+451@…`): a human
  /// wrote to it, or it has grouped the error already.
  case ticket = "ticket"
  /// An invitation to a meeting, or the reply to one (`text/calendar`).
  case calendar = "calendar"
  /// A mail with another one attached (`message/rfc822`), or one that a human sent on (`Resent-From`).
  case forwardedMail = "forwarded-mail"
  /// A mail that its sender encrypted or signed: its contents are not ours to judge.
  case encrypted = "encrypted"
  /// A mail with `X-MailDedup-*`: our own summary, or a mail that was judged before.
  case ownMail = "own-mail"
  /// A mail without any text part.
  case noText = "no-text"
}

/// A mail that may be an error report, with the facts that its structure makes certain all the same: doubts that agree
/// in all of them are counted together.
package struct Doubt: Error, Sendable, Hashable {
  package let reason: DoubtReason
  /// The type of the exception, or nil if a visitor of the site may have written it.
  package let type: String?
  /// The place of the exception, as in `FingerprintedReport.place`, or nil if a visitor of the site may have written
  /// it.
  package let place: String?

  package init(_ reason: DoubtReason, type: String? = nil, place: String? = nil) {
    self.reason = reason
    self.type = type.map { String($0.prefix(200)) }
    self.place = place.map { String($0.prefix(200)) }
  }
}

/// The reason why it is uncertain whether a mail is an error report, or which one.
package enum DoubtReason: String, Error, Sendable, CaseIterable, Codable {
  case textTooLarge = "text-too-large"
  case headerTooLarge = "header-too-large"
  case malformedMIME = "malformed-mime"
  case unknownEncoding = "unknown-encoding"
  case unknownCharset = "unknown-charset"
  /// A mail in Django's layout, but without an exception type, traceback or message line.
  case noTracebackKey = "no-traceback-key"
  /// A mail with Django's layout more than once: one of them stands in a message, and nothing tells which.
  case ambiguousReport = "ambiguous-report"
  /// A report that ends in the middle of its traceback.
  case truncatedReport = "truncated-report"
  case tooManyFrames = "too-many-frames"
  /// A mail with text after a traceback: the rest of the exception's text, or the words of a human who shows it.
  case textBehindTraceback = "text-behind-traceback"
}

/// An error report with its name.
package struct FingerprintedReport: Sendable {
  package let fingerprint: Fingerprint
  /// The fingerprints of the same error in earlier versions, the latest first: a store that one of them filled finds
  /// its history under that name. Computed at each call, which costs about as much as judging.
  package var previous: [Fingerprint] { makePrevious() }
  private let makePrevious: @Sendable () -> [Fingerprint]
  /// The code path or text within the error, as 16 hexadecimal digits. Constant for groups that a rule made, and for
  /// families except those whose host a visitor may have chosen.
  package let variant: String
  /// The traits of the variant, for people to read. Computed at each call, which costs little compared with judging.
  package var traits: VariantTraits { makeTraits() }
  private let makeTraits: @Sendable () -> VariantTraits
  /// The error on one line for a human, at most 200 characters, no control characters:
  /// `OperationalError: remaining connection slots are reserved for …`
  package let title: String
  /// The place of the error: `shop/pricing.py in bulk_price`, or for a family
  /// `database slots exhausted (/var/run/postgresql:5432)`.
  package let place: String
  /// The kind of the error as 16 hexadecimal digits: the same for all errors of one type at one place, whatever else
  /// their fingerprints are made of, such as names and texts, which may be a visitor's.
  package let kind: String
  /// The settings module, from the report's `Using settings module` or cron's `DJANGO_SETTINGS_MODULE`, or nil.
  package let settingsModule: String?
  /// The decoded text of the Subject before `ERROR (`, `ERROR:`, `CRITICAL` …, trimmed, or nil.
  package let subjectPrefix: String?
  /// The level, `ERROR`, `CRITICAL` …, or nil.
  package let level: String?
  /// The packages that the report lists as the site's own: its applications and the one of its settings, without those
  /// that are published for any site. Empty if it has no list. Computed at each call, which costs little compared with
  /// judging.
  package var packages: [String] { makePackages() }
  private let makePackages: @Sendable () -> [String]
  /// The rule of the admin that matches and what it says, or nil if none matches.
  package let ruling: Ruling?

  package init(
    fingerprint: Fingerprint, previous: @escaping @Sendable () -> [Fingerprint] = { [] }, variant: String,
    traits: @escaping @Sendable () -> VariantTraits = { VariantTraits() }, title: String, place: String,
    kind: String = "", packages: @escaping @Sendable () -> [String] = { [] }, settingsModule: String?,
    subjectPrefix: String?, level: String?, ruling: Ruling? = nil
  ) {
    self.fingerprint = fingerprint
    makePackages = packages
    makePrevious = previous
    makeTraits = traits
    self.ruling = ruling
    self.variant = variant
    self.title = title
    self.place = place
    self.kind = kind
    self.settingsModule = settingsModule
    self.subjectPrefix = subjectPrefix
    self.level = level
  }
}

extension FingerprintedReport {
  /// The traits of one variant of an error, for people to read: each on one line, at most 200 characters, no control
  /// characters.
  package struct VariantTraits: Hashable, Sendable {
    /// The first line of the exception's text, including the words that normalisation takes out of a key; else the
    /// logged line.
    package var text = ""
    /// The frame that raised, in the application's code or another's: `shop/pricing.py in total`. Empty without an
    /// exception.
    package var innermost = ""
    /// The frame of the application that called its innermost one: `shop/views.py in cart`. Empty if there is none.
    package var caller = ""

    package init() {}
  }
}

/// What the reader makes of one mail. A report is held back within its window, a doubt only in a flood of its like, ordinary
/// mail never.
package enum Judgement: Sendable {
  /// Ordinary mail.
  case notAReport(PassReason)
  /// It looks like an error report, or reading it failed or passed a limit: forward, and record why.
  case unclear(Doubt)
  /// An error report, named.
  case report(FingerprintedReport)
}

/// Why a mail is ordinary mail.
package enum PassReason: String, Sendable, CaseIterable, Codable {
  /// Neither Django's report layout nor a traceback stands where a machine would put it.
  case noReportStructure = "no-report-structure"
  /// `In-Reply-To`, `References` or `Re:`: somebody answers, perhaps quoting a report.
  case humanReply = "human-reply"
  /// Somebody wrote to us and pasted a traceback: there is prose around it.
  case quotedTraceback = "quoted-traceback"
  /// Made by a mail program (`User-Agent`, `Thread-Topic`): a human wrote it.
  case mailProgram = "mail-program"
  /// `List-Id`, `List-Unsubscribe` or `Precedence: list`.
  case listMail = "list-mail"
  /// `multipart/report`, or from a mailer daemon: a bounce, which may carry a report inside.
  case bounce = "bounce"
  /// `Auto-Submitted: auto-replied`, vacation messages.
  case automaticReply = "automatic-reply"
  /// Sent by a code host or a build server (`X-GitLab-*`, `X-Jenkins-*` …), which show tracebacks of other people's runs.
  case ciNotification = "ci-notification"
  /// Sent by a ticket system or an error tracker (`X-RT-Ticket`, `X-Redmine-*`, `Reply-To: help+451@…`): what a human wrote
  /// to it, or what it already grouped.
  case ticket = "ticket"
  /// An invitation to a meeting, or the answer to one (`text/calendar`).
  case calendar = "calendar"
  /// Another mail is attached (`message/rfc822`), or a human sent it on (`Resent-From`).
  case forwardedMail = "forwarded-mail"
  /// Encrypted or signed by the sender: nothing inside is ours to judge.
  case encrypted = "encrypted"
  /// Carries `X-MailDedup-*`: our own summary or an already judged mail.
  case ownMail = "own-mail"
  /// No text part at all.
  case noText = "no-text"
}

/// A mail that may be an error report, with what its structure makes certain all the same: doubts that agree in all of
/// this are counted together.
package struct Doubt: Error, Sendable, Hashable {
  package let reason: DoubtReason
  /// The type of the exception, where no visitor of the site can have written it.
  package let type: String?
  /// The place of the exception, as in `FingerprintedReport.place`, where no visitor of the site can have written it.
  package let place: String?

  package init(_ reason: DoubtReason, type: String? = nil, place: String? = nil) {
    self.reason = reason
    self.type = type.map { String($0.prefix(200)) }
    self.place = place.map { String($0.prefix(200)) }
  }
}

/// Why it is not certain whether a mail is an error report, or which.
package enum DoubtReason: String, Error, Sendable, CaseIterable, Codable {
  case textTooLarge = "text-too-large"
  case headerTooLarge = "header-too-large"
  case malformedMIME = "malformed-mime"
  case unknownEncoding = "unknown-encoding"
  case unknownCharset = "unknown-charset"
  /// Django's layout, but no exception type, traceback or message line in it.
  case noTracebackKey = "no-traceback-key"
  /// Django's layout occurs more than once: one of them stands in a message, and nothing says which.
  case ambiguousReport = "ambiguous-report"
  /// The report ends in the middle of its traceback.
  case truncatedReport = "truncated-report"
  case tooManyFrames = "too-many-frames"
  /// Something stands behind a traceback: the rest of what the exception says, or what a human wrote who shows it.
  case textBehindTraceback = "text-behind-traceback"
}

/// An error report with its name.
package struct FingerprintedReport: Sendable {
  package let fingerprint: Fingerprint
  /// What earlier versions call the same error, the latest first: a store that was filled by one of them finds its
  /// history under that name. Worked out at each call, which costs about as much as judging.
  package var previous: [Fingerprint] { makePrevious() }
  private let makePrevious: @Sendable () -> [Fingerprint]
  /// 16 hexadecimal digits: another code path or text within the group; constant for families and for
  /// groups that a rule made.
  package let variant: String
  /// What a person reads of the variant. Worked out at each call, which costs little beside judging.
  package var traits: VariantTraits { makeTraits() }
  private let makeTraits: @Sendable () -> VariantTraits
  /// One line for a human, at most 200 characters, no control characters:
  /// `OperationalError: remaining connection slots are reserved for …`
  package let title: String
  /// Where: `shop/pricing.py in bulk_price`, or for a family `database slots exhausted (/var/run/postgresql:5432)`.
  package let place: String
  /// 16 hexadecimal digits, the same for all errors of one type at one place, whatever else their fingerprints are made of:
  /// names and texts, which may be a visitor's.
  package let kind: String
  /// `Using settings module` or `DJANGO_SETTINGS_MODULE` of the report.
  package let settingsModule: String?
  /// Decoded text of the Subject before `ERROR (`, `ERROR:`, `CRITICAL` …, trimmed.
  package let subjectPrefix: String?
  /// `ERROR`, `CRITICAL` …
  package let level: String?
  /// The packages that the report lists as the site's own: its applications and the one of its settings, without what is
  /// published for any site. Empty where it has no list. Worked out at each call, which costs little beside judging.
  package var packages: [String] { makePackages() }
  private let makePackages: @Sendable () -> [String]
  /// What a rule of the admin says; nil when none matches.
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
  /// What a person reads of one variant of an error: each on one line, at most 200 characters, no control characters.
  package struct VariantTraits: Hashable, Sendable {
    /// The first line of what the exception says, with the words that normalisation takes out of a key; else the line
    /// that was logged.
    package var text = ""
    /// The frame that raised, whoever's code it is: `shop/pricing.py in total`. Empty without an exception.
    package var innermost = ""
    /// The frame of the application that called its innermost one: `shop/views.py in cart`. Empty where there is none.
    package var caller = ""

    package init() {}
  }
}

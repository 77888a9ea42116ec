import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import HostSystem
import MailMessage

/// Makes the summary of a period and queues it.
struct SummaryMailer: Sendable {
  private let store: SQLiteStore
  private let current: Current<Configuration.Summary>
  private let hostname: String

  init(store: SQLiteStore, settings: Current<Configuration.Summary>, hostname: String) {
    self.store = store
    current = settings
    self.hostname = hostname
  }

  var settings: Configuration.Summary { current.value }

  /// The setting of the store that holds the end of the last period that was sent, in milliseconds.
  private static let lastEndSetting = "summary.last-end"

  /// The summary of the last 24 hours, now. The daily one still comes at its time.
  func sendNow() async throws -> SummarySent {
    let now = WallClock.now()
    let facts = try await store.summaryFacts(from: now.advanced(by: .seconds(-86_400)), to: now)
    guard let sent = try await queue(facts, remembering: nil) else {
      throw ControlProblem(
        "nobody is known to send it to: no error mail has come yet; set [summary] to in the configuration")
    }
    return sent
  }

  /// The daily one. Queued and remembered in one transaction, so that a crash neither loses nor repeats it.
  ///
  /// - Returns: nil when there is nothing to say, or nobody to say it to.
  func sendDaily(from: Timestamp, to: Timestamp) async throws -> SummarySent? {
    let facts = try await store.summaryFacts(from: from, to: to)
    let marker = (key: Self.lastEndSetting, value: String(to.milliseconds))
    let isQuiet = facts.errors.isEmpty && facts.totals.doubtful == 0
    if !isQuiet || settings.sendWhenQuiet, let sent = try await queue(facts, remembering: marker) { return sent }
    try await remember(end: to)
    return nil
  }

  /// The end of the last period; nil before the first.
  func lastEnd() async throws -> Timestamp? {
    try await store.setting(Self.lastEndSetting).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
  }

  /// Makes `end` the end of the last period.
  func remember(end: Timestamp) async throws {
    try await store.setSetting(Self.lastEndSetting, String(end.milliseconds))
  }

  private func queue(_ facts: SummaryFacts, remembering marker: (key: String, value: String)?) async throws
    -> SummarySent?
  {
    let now = WallClock.now()
    let (sender, recipients) = try await addresses(of: facts, now: now)
    guard !recipients.isEmpty else { return nil }
    let id = QueueID(at: now, salt: .random(in: 0...UInt32.max))
    let message = builder(at: now).build(facts).message(from: sender, to: recipients, id: id, date: now)
    let mail = OwnMail(
      id: id, envelope: Envelope(sender: sender, recipients: recipients), message: message, kind: .summary)
    try await store.enqueue(mail, setting: marker)
    return SummarySent(id: id.description, sender: sender.text, recipients: recipients.map(\.text))
  }

  /// The mail that tells of a replaced database: to whoever gets the summary, else to `postmaster`. Nil when nobody is
  /// known.
  func notice(of replacement: StoreReplacement, postmaster: EmailAddress?) async throws -> OwnMail? {
    let now = WallClock.now()
    let facts = try await store.summaryFacts(from: now.advanced(by: .seconds(-86_400)), to: now)
    let (sender, known) = try await addresses(of: facts, now: now)
    let recipients = known.isEmpty ? [postmaster].compactMap { $0 } : known
    guard !recipients.isEmpty else { return nil }
    let id = QueueID(at: now, salt: .random(in: 0...UInt32.max))
    let notice = StoreReplacementNotice(
      replacement, hostname: hostname, utcOffsetMinutes: LocalTime.offset(at: now) / 60)
    return OwnMail(
      id: id, envelope: Envelope(sender: sender, recipients: recipients),
      message: notice.message(from: sender, to: recipients, id: id, date: now), kind: .summary)
  }

  /// From and to: as configured, else as the error mail of the period went, else as that of the last 30 days.
  private func addresses(of facts: SummaryFacts, now: Timestamp) async throws -> (EmailAddress, [EmailAddress]) {
    var (senders, recipients) = (facts.senders, facts.recipients)
    if recipients.isEmpty && settings.to.isEmpty {
      let month = try await store.summaryFacts(from: now.advanced(by: .seconds(-30 * 86_400)), to: now)
      (senders, recipients) = (month.senders, month.recipients)
    }
    let usual = senders.first { !$0.isEmpty }.map { EmailAddress($0) }
    let sender = settings.from ?? usual ?? EmailAddress("maildedup@\(hostname)")
    return (sender, settings.to.isEmpty ? recipients.map { EmailAddress($0) } : settings.to)
  }

  /// Writes summaries as of `now`.
  func builder(at now: Timestamp) -> SummaryBuilder {
    .local(top: settings.topErrors, hostname: hostname, at: now)
  }
}

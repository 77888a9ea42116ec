import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import HostSystem
import MailMessage
import RelayMail

/// A mailer that creates the summaries of a period and queues them.
struct SummaryMailer: Sendable {
  private let store: SQLiteStore
  private let current: Live<Configuration.Summary>
  private let hostname: String
  /// Returns the facts that only the running relay knows.
  let health: @Sendable () -> RelayHealth

  init(
    store: SQLiteStore, settings: Live<Configuration.Summary>, hostname: String,
    health: @escaping @Sendable () -> RelayHealth = { RelayHealth() }
  ) {
    self.store = store
    current = settings
    self.hostname = hostname
    self.health = health
  }

  var settings: Configuration.Summary { current.value }

  /// The scheduled summaries.
  enum Kind: String, CaseIterable {
    case daily, weekly

    /// The setting of the store that holds the end of the last period that was sent, in milliseconds.
    fileprivate var lastEndSetting: String {
      switch self {
      case .daily: "summary.last-end"
      case .weekly: "summary.last-week-end"
      }
    }
  }

  /// Sends the summary of a period now. Scheduled summaries still come at their time.
  ///
  /// - Parameter sites: The only sites to report, in one mail; nil means as configured.
  func sendNow(_ period: SummaryPeriod, sites: [SiteAudience]?) async throws -> SummarySent {
    let now = WallClock.now()
    let parts = if let sites { part(of: sites) } else { try await parts(of: period, now: now) }
    let mails = try await self.mails(parts, of: period, now: now, skippingQuiet: false)
    guard var sent = mails.first.map(SummarySent.init) else {
      throw ControlProblem(
        "nobody is known to send it to: no error mail has come yet; set [summary] to in the configuration")
    }
    try await store.enqueue(mails)
    sent.others = mails.count > 1 ? mails.dropFirst().map(SummarySent.init) : nil
    return sent
  }

  /// Sends a due summary. All its mails are queued and the end of the period is remembered in one transaction, so that
  /// a crash neither loses nor repeats one.
  ///
  /// - Returns: The mails sent; empty if there is nothing to report, or no recipient.
  func send(_ kind: Kind, _ period: SummaryPeriod) async throws -> [SummarySent] {
    let now = WallClock.now()
    let parts = try await parts(of: period, now: now)
    let mails = try await self.mails(parts, of: period, now: now, skippingQuiet: !settings.sendWhenQuiet)
    try await store.enqueue(mails, setting: (kind.lastEndSetting, String(period.to.milliseconds)))
    return mails.map(SummarySent.init)
  }

  /// Returns the end of the last period, or nil before the first.
  func lastEnd(of kind: Kind) async throws -> Timestamp? {
    try await store.setting(kind.lastEndSetting).flatMap { Int64($0) }.map { Timestamp(milliseconds: $0) }
  }

  /// Makes `end` the end of the last period.
  func remember(end: Timestamp, of kind: Kind) async throws {
    try await store.setSetting(kind.lastEndSetting, String(end.milliseconds))
  }

  /// Returns the mail about a replaced database to the recipients of the summary, otherwise to `postmaster`. Returns
  /// nil if no recipient is known.
  func notice(of replacement: StoreReplacement, postmaster: EmailAddress?) async throws -> OwnMail? {
    let now = WallClock.now()
    let day = SummaryPeriod(from: now.advanced(by: .seconds(-86_400)), to: now)
    let known = try await part(of: day, now: now)
    let recipients = known?.recipients ?? [postmaster].compactMap { $0 }
    guard !recipients.isEmpty else { return nil }
    let notice = StoreReplacementNotice(
      replacement, hostname: hostname, utcOffsetMinutes: LocalTime.offset(at: now) / 60)
    return mail(from: known?.sender, to: recipients, now: now) { sender, id in
      notice.message(from: sender, to: recipients, id: id, date: now)
    }
  }

  /// Returns the mail about a full disk to the recipients of the summary, otherwise to `postmaster`. Returns nil if no
  /// recipient is known.
  func notice(ofDiskFullSince since: Timestamp, directory: String, postmaster: EmailAddress?) async -> OwnMail? {
    await notice(postmaster, .alert) { now, sender, to, id in
      DiskFullNotice(
        since: since, directory: directory, hostname: hostname, utcOffsetMinutes: LocalTime.offset(at: now) / 60
      ).message(from: sender, to: to, id: id, date: now)
    }
  }

  /// Returns the mail about a growing queue to the recipients of the summary, otherwise to `postmaster`. Returns nil if
  /// no recipient is known.
  func notice(
    ofGrowth standing: QueueGrowth.Status, reason: String?, postmaster: EmailAddress?
  ) async -> OwnMail? {
    await notice(postmaster, .alert) { now, sender, to, id in
      QueueGrowthNotice(
        standing, reason: reason, hostname: hostname, utcOffsetMinutes: LocalTime.offset(at: now) / 60
      ).message(from: sender, to: to, id: id, date: now)
    }
  }

  /// Returns a mail to the recipients of the summary, otherwise to `postmaster`. If the store cannot be read, the
  /// recipients are those of the configuration, otherwise `postmaster`.
  private func notice(
    _ postmaster: EmailAddress?, _ kind: QueueEntry.Kind,
    _ message: (Timestamp, EmailAddress, [EmailAddress], QueueID) -> [UInt8]
  ) async -> OwnMail? {
    let now = WallClock.now()
    let day = SummaryPeriod(from: now.advanced(by: .seconds(-86_400)), to: now)
    let known = try? await part(of: day, now: now)
    let recipients = known?.recipients ?? (settings.to.isEmpty ? [postmaster].compactMap { $0 } : settings.to)
    guard !recipients.isEmpty else { return nil }
    return mail(from: known?.sender, to: recipients, kind, now: now) { message(now, $0, recipients, $1) }
  }

  /// Returns a builder of summaries as of `now`.
  func builder(at now: Timestamp) -> SummaryBuilder {
    .local(top: settings.topErrors, hostname: hostname, at: now)
  }
}

// The recipients of each summary.
extension SummaryMailer {
  private static let month = Duration.seconds(30 * 86_400)

  private func parts(of period: SummaryPeriod, now: Timestamp) async throws -> [SummarySplit.Part] {
    guard settings.split != .no else { return [try await part(of: period, now: now)].compactMap { $0 } }
    // Sites that were quiet in the period are included.
    let begin = min(period.from.advanced(by: .zero - period.length), now.advanced(by: .zero - Self.month))
    return settings.split.parts(try await store.siteAudiences(from: begin, to: period.to), to: settings.to)
  }

  /// Returns one summary for all sites: to those who got the error mail of the period, otherwise that of the last 30
  /// days.
  private func part(of period: SummaryPeriod, now: Timestamp) async throws -> SummarySplit.Part? {
    for begin in [period.from, now.advanced(by: .zero - Self.month)] {
      let audiences = try await store.siteAudiences(from: begin, to: period.to)
      if let part = SummarySplit.no.parts(audiences, to: audiences.isEmpty ? [] : settings.to).first { return part }
    }
    return SummarySplit.no.parts([], to: settings.to).first
  }

  private func part(of sites: [SiteAudience]) -> [SummarySplit.Part] {
    SummarySplit.no.parts(sites, to: settings.to).map { part in
      var part = part
      (part.site, part.sites) = (sites.first?.name, Set(sites.map(\.row)))
      return part
    }
  }

  private func mails(
    _ parts: [SummarySplit.Part], of period: SummaryPeriod, now: Timestamp, skippingQuiet: Bool
  ) async throws -> [OwnMail] {
    let builder = builder(at: now)
    var mails: [OwnMail] = []
    for part in parts {
      var facts = try await store.summaryFacts(SummaryQuery(period, sites: part.sites, listed: settings.topErrors))
      (facts.site, facts.health) = (part.site, health())
      if skippingQuiet, facts.isQuiet { continue }
      let summary = builder.build(facts)
      mails.append(
        mail(from: part.sender, to: part.recipients, now: now) { sender, id in
          summary.message(from: sender, to: part.recipients, id: id, date: now)
        })
    }
    return mails
  }

  /// Returns a mail of the relay itself.
  ///
  /// - Parameter sender: The usual sender; the configuration may name another.
  private func mail(
    from sender: String?, to recipients: [EmailAddress], _ kind: QueueEntry.Kind = .summary, now: Timestamp,
    _ message: (EmailAddress, QueueID) -> [UInt8]
  ) -> OwnMail {
    let usual = sender.flatMap { $0.isEmpty ? nil : EmailAddress($0) }
    let sender = settings.from ?? usual ?? EmailAddress("maildedup@\(hostname)")
    let id = QueueIDs.next(at: now)
    return OwnMail(
      id: id, envelope: Envelope(sender: sender, recipients: recipients), message: message(sender, id), kind: kind)
  }
}

extension SummarySent {
  fileprivate init(_ mail: OwnMail) {
    self.init(
      id: mail.id.description, sender: mail.envelope.sender.text, recipients: mail.envelope.recipients.map(\.text))
  }
}

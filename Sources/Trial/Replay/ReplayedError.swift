package import DedupCore
package import MailMessage

/// One error of a replay, as seen by the inbox.
package struct ReplayedError: Hashable, Sendable {
  package let site: Site
  /// The envelope of its first mail.
  package let envelope: Envelope
  package let fingerprint: String
  /// The title of its first mail.
  package let title: String
  package let place: String
  package internal(set) var record: WindowRecord
  /// The number of mails that reported only this error: forwarded mails, milestones and all-clears.
  package private(set) var sent = 0
  /// The number of digests that named the error.
  package private(set) var digests = 0
  /// The time when the inbox first got a report of the error, or nil if only the daily summary reports it.
  package private(set) var firstTold: Timestamp?
  /// The longest time for which a mail was held back before the next mail reported the error. Mail held back by a rule
  /// of the admin and mail that only the daily summary reports do not count.
  package private(set) var longestHidden = Duration.zero
  /// The number of mails held back that only the daily summary reports.
  package private(set) var untold = 0
  /// The effect of the rule that matched the latest mail, or nil if none did.
  private(set) var rule: RuleEffect?
  /// The index of its site in `Replay.sites`.
  let siteRow: Int
  private var variants: Set<String> = []
  private var hiddenSince: Timestamp?
  /// The time of the one scheduled all-clear in the list of due events, or nil if there is none.
  private var scheduledAllClear: Timestamp?

  init(_ occurrence: Occurrence, _ envelope: Envelope, siteRow: Int, _ record: WindowRecord) {
    site = occurrence.site
    self.envelope = envelope
    fingerprint = occurrence.fingerprint
    title = occurrence.title
    place = occurrence.place
    self.siteRow = siteRow
    self.record = record
  }

  /// Returns true if a mail of this variant would be the first; see `WindowSettings.mostVariants`.
  func isNew(_ variant: String) -> Bool {
    !variant.isEmpty && !variants.contains(variant) && variants.count < WindowSettings.mostVariants
  }

  mutating func take(_ occurrence: Occurrence, _ decision: WindowPolicy.Decision, at now: Timestamp) {
    if isNew(occurrence.variant) { variants.insert(occurrence.variant) }
    rule = occurrence.rule
    record = decision.record
    guard case .suppress(let reason, _) = decision.verdict else { return }
    untold += 1
    switch reason {
    case .insideWindow, .stormCap, .afterRejection, .fleetWindow: hiddenSince = hiddenSince ?? now
    case .silenced, .summaryOnly, .doubtFlood: break
    }
  }

  /// Records a mail that reports the error.
  mutating func note(_ event: ReplayEvent) {
    if event.what == .digest { digests += 1 } else { sent += 1 }
    firstTold = firstTold ?? event.at
    if let hiddenSince { longestHidden = max(longestHidden, event.at.since(hiddenSince)) }
    hiddenSince = nil
    untold = 0
  }
}

extension ReplayedError {
  /// Returns the time at which to check for an all-clear, or nil if none is wanted or that time is already scheduled.
  mutating func timeToSchedule() -> Timestamp? {
    guard let time = record.allClearAt, scheduledAllClear.map({ time < $0 }) ?? true else { return nil }
    scheduledAllClear = time
    return time
  }

  /// Returns true if the all-clear that was scheduled for `now` is due. In either case it is removed from the schedule.
  mutating func isAllClearDue(at now: Timestamp) -> Bool {
    if scheduledAllClear == now { scheduledAllClear = nil }
    return record.allClearAt.map { $0 <= now } ?? false
  }
}

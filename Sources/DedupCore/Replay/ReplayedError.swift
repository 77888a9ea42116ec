package import MailMessage

/// One error of a replay, as the inbox got to know it.
package struct ReplayedError: Hashable, Sendable {
  package let site: Site
  /// Whom the first of its mails was from and for.
  package let envelope: Envelope
  package let fingerprint: String
  /// Of its first mail.
  package let title: String
  package let place: String
  package internal(set) var record: WindowRecord
  /// Mails that told of it alone: forwarded ones, milestones, all-clears.
  package private(set) var sent = 0
  /// Digests that named it.
  package private(set) var digests = 0
  /// When the inbox first read of it; nil: never, but in the daily summary.
  package private(set) var firstTold: Timestamp?
  /// The longest that a mail was held back before the next one told of it. What a rule of the admin keeps away, and
  /// what only the daily summary tells, does not count.
  package private(set) var longestHidden = Duration.zero
  /// Mails held back that only the daily summary tells of.
  package private(set) var untold = 0
  /// What the latest mail's rule says.
  private(set) var rule: RuleEffect?
  /// Its place among the sites of the replay.
  let siteRow: Int
  private var variants: Set<String> = []
  private var hiddenSince: Timestamp?
  /// The one all-clear that stands in the list of what is due.
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

  /// Whether a mail of this variant would be the first; see `WindowSettings.mostVariants`.
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
    case .insideWindow, .stormCap, .afterRejection: hiddenSince = hiddenSince ?? now
    case .silenced, .summaryOnly, .doubtFlood: break
    }
  }

  /// Takes note of a mail that tells of it.
  mutating func note(_ event: ReplayEvent) {
    if event.what == .digest { digests += 1 } else { sent += 1 }
    firstTold = firstTold ?? event.at
    if let hiddenSince { longestHidden = max(longestHidden, event.at.since(hiddenSince)) }
    hiddenSince = nil
    untold = 0
  }
}

extension ReplayedError {
  /// When to look for an all-clear, if that is not known yet.
  mutating func timeToSchedule() -> Timestamp? {
    guard let time = record.allClearAt, scheduledAllClear.map({ time < $0 }) ?? true else { return nil }
    scheduledAllClear = time
    return time
  }

  /// Whether the all-clear that was scheduled for `now` is to be given; either way it is off the list.
  mutating func isAllClearDue(at now: Timestamp) -> Bool {
    if scheduledAllClear == now { scheduledAllClear = nil }
    return record.allClearAt.map { $0 <= now } ?? false
  }
}

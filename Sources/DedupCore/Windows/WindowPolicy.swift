/// Decides between the first mail of a window and the ones to hold back.
///
/// A window starts with a mail that goes out. With a length of 1 h and a first mail at 14:03:00.000:
///
/// | mail at | verdict |
/// |---|---|
/// | 14:03:00.000 | held back, however many come within the same millisecond |
/// | 15:02:59.999 | held back |
/// | 15:03:00.000 | forwarded with the count; the next window starts |
/// | 14:02:55 | held back: mails of one moment overtake each other, and clocks are corrected by seconds |
/// | 13:00 | forwarded: the clock was set back, and 14:03 may be a long way off |
///
/// A length of zero forwards everything. An error that was quiet for long enough, or was resolved, begins another
/// episode with its next mail, which goes out. The admin may say otherwise: rules and sites have settings of their own,
/// a silence holds back, and when very many different errors come, a digest tells of them (`StormCap`).
@dynamicMemberLookup
package struct WindowPolicy: Hashable, Sendable {
  /// Of all errors for which neither a site nor a rule says otherwise.
  package var settings = WindowSettings()
  /// By `Site.name`.
  package var sites: [String: WindowOverrides] = [:]
  /// By the names of the rules.
  package var rules: [String: WindowOverrides] = [:]
  /// Names of the rules that are for some settings modules only.
  package var siteRules: Set<String> = []
  /// How far before its own start a window still counts as open; never more than its length. Connections stamp their
  /// mails by themselves and reach the commit point in another order, so a storm would leak without it.
  package static let tolerance = Duration.seconds(10)

  package init(length: Duration = .seconds(3600)) { settings.length = length }

  package subscript<Value>(dynamicMember field: WritableKeyPath<WindowSettings, Value>) -> Value {
    get { settings[keyPath: field] }
    set { settings[keyPath: field] = newValue }
  }

  /// What holds for the errors of a rule in a site: the rule has the last word.
  package func settings(site: String, rule: String?) -> WindowSettings {
    var result = settings
    if !sites.isEmpty, let overrides = sites[site] { result = overrides.applied(to: result) }
    if let rule, let overrides = rules[rule] { result = overrides.applied(to: result) }
    return result
  }

  /// The same for one mail.
  package func settings(site: String, rule: RuleEffect?) -> WindowSettings {
    let result = settings(site: site, rule: rule?.name)
    return rule?.window.map { WindowOverrides(length: $0).applied(to: result) } ?? result
  }

  /// What a rule says of a mail whose site is not known well enough to choose settings (`SiteBounds`): one that is for
  /// some sites only must not hold it back.
  package func rule(_ rule: RuleEffect?, ofUnknownSite isUnknown: Bool) -> RuleEffect? {
    guard isUnknown, let rule, siteRules.contains(rule.name) else { return rule }
    return nil
  }

  /// What is known of the mail beyond its fingerprint.
  package struct Arrival: Hashable, Sendable {
    /// `Site.name`.
    package var site: String
    package var rule: RuleEffect?
    /// No mail of this fingerprint took this path with this text before.
    package var isNewVariant: Bool
    /// What a silence of the admin says about it.
    package var silence: Silence.Ruling?
    /// As many mails about errors of its site went out within the hour as may.
    package var isCapped: Bool

    package init(
      site: String = "", rule: RuleEffect? = nil, isNewVariant: Bool = false, silence: Silence.Ruling? = nil,
      isCapped: Bool = false
    ) {
      self.site = site
      self.rule = rule
      self.isNewVariant = isNewVariant
      self.silence = silence
      self.isCapped = isCapped
    }
  }

  /// What becomes of a mail, and what follows from it.
  package struct Decision: Hashable, Sendable {
    package var verdict: Verdict
    /// What is known from now on.
    package var record: WindowRecord
    /// The milestone that a progress mail has to tell of; see `WindowSettings.milestones`.
    package var milestone: Int?

    /// Mails that count towards the storm cap: what goes out because it is news, not because the admin asked for each.
    package var mailsCapped: Int {
      let news: Bool = if case .forward(let reason, _) = verdict { !reason.isAskedFor } else { false }
      return (news ? 1 : 0) + (milestone == nil ? 0 : 1)
    }
  }

  /// - Parameter record: what was known before this mail; nil when the fingerprint is new in its site.
  package func decide(_ record: WindowRecord?, _ arrival: Arrival = Arrival(), now: Timestamp) -> Decision {
    let settings = self.settings(site: arrival.site, rule: arrival.rule)
    let beginning = record.flatMap { self.beginning(after: $0, settings, now: now) }
    var next = WindowRecord.arriving(record, beginning, now: now)
    let verdict = judge(next, isNew: record == nil, beginning, arrival, settings, now: now)
    next.carryOut(verdict, now: now)
    (next.lastReason, next.lastRule) = (verdict.reason, arrival.rule?.name)
    let length = settings.length(afterTelling: next.episode.told)
    next.length = length == self.settings.length ? nil : length
    next.allClearAt =
      settings.saysAllClear && next.episode.told > 0 ? settings.endOfEpisode.map { now.advanced(by: $0) } : nil
    var decision = Decision(verdict: verdict, record: next)
    decision.tellMilestone(settings.milestones, isCapped: arrival.isCapped)
    return decision
  }

  /// The end of the window that a mail forwarded at `start` opens.
  package func end(of start: Timestamp, length own: Duration? = nil) -> Timestamp {
    start.advanced(by: own ?? settings.length)
  }

  /// What kind of episode a mail begins after `record`; nil: the running one goes on. A clock that was set back ends
  /// none.
  private func beginning(
    after record: WindowRecord, _ settings: WindowSettings, now: Timestamp
  ) -> Episode.Beginning? {
    if record.resolvedAt != nil { return .regression }
    return record.episode.isOver || settings.isQuiet(now.since(record.lastSeen)) ? .again : nil
  }

  private func judge(
    _ record: WindowRecord, isNew: Bool, _ beginning: Episode.Beginning?, _ arrival: Arrival,
    _ settings: WindowSettings, now: Timestamp
  ) -> Verdict {
    var held = record.count
    held.heldBack = held.heldBack.saturatingAdding(1)
    if record.passesNext, !isNew { return .forward(.requested, record.count) }
    if let reason = arrival.holdingReason { return .suppress(reason, held) }
    guard let reason = forwardReason(record, isNew: isNew, beginning, arrival, settings, now: now) else {
      return .suppress(record.isRejected ? .afterRejection : .insideWindow, held)
    }
    if arrival.isCapped, !reason.isAskedFor {
      return .suppress(reason == .newVariant ? .insideWindow : .stormCap, held)
    }
    return .forward(reason, record.count)
  }

  private func forwardReason(
    _ record: WindowRecord, isNew: Bool, _ beginning: Episode.Beginning?, _ arrival: Arrival,
    _ settings: WindowSettings, now: Timestamp
  ) -> ForwardReason? {
    if let rule = arrival.rule, rule.treatment == .pass { return .rule(rule.name) }
    if settings.mode == .pass { return .passingSite }
    if isNew { return .first }
    if arrival.silence == .endsWithThis { return .silenceEnded }
    if let reason = reasonOfWindow(record, beginning, settings, now: now) { return reason }
    return arrival.isNewVariant && !record.isRejected && record.variantsShown < settings.variants ? .newVariant : nil
  }

  /// - Parameter record: with the mail at hand counted as seen.
  private func reasonOfWindow(
    _ record: WindowRecord, _ beginning: Episode.Beginning?, _ settings: WindowSettings, now: Timestamp
  ) -> ForwardReason? {
    // A rule, a silence or the storm cap held all of them back until now.
    let isFirst = record.suppressed >= record.total.saturatingAdding(-1)
    switch beginning {
    case .regression: return .regression
    case .again: return isFirst ? .first : .again
    case .new, nil: break
    }
    let length = settings.length(afterTelling: record.episode.told)
    guard let start = record.windowStart else {
      if isFirst { return .first }
      let isAllowed = record.rejection?.allowsNext(total: record.total, window: length, now: now) ?? true
      return isAllowed ? .lastOneRejected : nil
    }
    if start.since(now) > max(.zero, min(Self.tolerance, length)) { return .clockJumpedBack }
    guard now >= end(of: start, length: length) else { return nil }
    return settings.reminders.isEmpty ? .windowElapsed : .stillGoing
  }
}

extension WindowRecord {
  /// The mail that told of it was rejected, and none since.
  fileprivate var isRejected: Bool { windowStart == nil && rejection != nil }
}

extension WindowPolicy.Arrival {
  /// Why the admin wants none of these.
  fileprivate var holdingReason: SuppressionReason? {
    switch rule?.treatment {
    case .silence: .silenced
    case .summaryOnly: .summaryOnly
    case .pass, .dedup, nil: silence == .holds ? .silenced : nil
    }
  }
}

extension WindowPolicy.Decision {
  /// A count that was held back is told at its milestone; one that went out was told by that. Nobody is told of what
  /// the admin silenced, and what the storm cap holds back the digest tells.
  fileprivate mutating func tellMilestone(_ milestones: [Int], isCapped: Bool) {
    guard case .suppress(.insideWindow, _) = verdict, !isCapped else { return }
    guard let reached = milestones.last(where: { $0 <= record.episode.mails }), reached > record.episode.milestone
    else { return }
    record.episode.milestone = record.episode.mails
    milestone = reached
  }
}

/// Decides which mail of a window is forwarded and which are held back.
///
/// A window starts with a mail that is forwarded. With a length of 1 h and a first mail at 14:03:00.000:
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
/// episode with its next mail, which is forwarded. The admin can change this: rules and sites have settings of their
/// own, a silence holds mail back, and when very many different errors arrive, a digest reports them (`StormCap`).
@dynamicMemberLookup
package struct WindowPolicy: Hashable, Sendable {
  /// The settings of all errors for which neither a site nor a rule sets others.
  package var settings = WindowSettings()
  /// The settings of single sites, by `Site.name`.
  package var sites: [String: WindowOverrides] = [:]
  /// The settings of rules, by the name of the rule.
  package var rules: [String: WindowOverrides] = [:]
  /// The names of the rules that apply to some settings modules only.
  package var siteRules: Set<String> = []
  /// The time before its own start during which a window already counts as open, limited to the length of the window.
  /// Connections stamp their mails by themselves and reach the commit point in another order, so a storm would leak
  /// without it.
  package static let tolerance = Duration.seconds(10)

  package init(length: Duration = .seconds(3600)) { settings.length = length }

  package subscript<Value>(dynamicMember field: WritableKeyPath<WindowSettings, Value>) -> Value {
    get { settings[keyPath: field] }
    set { settings[keyPath: field] = newValue }
  }

  /// Returns the settings for the errors of a rule in a site. The rule takes precedence over the site.
  package func settings(site: String, rule: String?) -> WindowSettings {
    var result = settings
    if !sites.isEmpty, let overrides = sites[site] { result = overrides.applied(to: result) }
    if let rule, let overrides = rules[rule] { result = overrides.applied(to: result) }
    return result
  }

  /// Returns the settings for one mail. The window length of its rule takes precedence over all others.
  package func settings(site: String, rule: RuleEffect?) -> WindowSettings {
    let result = settings(site: site, rule: rule?.name)
    return rule?.window.map { WindowOverrides(length: $0).applied(to: result) } ?? result
  }

  /// Returns the effect of a rule on a mail whose site is not known well enough to choose settings (`SiteBounds`). A
  /// rule that applies to some sites only must not hold it back, so the result is nil for such a rule.
  package func rule(_ rule: RuleEffect?, ofUnknownSite isUnknown: Bool) -> RuleEffect? {
    guard isUnknown, let rule, siteRules.contains(rule.name) else { return rule }
    return nil
  }

  /// The facts about a mail beyond its fingerprint.
  package struct Arrival: Hashable, Sendable {
    /// The site of the mail, as `Site.name`.
    package var site: String
    package var rule: RuleEffect?
    /// True if no earlier mail of this fingerprint had this path and text.
    package var isNewVariant: Bool
    /// The ruling of the admin's silence on the mail, or nil if no silence covers it.
    package var silence: Silence.Ruling?
    /// True if as many mails about errors of its site were forwarded within the hour as the storm cap allows.
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

  /// The decision about a mail, with its consequences.
  package struct Decision: Hashable, Sendable {
    package var verdict: Verdict
    /// The record of the error after this mail.
    package var record: WindowRecord
    /// The milestone that a progress mail has to report, or nil if there is none; see `WindowSettings.milestones`.
    package var milestone: Int?

    /// The number of mails that count towards the storm cap: mails sent because they are news, not because the admin
    /// asked for each.
    package var mailsCapped: Int {
      let news: Bool = if case .forward(let reason, _) = verdict { !reason.isAskedFor } else { false }
      return (news ? 1 : 0) + (milestone == nil ? 0 : 1)
    }
  }

  /// Decides about one mail of an error.
  ///
  /// - Parameter record: the record before this mail, or nil if the fingerprint is new in its site.
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

  /// Returns the end of the window that a mail forwarded at `start` opens.
  package func end(of start: Timestamp, length own: Duration? = nil) -> Timestamp {
    start.advanced(by: own ?? settings.length)
  }

  /// Returns the kind of episode that a mail begins after `record`, or nil if the current episode goes on. A clock that
  /// was set back does not end an episode.
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
    // A mail after a resolution says so, whatever else lets it through: that is what the developer has to know.
    if record.passesNext, !isNew { return .forward(beginning == .regression ? .regression : .requested, record.count) }
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

  /// Returns the reason to forward that follows from the episode and the window, or nil if the window is open.
  ///
  /// - Parameter record: the record with the current mail already counted.
  private func reasonOfWindow(
    _ record: WindowRecord, _ beginning: Episode.Beginning?, _ settings: WindowSettings, now: Timestamp
  ) -> ForwardReason? {
    // A rule, a silence or the storm cap held back all earlier mails.
    let isFirst = record.suppressed >= record.total.saturatingAdding(-1)
    switch beginning {
    case .regression: return .regression
    case .again: return isFirst ? .first : .again
    case .new, nil: break
    }
    let length = settings.length(afterTelling: record.episode.told)
    guard let start = record.windowStart else {
      if let rejection = record.rejection, !rejection.allowsNext(total: record.total, window: length, now: now) {
        return nil
      }
      return isFirst ? .first : .lastOneRejected
    }
    if start.since(now) > max(.zero, min(Self.tolerance, length)) { return .clockJumpedBack }
    guard now >= end(of: start, length: length) else { return nil }
    return settings.reminders.isEmpty ? .windowElapsed : .stillGoing
  }
}

extension WindowRecord {
  /// True if the mail that reported the error was rejected and none was forwarded since.
  fileprivate var isRejected: Bool { windowStart == nil && rejection != nil }
}

extension WindowPolicy.Arrival {
  /// The reason why the admin wants none of these mails, or nil if the admin does.
  fileprivate var holdingReason: SuppressionReason? {
    switch rule?.treatment {
    case .silence: .silenced
    case .summaryOnly: .summaryOnly
    case .pass, .dedup, nil: silence == .holds ? .silenced : nil
    }
  }
}

extension WindowPolicy.Decision {
  /// Marks the milestone that a held-back mail reaches. A forwarded mail needs none, since it shows the count itself.
  /// The admin is not told about mail that the admin silenced, and the digest reports mail that the storm cap holds
  /// back.
  fileprivate mutating func tellMilestone(_ milestones: [Int], isCapped: Bool) {
    guard case .suppress(.insideWindow, _) = verdict, !isCapped else { return }
    guard let reached = milestones.last(where: { $0 <= record.episode.mails }), reached > record.episode.milestone
    else { return }
    record.episode.milestone = record.episode.mails
    milestone = reached
  }
}

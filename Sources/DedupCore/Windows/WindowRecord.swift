/// The history of one fingerprint in one site.
package struct WindowRecord: Hashable, Sendable, Codable {
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// The time when the mail that opened the current window was forwarded. Nil if no mail has been forwarded yet, or if
  /// the window was reopened because the next hop rejected that mail for good.
  package var windowStart: Timestamp?
  /// The number of mails held back since the last forwarded one.
  package var held: Int
  /// The number of mails ever seen, forwarded and held back.
  package var total: Int
  /// The number of mails ever held back.
  package var suppressed: Int
  /// The length of the current window, or nil if it has the usual length.
  package var length: Duration?
  /// The number of variants that were forwarded in the current window in addition to its first mail.
  package var variantsShown: Int
  package var episode: Episode
  /// The time since which the storm cap holds back a mail that would have been forwarded, or nil if it holds none. The
  /// next digest names the error.
  package var awaitsDigestSince: Timestamp?
  /// The time when an all-clear is due if no mail arrives before, or nil if none is wanted.
  package var allClearAt: Timestamp?
  /// The time when an admin resolved the error, or nil if none did or the error came back since.
  package var resolvedAt: Timestamp?
  /// True if an admin asked for the next mail, whatever would hold it back.
  package var passesNext: Bool
  /// The outcome of the latest mail, in the word of `Verdict.reason`. Nil if that mail arrived before outcomes were
  /// recorded.
  package var lastReason: String?
  /// The name of the rule that decided about the latest mail, or nil if none did.
  package var lastRule: String?
  /// The rejections of the latest mails that reported the error, if the next hop rejected them for good. Nil if the
  /// latest such mail whose window passed was not rejected.
  package var rejection: Rejection?

  /// Creates a record.
  ///
  /// - Parameter episode: the current episode, or nil if everything so far was one episode.
  package init(
    firstSeen: Timestamp, lastSeen: Timestamp, windowStart: Timestamp?, held: Int, total: Int, suppressed: Int,
    length: Duration? = nil, variantsShown: Int = 0, episode: Episode? = nil, awaitsDigestSince: Timestamp? = nil,
    allClearAt: Timestamp? = nil, resolvedAt: Timestamp? = nil,
    passesNext: Bool = false, lastReason: String? = nil, lastRule: String? = nil, rejection: Rejection? = nil
  ) {
    self.rejection = rejection
    self.length = length
    self.variantsShown = variantsShown
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.windowStart = windowStart
    self.held = held
    self.total = total
    self.suppressed = suppressed
    self.episode = episode ?? Episode(start: firstSeen, mails: total, told: suppressed < total ? 1 : 0)
    self.awaitsDigestSince = awaitsDigestSince
    self.allClearAt = allClearAt
    self.resolvedAt = resolvedAt
    self.passesNext = passesNext
    self.lastReason = lastReason
    self.lastRule = lastRule
  }

  /// The count shown in a mail or digest that is sent now.
  package var count: RunningCount {
    let history = episode.quietBefore.map {
      RunningCount.History(episodes: episode.number, total: total, firstSeen: firstSeen, quiet: $0)
    }
    return RunningCount(heldBack: held, total: episode.mails, since: episode.start, history: history)
  }

  /// Returns the record with one more mail, before the decision about it.
  ///
  /// - Parameter beginning: the kind of episode that the mail begins, or nil if the current episode goes on.
  static func arriving(_ record: WindowRecord?, _ beginning: Episode.Beginning?, now: Timestamp) -> WindowRecord {
    var next =
      record
      ?? WindowRecord(firstSeen: now, lastSeen: now, windowStart: nil, held: 0, total: 0, suppressed: 0)
    if let record, let beginning {
      next.episode = record.episode.next(beginning, after: now.since(record.lastSeen), now: now)
      next.resolvedAt = nil
    }
    next.lastSeen = now
    next.total = next.total.saturatingAdding(1)
    next.episode.mails = next.episode.mails.saturatingAdding(1)
    return next
  }

  /// Updates the record with the verdict on the mail.
  mutating func carryOut(_ verdict: Verdict, now: Timestamp) {
    switch verdict {
    case .forward(.newVariant, _):
      variantsShown = variantsShown.saturatingAdding(1)
    case .forward:
      opensWindow(at: now)
    case .suppress(let reason, _):
      held = held.saturatingAdding(1)
      suppressed = suppressed.saturatingAdding(1)
      if reason == .stormCap { awaitsDigestSince = awaitsDigestSince ?? now }
    }
  }

  /// Opens a window with a mail or digest that reports the error. From now on the error is held back.
  package mutating func opensWindow(at now: Timestamp) {
    // The window that was open until now is confirmed: its mail was not rejected.
    if windowStart != nil { rejection = nil }
    passesNext = false
    windowStart = now
    held = 0
    variantsShown = 0
    awaitsDigestSince = nil
    episode.told = episode.told.saturatingAdding(1)
    episode.milestone = max(episode.milestone, episode.mails)
  }

  /// Marks the error as resolved, as `dedupctl resolve` does. The next mail is a regression.
  package mutating func resolve(at now: Timestamp) {
    resolvedAt = now
    ends()
  }

  /// Ends the episode: no more mail of it is expected.
  package mutating func ends() {
    episode.isOver = true
    allClearAt = nil
  }
}

/// What is known of one fingerprint in one site.
package struct WindowRecord: Hashable, Sendable, Codable {
  package var firstSeen: Timestamp
  package var lastSeen: Timestamp
  /// When the mail that opened the current window was forwarded; nil once a window was re-opened because that mail
  /// was finally rejected upstream.
  package var windowStart: Timestamp?
  /// Mails held back since the last one that was forwarded.
  package var held: Int
  /// Mails seen in all, forwarded and held back.
  package var total: Int
  /// Mails held back in all.
  package var suppressed: Int
  /// The length of the current window where it is not that of all others; nil: it is.
  package var length: Duration?
  /// Variants that were forwarded beside the first mail of the current window.
  package var variantsShown: Int
  package var episode: Episode
  /// Since when the storm cap holds a mail of it back that would have gone out: the next digest names it.
  package var awaitsDigestSince: Timestamp?
  /// When an all-clear is due if no mail comes before; nil: none is wanted.
  package var allClearAt: Timestamp?
  /// When somebody said that it is resolved; nil once it came back.
  package var resolvedAt: Timestamp?
  /// An admin wants the next mail, whatever holds it back.
  package var passesNext: Bool
  /// What became of the latest mail, in the word of `Verdict.reason`; nil: it came before that was kept.
  package var lastReason: String?
  /// The rule that decided over it; nil: none did.
  package var lastRule: String?
  /// What became of the latest mails that told of it, where the next hop rejected them for good; nil: the latest one
  /// whose window passed was not rejected.
  package var rejection: Rejection?

  /// - Parameter episode: nil: everything so far was one.
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

  /// The count that a mail or a digest reads which goes out now.
  package var count: RunningCount {
    let history = episode.quietBefore.map {
      RunningCount.History(episodes: episode.number, total: total, firstSeen: firstSeen, quiet: $0)
    }
    return RunningCount(heldBack: held, total: episode.mails, since: episode.start, history: history)
  }

  /// The record with one more mail, before anything is decided over it.
  ///
  /// - Parameter beginning: of the episode that it begins; nil: the running one goes on.
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

  /// Takes over what became of the mail.
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

  /// What a mail or a digest does that tells of this error: from now on it is held back.
  package mutating func opensWindow(at now: Timestamp) {
    // The window that was open until now stood: its mail was not rejected.
    if windowStart != nil { rejection = nil }
    passesNext = false
    windowStart = now
    held = 0
    variantsShown = 0
    awaitsDigestSince = nil
    episode.told = episode.told.saturatingAdding(1)
    episode.milestone = max(episode.milestone, episode.mails)
  }

  /// What `dedupctl resolve` does: the next mail is a regression.
  package mutating func resolve(at now: Timestamp) {
    resolvedAt = now
    ends()
  }

  /// Nothing more is expected of the episode.
  package mutating func ends() {
    episode.isOver = true
    allClearAt = nil
  }
}

/// Why a mail goes out.
package enum ForwardReason: Hashable, Sendable {
  /// No mail of this fingerprint was forwarded in this site before. Some may have been held back by a rule that is
  /// gone now.
  case first
  /// The window of the last forwarded mail is over.
  case windowElapsed
  /// The same where windows grow (`WindowSettings.reminders`): it goes on.
  case stillGoing
  /// It was quiet for so long that this is another episode.
  case again
  /// Somebody had resolved it.
  case regression
  /// The last forwarded mail never reached the inbox: the upstream rejected it for good.
  case lastOneRejected
  /// The wall clock stands well before the start of the window: it was set back, and hiding until it catches up could
  /// take days.
  case clockJumpedBack
  /// Inside the window, but another path or text of the same error that was never seen before; see
  /// `WindowSettings.variants`.
  case newVariant
  /// A silence of the admin ended with this mail: as many came as it was for, or they came too fast for it.
  case silenceEnded
  /// Each mail of the site goes out; see `WindowSettings.Mode`.
  case passingSite
  /// The rule of that name lets each one pass.
  case rule(String)
  /// An admin asked for the next one.
  case requested
  /// Not an error report; the reason is the one that the recogniser gave.
  case pass(String)
  /// A doubt while judging; the reason is the one that the recogniser gave.
  case doubt(String)

  /// The word that log, metric, header and CLI show.
  package var text: String {
    switch self {
    case .first: "first"
    case .windowElapsed: "window-elapsed"
    case .stillGoing: "still-going"
    case .again: "again"
    case .regression: "regression"
    case .lastOneRejected: "last-one-rejected"
    case .clockJumpedBack: "clock-jumped-back"
    case .newVariant: "new-variant"
    case .silenceEnded: "silence-ended"
    case .passingSite: "passing-site"
    case .requested: "requested"
    case .rule(let name): "rule/\(name)"
    case .pass(let reason): "pass/\(reason)"
    case .doubt(let reason): "doubt/\(reason)"
    }
  }

  /// Whether the admin asked for each of these mails, so that no cap and no window concerns them.
  package var isAskedFor: Bool {
    switch self {
    case .rule, .passingSite, .requested, .pass, .doubt: true
    case .first, .windowElapsed, .stillGoing, .again, .regression, .lastOneRejected, .clockJumpedBack, .newVariant,
      .silenceEnded:
      false
    }
  }
}

/// Why a mail is held back.
package enum SuppressionReason: String, Hashable, Sendable, Codable {
  /// A mail of the same fingerprint and site was forwarded and its window is not over.
  case insideWindow = "inside-window"
  /// The next hop rejected the last mail of the error for good; the next one goes out a while later (`Rejection`).
  case afterRejection = "after-rejection"
  /// A rule or a silence of the admin says so.
  case silenced
  /// A rule of the admin keeps it for the summary.
  case summaryOnly = "summary-only"
  /// It would go out, but so many mails about errors of its site did within the hour that it waits for the digest.
  case stormCap = "storm-cap"
  /// It may be an error report, and so many like it went out within the window that it is kept and waits for the digest.
  case doubtFlood = "doubt-flood"
}

/// How often an error was seen, as the inbox gets to read it.
package struct RunningCount: Hashable, Sendable, Codable {
  /// Held back since the mail that was forwarded before this one.
  package var heldBack: Int
  /// Seen in this episode, this one included.
  package var total: Int
  /// When the episode began.
  package var since: Timestamp
  /// What was before the episode; nil in the first one.
  package var history: History?

  package struct History: Hashable, Sendable, Codable {
    /// Episodes so far, this one included.
    package var episodes: Int
    /// Seen in all, this one included.
    package var total: Int
    package var firstSeen: Timestamp
    /// How long it had been quiet.
    package var quiet: Duration

    package init(episodes: Int, total: Int, firstSeen: Timestamp, quiet: Duration) {
      self.episodes = episodes
      self.total = total
      self.firstSeen = firstSeen
      self.quiet = quiet
    }
  }

  package init(heldBack: Int, total: Int, since: Timestamp, history: History? = nil) {
    self.heldBack = heldBack
    self.total = total
    self.since = since
    self.history = history
  }
}

/// What becomes of one mail.
package enum Verdict: Hashable, Sendable {
  /// Goes out. The count is nil for mail that has no fingerprint.
  case forward(ForwardReason, RunningCount?)
  /// Is held back and counted; the count includes it.
  case suppress(SuppressionReason, RunningCount)

  /// The word that log, metric and CLI show.
  package var reason: String {
    switch self {
    case .forward(let reason, _): reason.text
    case .suppress(let reason, _): reason.rawValue
    }
  }

  package var isForward: Bool {
    if case .forward = self { true } else { false }
  }
}

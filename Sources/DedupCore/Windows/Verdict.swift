/// The reason why a mail is forwarded.
package enum ForwardReason: Hashable, Sendable {
  /// No mail of this fingerprint was forwarded in this site before. Some may have been held back by a rule that is gone
  /// now.
  case first
  /// The window of the last forwarded mail is over.
  case windowElapsed
  /// The window of the last forwarded mail is over and the error goes on, where windows grow
  /// (`WindowSettings.reminders`).
  case stillGoing
  /// The error was quiet for so long that this is another episode.
  case again
  /// The error came back after an admin had resolved it.
  case regression
  /// The last forwarded mail never reached the inbox: the next hop rejected it for good.
  case lastOneRejected
  /// The wall clock stands well before the start of the window: it was set back, and holding mail back until it catches
  /// up could take days.
  case clockJumpedBack
  /// The window is open, but the mail shows another path or text of the same error that was never seen before; see
  /// `WindowSettings.variants`.
  case newVariant
  /// A silence of the admin ended with this mail: the set number of mails had been held back, or they arrived too fast
  /// for it.
  case silenceEnded
  /// Each mail of the site is forwarded; see `WindowSettings.Mode`.
  case passingSite
  /// The rule of that name lets each mail pass.
  case rule(String)
  /// An admin asked for the next mail of the error.
  case requested
  /// The mail is not an error report, for the reason that the recogniser gave.
  case pass(String)
  /// The recogniser was in doubt, for the reason that it gave.
  case doubt(String)

  /// The word shown in log, metrics, header and CLI.
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

  /// True if a mail of another relay about the same error can stand for this one (`[fleet]`). What a rule or a site lets
  /// pass is each relay's own.
  package var isSharedByFleet: Bool { !isAskedFor || self == .requested }

  /// True if the admin asked for each of these mails, so that no cap and no window applies to them.
  package var isAskedFor: Bool {
    switch self {
    case .rule, .passingSite, .requested, .pass, .doubt: true
    case .first, .windowElapsed, .stillGoing, .again, .regression, .lastOneRejected, .clockJumpedBack, .newVariant,
      .silenceEnded:
      false
    }
  }
}

/// The reason why a mail is held back.
package enum SuppressionReason: String, Hashable, Sendable, Codable {
  /// A mail of the same fingerprint and site was forwarded, and its window is not over.
  case insideWindow = "inside-window"
  /// The next hop rejected the last mail of the error for good. The next one is forwarded a while later (`Rejection`).
  case afterRejection = "after-rejection"
  /// A rule or a silence of the admin holds it back.
  case silenced
  /// A rule of the admin keeps it for the summary.
  case summaryOnly = "summary-only"
  /// The mail would be forwarded, but so many mails about errors of its site were forwarded within the hour that it
  /// waits for the digest.
  case stormCap = "storm-cap"
  /// The mail may be an error report, and so many like it were forwarded within the window that it is kept and waits
  /// for the digest.
  case doubtFlood = "doubt-flood"
  /// Another relay of the fleet reported the error within the window; otherwise the mail would be forwarded.
  case fleetWindow = "fleet-window"
}

/// The count of an error as it is shown to the inbox.
package struct RunningCount: Hashable, Sendable, Codable {
  /// The number of mails held back since the previous forwarded mail.
  package var heldBack: Int
  /// The number of mails seen in this episode, including this one.
  package var total: Int
  /// The start of the episode.
  package var since: Timestamp
  /// The history before the episode, or nil in the first one.
  package var history: History?

  package struct History: Hashable, Sendable, Codable {
    /// The number of episodes so far, including this one.
    package var episodes: Int
    /// The number of mails ever seen, including this one.
    package var total: Int
    package var firstSeen: Timestamp
    /// The time for which the error was quiet before the episode.
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

/// The decision about one mail.
package enum Verdict: Hashable, Sendable {
  /// The mail is forwarded. The count is nil for mail that has no fingerprint.
  case forward(ForwardReason, RunningCount?)
  /// The mail is held back and counted. The count includes it.
  case suppress(SuppressionReason, RunningCount)

  /// The word shown in log, metrics and CLI.
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

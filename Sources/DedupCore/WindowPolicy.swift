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
  /// The length of the current window where a rule gives it one of its own; nil: as long as all others.
  package var length: Duration?
  /// Variants that were forwarded beside the first mail of the current window.
  package var variantsShown: Int

  package init(
    firstSeen: Timestamp, lastSeen: Timestamp, windowStart: Timestamp?, held: Int, total: Int, suppressed: Int,
    length: Duration? = nil, variantsShown: Int = 0
  ) {
    self.length = length
    self.variantsShown = variantsShown
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen
    self.windowStart = windowStart
    self.held = held
    self.total = total
    self.suppressed = suppressed
  }
}

/// Why a mail goes out.
package enum ForwardReason: Hashable, Sendable {
  /// No mail of this fingerprint was forwarded in this site before. Some may have been held back by a rule that is
  /// gone now.
  case first
  /// The window of the last forwarded mail is over.
  case windowElapsed
  /// The last forwarded mail never reached the inbox: the upstream rejected it for good.
  case lastOneRejected
  /// The wall clock stands well before the start of the window: it was set back, and hiding until it catches up could
  /// take days.
  case clockJumpedBack
  /// Inside the window, but another path or text of the same error that was never seen before; see
  /// `WindowPolicy.variants`.
  case newVariant
  /// The rule of that name lets each one pass.
  case rule(String)
  /// Not an error report; the reason is the one that the recogniser gave.
  case pass(String)
  /// A doubt while judging; the reason is the one that the recogniser gave.
  case doubt(String)

  /// The word that log, metric, header and CLI show.
  package var text: String {
    switch self {
    case .first: "first"
    case .windowElapsed: "window-elapsed"
    case .lastOneRejected: "last-one-rejected"
    case .clockJumpedBack: "clock-jumped-back"
    case .newVariant: "new-variant"
    case .rule(let name): "rule/\(name)"
    case .pass(let reason): "pass/\(reason)"
    case .doubt(let reason): "doubt/\(reason)"
    }
  }
}

/// Why a mail is held back.
package enum SuppressionReason: String, Hashable, Sendable, Codable {
  /// A mail of the same fingerprint and site was forwarded and its window is not over.
  case insideWindow = "inside-window"
  /// A rule of the admin silences it.
  case silenced
  /// A rule of the admin keeps it for the summary.
  case summaryOnly = "summary-only"
}

/// How often an error was seen, as the inbox gets to read it.
package struct RunningCount: Hashable, Sendable, Codable {
  /// Held back since the mail that was forwarded before this one.
  package var heldBack: Int
  /// Seen in all, this one included.
  package var total: Int
  package var since: Timestamp

  package init(heldBack: Int, total: Int, since: Timestamp) {
    self.heldBack = heldBack
    self.total = total
    self.since = since
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
}

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
/// A length of zero forwards everything. A rule of the admin may say otherwise for single errors: each goes out, none
/// goes out, or the window has another length.
package struct WindowPolicy: Hashable, Sendable {
  /// How long after a forwarded mail the same error is held back. No error is hidden for longer.
  package var length: Duration
  /// How far before its own start a window still counts as open; never more than its length. Connections stamp their
  /// mails by themselves and reach the commit point in another order, so a storm would leak without it.
  package var tolerance: Duration = .seconds(10)
  /// How many variants that were never seen before go out within one window, beside the mail that opened it. They
  /// neither open a window nor clear the count of what is held back. None by default: of the variants in our corpus
  /// none was another bug (docs/fingerprints.md, "Variants").
  package var variants = 0

  package init(length: Duration = .seconds(3600)) { self.length = length }

  /// What is known of the mail beyond its fingerprint.
  package struct Arrival: Hashable, Sendable {
    package var rule: RuleEffect?
    /// No mail of this fingerprint took this path with this text before.
    package var isNewVariant: Bool

    package init(rule: RuleEffect? = nil, isNewVariant: Bool = false) {
      self.rule = rule
      self.isNewVariant = isNewVariant
    }
  }

  /// - Parameter record: what was known before this mail; nil when the fingerprint is new in its site.
  package func decide(_ record: WindowRecord?, _ arrival: Arrival = Arrival(), now: Timestamp) -> Verdict {
    let count = RunningCount(
      heldBack: record?.held ?? 0, total: (record?.total ?? 0).saturatingAdding(1), since: record?.firstSeen ?? now)
    if let rule = arrival.rule, let verdict = decide(rule, count) { return verdict }
    guard let record else { return .forward(.first, count) }
    if let reason = reasonToForward(record, arrival.rule?.window ?? length, now: now) { return .forward(reason, count) }
    if arrival.isNewVariant, record.variantsShown < variants { return .forward(.newVariant, count) }
    return .suppress(.insideWindow, count.holdingOneMore)
  }

  /// The end of the window that a mail forwarded at `start` opens.
  package func end(of start: Timestamp, length own: Duration? = nil) -> Timestamp { start.advanced(by: own ?? length) }

  private func decide(_ rule: RuleEffect, _ count: RunningCount) -> Verdict? {
    switch rule.treatment {
    case .dedup: nil
    case .pass: .forward(.rule(rule.name), count)
    case .silence: .suppress(.silenced, count.holdingOneMore)
    case .summaryOnly: .suppress(.summaryOnly, count.holdingOneMore)
    }
  }

  private func reasonToForward(_ record: WindowRecord, _ length: Duration, now: Timestamp) -> ForwardReason? {
    guard let start = record.windowStart else {
      // A rule held all of them back until now.
      return record.suppressed >= record.total ? .first : .lastOneRejected
    }
    if start.since(now) > max(.zero, min(tolerance, length)) { return .clockJumpedBack }
    return now >= end(of: start, length: length) ? .windowElapsed : nil
  }
}

extension RunningCount {
  fileprivate var holdingOneMore: RunningCount {
    var count = self
    count.heldBack = count.heldBack.saturatingAdding(1)
    return count
  }
}

extension WindowRecord {
  /// The record after `verdict` was carried out for one mail of this fingerprint.
  package static func after(
    _ verdict: Verdict, of record: WindowRecord?, _ arrival: WindowPolicy.Arrival = .init(), now: Timestamp
  ) -> WindowRecord {
    var next =
      record
      ?? WindowRecord(firstSeen: now, lastSeen: now, windowStart: nil, held: 0, total: 0, suppressed: 0)
    next.lastSeen = now
    next.total = next.total.saturatingAdding(1)
    next.length = arrival.rule?.window
    switch verdict {
    case .forward(.newVariant, _):
      next.variantsShown = next.variantsShown.saturatingAdding(1)
    case .forward:
      next.windowStart = now
      next.held = 0
      next.variantsShown = 0
    case .suppress:
      next.held = next.held.saturatingAdding(1)
      next.suppressed = next.suppressed.saturatingAdding(1)
    }
    return next
  }
}

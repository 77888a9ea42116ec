import DedupCore
import MailMessage

/// The result of running reports through the relay's window policy in their order, with or without the rules.
struct TrialRun {
  private(set) var totals = RuleTrialResult.Totals()
  /// The mails about these reports that go out, by quarters of an hour; see `ReplayTotals`.
  private(set) var inbox: [Int64: Int] = [:]
  private(set) var arrived: [Int64: Int] = [:]

  init(_ reports: [(Occurrence, Timestamp)], _ policy: WindowPolicy) {
    var replay = Replay(policy)
    // A report names its site, so the envelope does not matter.
    let nobody = Envelope(sender: .null, recipients: [])
    for (report, time) in reports {
      if case .forward(.rule, _) = replay.accept(.report(report), from: nobody, at: time) { totals.passed += 1 }
    }
    replay.finish()
    totals.groups = replay.errors.count
    totals.forwarded = replay.totals.allForwarded
    totals.ownMails = replay.totals.ownMails
    totals.heldBack = replay.totals.allHeldBack
    totals.silenced = replay.totals.heldBack[SuppressionReason.silenced.rawValue] ?? 0
    totals.summaryOnly = replay.totals.heldBack[SuppressionReason.summaryOnly.rawValue] ?? 0
    inbox = replay.totals.inboxByQuarter
    arrived = replay.totals.arrivedByQuarter
  }
}

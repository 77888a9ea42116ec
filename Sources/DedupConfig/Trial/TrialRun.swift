package import DedupCore
package import Fingerprint

/// What the window policy makes of mails in their order, without a store.
struct TrialRun {
  private(set) var isReport: [Bool] = []
  private(set) var isForwarded: [Bool] = []
  private(set) var totals = RuleTrialResult.Totals()
  private var records: [String: WindowRecord] = [:]
  private var variants: Set<[String]> = []

  static func counts(_ mails: [(FingerprintedReport?, Timestamp)], _ policy: WindowPolicy) -> TrialRun {
    var run = TrialRun()
    for (report, time) in mails { run.arrive(report, at: time, policy) }
    run.totals.groups = run.records.count
    return run
  }

  private mutating func arrive(_ report: FingerprintedReport?, at now: Timestamp, _ policy: WindowPolicy) {
    isReport.append(report != nil)
    guard let report else { return isForwarded.append(true) }
    let name = Self.name(report)
    let isNewVariant = variants.insert([name, report.variant]).inserted
    let arrival = WindowPolicy.Arrival(
      rule: report.ruling.map(RuleEffect.init), isNewVariant: isNewVariant && records[name] != nil)
    let decision = policy.decide(records[name], arrival, now: now)
    records[name] = decision.record
    count(decision.verdict)
  }

  private mutating func count(_ verdict: Verdict) {
    switch verdict {
    case .forward(let reason, _):
      isForwarded.append(true)
      totals.forwarded += 1
      if case .rule = reason { totals.passed += 1 }
    case .suppress(let reason, _):
      isForwarded.append(false)
      totals.heldBack += 1
      if reason == .silenced { totals.silenced += 1 }
      if reason == .summaryOnly { totals.summaryOnly += 1 }
    }
  }

  /// Sites never share a window. The envelope is not known any more; the site's own names are.
  static func name(_ report: FingerprintedReport) -> String {
    [report.fingerprint.text, report.settingsModule ?? "", report.subjectPrefix ?? ""].joined(separator: "\u{1F}")
  }
}

extension RuleEffect {
  /// What a rule said, in the words of the window policy and the store.
  package init(_ ruling: Ruling) {
    let treatment: Treatment =
      switch ruling.action {
      case .dedup: .dedup
      case .pass: .pass
      case .silence: .silence
      case .summaryOnly: .summaryOnly
      }
    self.init(name: ruling.rule, treatment: treatment, window: ruling.window)
  }
}

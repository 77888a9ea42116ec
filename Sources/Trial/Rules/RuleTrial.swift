package import DedupConfig
package import DedupCore
import Fingerprint
import MailMessage

/// Tests rules on past mail: which mails each would have matched, which groups it would have joined or split, and how
/// many mails a day would have come. Nothing is changed; the mails are judged once without and once with the rules, and
/// `Replay` treats both as the relay would.
///
/// A mail without a time of arrival counts as arrived at the time of the mail before it in the order of the files.
package struct RuleTrial: Sendable {
  private let plain: MailJudge
  private let ruled: MailJudge
  private let policy: WindowPolicy
  private let utcOffsetMinutes: @Sendable (Timestamp) -> Int
  private var mails: [Mail] = []

  private struct Mail: Sendable {
    var file: String
    var arrivedAt: Timestamp?
    /// The report without the rules; nil for mail that is no error report, or an unclear one: it goes out either way.
    var before: Occurrence?
    var after: Occurrence?
  }

  /// - Parameter utcOffsetMinutes: the offset from UTC, at a time, of the clock by which days are counted, in minutes.
  package init(_ configuration: Configuration, utcOffsetMinutes: @escaping @Sendable (Timestamp) -> Int = { _ in 0 }) {
    ruled = configuration.judge
    plain = ruled.with(ruled.reader.with(RuleSet()))
    policy = configuration.window
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// Adds one more mail; the order of the calls does not matter.
  package mutating func add(_ mail: PastMail, file: String) {
    func report(_ judge: MailJudge) -> Occurrence? {
      if case .report(let report) = judge.judge(mail.message, from: mail.envelope) { report } else { nil }
    }
    let before = report(plain)
    mails.append(
      Mail(
        file: file, arrivedAt: mail.arrivedAt, before: before, after: before == nil ? nil : report(ruled)))
  }

  /// Returns what the rules change.
  package func result() -> RuleTrialResult {
    let mails = self.mails.sorted { $0.file < $1.file }
    let order = Chronology.order(mails.map(\.arrivedAt))
    func run(_ side: (Mail) -> Occurrence?) -> TrialRun {
      TrialRun(order.compactMap { index, time in side(mails[index]).map { ($0, time) } }, policy)
    }
    let (before, after) = (run(\.before), run(\.after))
    return RuleTrialResult(
      mails: mails.count, reports: mails.count { $0.before != nil }, rules: ruled.reader.rules.rules.map(matches),
      merged: changes { ($0.after, $0.before) }, split: changes { ($0.before, $0.after) },
      days: days(before, after), before: before.totals, after: after.totals)
  }
}

extension RuleTrial {
  private func matches(_ rule: Rule) -> RuleTrialResult.Match {
    let matched = mails.filter { $0.after?.rule?.name == rule.name }
    return RuleTrialResult.Match(
      rule: rule.name, action: rule.action.rawValue, mails: matched.count, errors: groups(matched) { $0.after },
      withoutRules: groups(matched) { $0.before })
  }

  /// Returns the groups of `mails`, most mails first.
  private func groups(_ mails: [Mail], _ side: (Mail) -> Occurrence?) -> [RuleTrialResult.Group] {
    var groups: [String: RuleTrialResult.Group] = [:]
    for mail in mails {
      guard let report = side(mail) else { continue }
      let name = name(report)
      let id = FingerprintRow.id(of: report.fingerprint)
      groups[name, default: .init(id: id, title: report.title, place: report.place, mails: 0)].mails += 1
    }
    return groups.sorted { ($1.value.mails, $0.key) < ($0.value.mails, $1.key) }.map(\.value)
  }

  /// Returns the groups of one side that were several on the other.
  private func changes(_ sides: (Mail) -> (whole: Occurrence?, part: Occurrence?)) -> [RuleTrialResult.Change] {
    var members: [String: [Mail]] = [:]
    for mail in mails {
      if let whole = sides(mail).whole { members[name(whole), default: []].append(mail) }
    }
    var changes: [RuleTrialResult.Change] = []
    for (_, mails) in members.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
      let parts = groups(mails) { sides($0).part }
      guard parts.count > 1, let whole = groups(mails, { sides($0).whole }).first else { continue }
      let rules = Set(mails.compactMap { $0.after?.rule?.name }).sorted()
      changes.append(.init(rules: rules, whole: whole, parts: parts))
    }
    return changes
  }

  private func days(_ before: TrialRun, _ after: TrialRun) -> [RuleTrialResult.Day] {
    let arrived = DayCounts(before.arrived, utcOffsetMinutes)
    let inboxBefore = DayCounts(before.inbox, utcOffsetMinutes)
    let inboxAfter = DayCounts(after.inbox, utcOffsetMinutes)
    return DayCounts.days(of: [arrived, inboxBefore, inboxAfter]).map { day in
      RuleTrialResult.Day(date: day, arrived: arrived[day], before: inboxBefore[day], after: inboxAfter[day])
    }
  }

  /// Returns the name of a report's group. Sites never share a window, so they share no group.
  private func name(_ report: Occurrence) -> String { "\(report.fingerprint)\u{1F}\(report.site.key)" }
}

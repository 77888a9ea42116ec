package import DedupCore
import Fingerprint
import MailMessage

/// Tries rules on past mail: what each would have matched, which groups it would have joined or split, and how many
/// mails a day would have come. Nothing is touched; the mails are judged once without and once with the rules.
///
/// Days and windows go by the Date field of each mail. A mail without one counts as sent at the time of the mail
/// before it in the order of the files.
package struct RuleTrial: Sendable {
  private let plain = ReportReader()
  private let ruled: ReportReader
  private let policy: WindowPolicy
  private let utcOffsetMinutes: @Sendable (Timestamp) -> Int
  private var mails: [Mail] = []

  private struct Mail: Sendable {
    var file: String
    var sentAt: Timestamp?
    /// Nil for what is no error report, or an unclear one: it goes out either way.
    var before: FingerprintedReport?
    var after: FingerprintedReport?
  }

  /// - Parameter utcOffsetMinutes: of the clock that the days are told by.
  package init(_ configuration: Configuration, utcOffsetMinutes: @escaping @Sendable (Timestamp) -> Int = { _ in 0 }) {
    ruled = ReportReader(rules: configuration.rules)
    policy = configuration.window
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// Takes one more mail into account; the order in which they come does not matter.
  package mutating func add(_ message: [UInt8], file: String) {
    func report(_ reader: ReportReader) -> FingerprintedReport? {
      if case .report(let report) = reader.judge(message) { report } else { nil }
    }
    let before = report(plain)
    mails.append(
      Mail(
        file: file, sentAt: Self.date(of: message), before: before, after: before == nil ? nil : report(ruled)))
  }

  /// What the rules change.
  package func result() -> RuleTrialResult {
    let ordered = inOrder()
    let before = TrialRun.counts(ordered.map { ($0.before, $0.sentAt ?? .zero) }, policy)
    let after = TrialRun.counts(ordered.map { ($0.after, $0.sentAt ?? .zero) }, policy)
    return RuleTrialResult(
      mails: mails.count, reports: mails.count { $0.before != nil }, rules: ruled.rules.rules.map(matches),
      merged: changes { ($0.after, $0.before) }, split: changes { ($0.before, $0.after) },
      days: days(ordered.map { $0.sentAt ?? .zero }, before, after), before: before.totals, after: after.totals)
  }

  private func inOrder() -> [Mail] {
    var mails = mails.sorted { ($0.file) < ($1.file) }
    var last = mails.lazy.compactMap(\.sentAt).first
    for index in mails.indices {
      last = mails[index].sentAt ?? last
      mails[index].sentAt = last
    }
    return mails.enumerated().sorted {
      ($0.element.sentAt ?? .zero, $0.offset) < ($1.element.sentAt ?? .zero, $1.offset)
    }
    .map(\.element)
  }

  private static func date(of message: [UInt8]) -> Timestamp? {
    let bytes = message.span
    let header = HeaderBlock(bytes, in: 0..<bytes.count, limit: 1 << 20)
    guard let value = header.value(of: "date", in: bytes) else { return nil }
    return DateField.seconds(bytes.text(value.lowerBound..<min(value.upperBound, value.lowerBound + 200)))
      .map(Timestamp.init(seconds:))
  }
}

extension RuleTrial {
  private func matches(_ rule: Rule) -> RuleTrialResult.Match {
    let matched = mails.filter { $0.after?.ruling?.rule == rule.name }
    return RuleTrialResult.Match(
      rule: rule.name, action: rule.action.rawValue, mails: matched.count, errors: groups(matched) { $0.after })
  }

  /// The groups of `mails`, most mails first.
  private func groups(_ mails: [Mail], _ side: (Mail) -> FingerprintedReport?) -> [RuleTrialResult.Group] {
    var groups: [String: RuleTrialResult.Group] = [:]
    for mail in mails {
      guard let report = side(mail) else { continue }
      let name = TrialRun.name(report)
      groups[name, default: .init(title: report.title, place: report.place, mails: 0)].mails += 1
    }
    return groups.sorted { ($1.value.mails, $0.key) < ($0.value.mails, $1.key) }.map(\.value)
  }

  /// Groups of one side that were several on the other one.
  private func changes(_ sides: (Mail) -> (whole: FingerprintedReport?, part: FingerprintedReport?))
    -> [RuleTrialResult.Change]
  {
    var members: [String: [Mail]] = [:]
    for mail in mails {
      if let whole = sides(mail).whole { members[TrialRun.name(whole), default: []].append(mail) }
    }
    var changes: [RuleTrialResult.Change] = []
    for (_, mails) in members.sorted(by: { ($1.value.count, $0.key) < ($0.value.count, $1.key) }) {
      let parts = groups(mails) { sides($0).part }
      guard parts.count > 1, let whole = groups(mails, { sides($0).whole }).first else { continue }
      let rules = Set(mails.compactMap { $0.after?.ruling?.rule }).sorted()
      changes.append(.init(rules: rules, whole: whole, parts: parts))
    }
    return changes
  }

  private func days(_ times: [Timestamp], _ before: TrialRun, _ after: TrialRun) -> [RuleTrialResult.Day] {
    var days: [String: RuleTrialResult.Day] = [:]
    for (index, time) in times.enumerated() {
      let date = time.civil(offsetMinutes: utcOffsetMinutes(time)).date
      var day = days[date] ?? .init(date: date, arrived: 0, before: 0, after: 0)
      guard before.isReport[index] else { continue }
      day.arrived += 1
      if before.isForwarded[index] { day.before += 1 }
      if after.isForwarded[index] { day.after += 1 }
      days[date] = day
    }
    return days.values.sorted { $0.date < $1.date }
  }
}

extension Timestamp {
  fileprivate static let zero = Timestamp(milliseconds: 0)
}

import DedupCore
import Trial

/// The result of a trial of rules, for people: each rule with its mails, joined and split groups, mails by day.
struct TrialReport {
  let result: RuleTrialResult
  /// The maximum number of lines of each list.
  let limit: Int
  /// True if tables have their head lines.
  let hasHead: Bool

  func lines(width: Int?) -> [String] {
    [headline] + rules(width) + changes("JOINED BY", result.merged, width, "joins")
      + changes("SPLIT BY", result.split, width, "splits into")
      + days(width) + totals(width)
  }

  private var headline: String {
    "\(DisplayText.count(result.mails, "mail")), \(DisplayText.count(result.reports, "error report")) among them. Other mail passes with rules and without."
  }

  private func rules(_ width: Int?) -> [String] {
    guard !result.rules.isEmpty else { return ["", "The configuration has no rules."] }
    var table = Table([
      .init(title: "RULE"), .init(title: "ACTION"), .init(title: "MAILS", alignment: .right),
      .init(title: "ERROR", isFlexible: true), .init(title: "PLACE", isFlexible: true),
    ])
    for rule in result.rules {
      table.add([rule.rule, rule.action, "\(rule.mails)", rule.errors.isEmpty ? "matches none of them" : "", ""])
      for error in rule.errors.prefix(limit) { table.add(["", "", "\(error.mails)", error.title, error.place]) }
      let rest = rule.errors.count - min(limit, rule.errors.count)
      if rest > 0 { table.add(["", "", "", "… and \(rest) more errors", ""]) }
    }
    return [""] + table.lines(width: width, hasHead: hasHead)
  }

  private func changes(
    _ title: String, _ changes: [RuleTrialResult.Change], _ width: Int?, _ verb: String
  ) -> [String] {
    guard !changes.isEmpty else { return [] }
    var table = Table([
      .init(title: title), .init(title: "MAILS", alignment: .right),
      .init(title: "ERROR", isFlexible: true), .init(title: "PLACE", isFlexible: true),
    ])
    for change in changes.prefix(limit) {
      let rules = change.rules.joined(separator: ", ")
      table.add([rules, "\(change.whole.mails)", "\(verb) \(change.parts.count) errors:", ""])
      for part in change.parts.prefix(limit) { table.add(["", "\(part.mails)", "  " + part.title, part.place]) }
    }
    return [""] + table.lines(width: width, hasHead: hasHead)
      + (changes.count > limit ? ["… and \(changes.count - limit) more groups"] : [])
  }

  private func days(_ width: Int?) -> [String] {
    var table = Table([
      .init(title: "DAY"), .init(title: "ARRIVED", alignment: .right), .init(title: "SENT BEFORE", alignment: .right),
      .init(title: "SENT AFTER", alignment: .right),
    ])
    for day in result.days { table.add([day.date, "\(day.arrived)", "\(day.before)", "\(day.after)"]) }
    return result.days.isEmpty ? [] : [""] + table.lines(width: width, hasHead: hasHead)
  }

  private func totals(_ width: Int?) -> [String] {
    var table = Table([
      .init(title: "IN ALL"), .init(title: "BEFORE", alignment: .right), .init(title: "AFTER", alignment: .right),
    ])
    let figures: [(String, KeyPath<RuleTrialResult.Totals, Int>)] = [
      ("different errors", \.groups), ("sent", \.forwarded), ("  by a rule that passes", \.passed),
      ("digests and notices", \.ownMails),
      ("held back", \.heldBack), ("  for the summary only", \.summaryOnly), ("  silenced", \.silenced),
    ]
    for (name, figure) in figures {
      table.add([name, "\(result.before[keyPath: figure])", "\(result.after[keyPath: figure])"])
    }
    return [""] + table.lines(width: width, hasHead: hasHead)
  }
}

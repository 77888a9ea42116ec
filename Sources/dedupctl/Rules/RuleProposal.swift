import ControlAPI
import DedupConfig
import DedupCore
import Fingerprint
import Trial

/// The output of `dedupctl rules suggest` for one merged or split error.
struct RuleProposal {
  private let grouping: GroupingEntry
  /// The short ids of the errors without a kept mail.
  private let unkept: [String]
  private let suggestion: Result<RuleSuggestion, NoRule>
  /// The trial of the rule, or nil if there is no rule.
  var trial: SuggestionTrial?

  init(_ grouping: GroupingEntry, _ mails: [[UInt8]], unkept: [String], _ configuration: Configuration) {
    self.grouping = grouping
    self.unkept = unkept
    let isMerge = grouping.kind == ErrorGrouping.Kind.merged.rawValue
    let (id, reader) = (grouping.error.id, configuration.reader)
    suggestion = Result { () throws(NoRule) in
      isMerge
        ? try RuleSuggestion(merging: mails, id: id, reader: reader)
        : try RuleSuggestion(splitting: mails, id: id, reader: reader)
    }
    guard case .success(let found) = suggestion else { return }
    let members = ([grouping.error] + grouping.members).map(\.id) + found.fingerprints.map(FingerprintRow.id)
    trial = SuggestionTrial(found.rule, members: Set(members), in: configuration)
  }

  // MARK: - For people

  /// Returns text that can be put into a file of `conf.d` as it is: everything but the rule is a comment. So is the rule
  /// if it matches errors that the admin did not name.
  func lines(limit: Int) -> [String] {
    switch suggestion {
    case .success(let found):
      let text = found.rule.configurationText.trimmingLineEnd
      let warning = warning(limit: limit)
      let rule = warning.isEmpty ? [text] : comment(text.split(separator: "\n").map(String.init))
      return comment(origin + warning) + rule + comment(effect(limit: limit))
    case .failure(let why): return comment(origin + ["No rule: \(why)."])
    }
  }

  private func comment(_ lines: [String]) -> [String] { lines.map { "# " + printable($0) } }

  private var origin: [String] {
    let errors = ([grouping.error] + grouping.members).map { "\($0.id) \($0.error)" }
    let isMerge = grouping.kind == ErrorGrouping.Kind.merged.rawValue
    let missing =
      unkept.isEmpty ? [] : ["Not looked at, for no mail is kept of them: \(unkept.joined(separator: ", "))"]
    return ["From errors that you \(isMerge ? "merged" : "split") in \(grouping.error.site):"]
      + errors.map { "  " + $0 } + missing
  }

  private func effect(limit: Int) -> [String] {
    guard let effect = trial?.effect() else { return [] }
    var lines = ["Of \(DisplayText.count(effect.mails, "past mail")) it matches \(effect.matched)."]
    lines += effect.earlier.map { earlier in
      "[rule \(earlier.rule)] comes first and already decides over \(DisplayText.count(earlier.mails, "mail")) of these errors."
    }
    for change in effect.joins.prefix(limit) {
      lines += ["It joins \(change.parts.count) errors:"] + groups(change.parts, limit)
    }
    for change in effect.splits.prefix(limit) {
      lines += ["It splits \(change.whole.id) into \(change.parts.count) errors:"] + groups(change.parts, limit)
    }
    return lines
  }

  /// Returns the errors that the rule matches and the admin did not name, or nothing if there are none.
  private func warning(limit: Int) -> [String] {
    guard let strangers = trial?.effect().strangers, !strangers.isEmpty else { return [] }
    let verb = grouping.kind == ErrorGrouping.Kind.merged.rawValue ? "merge" : "split"
    return ["WARNING: this rule also matches what you did not \(verb):"] + groups(strangers, limit)
      + ["So it is commented out: narrow it, try it with dedupctl rules test, then remove the marks."]
  }

  private func groups(_ groups: [RuleTrialResult.Group], _ limit: Int) -> [String] {
    let lines = groups.prefix(limit).map { group in
      "  \(group.id) \(group.title)\(group.place.isEmpty ? "" : " at \(group.place)"): "
        + DisplayText.count(group.mails, "mail")
    }
    return lines + (groups.count > limit ? ["  … and \(groups.count - limit) more"] : [])
  }

  // MARK: - For programs

  var row: Row {
    var row = Row(kind: grouping.kind, errors: [grouping.error] + grouping.members, unkept: unkept)
    switch suggestion {
    case .success(let found):
      row.rule = found.rule.name
      row.configuration = found.rule.configurationText
      row.effect = trial?.effect()
    case .failure(let why): row.noRule = why.description
    }
    return row
  }

  struct Row: Encodable {
    var kind: String
    var errors: [ErrorName]
    /// The ids of the errors without a kept mail: the rule is made without them.
    var unkept: [String]
    var rule: String?
    /// The section as written in a file, or nil if there is no rule.
    var configuration: String?
    var effect: SuggestionEffect?
    /// The reason why there is no rule, or nil if there is one.
    var noRule: String?
  }
}

extension String {
  fileprivate var trimmingLineEnd: String { hasSuffix("\n") ? String(dropLast()) : self }
}

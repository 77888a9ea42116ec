package import DedupConfig
import DedupCore
package import Fingerprint

/// Tests one suggested rule on past mail, after the existing rules: those come first, and the mails that they match do
/// not count for the new one.
package struct SuggestionTrial: Sendable {
  private let rule: String
  private let members: Set<String>
  private var trial: RuleTrial

  /// - Parameter members: the short ids of the errors that the rule is meant for.
  package init(_ rule: Rule, members: Set<String>, in configuration: Configuration) {
    self.rule = rule.name
    self.members = members
    var configuration = configuration
    configuration.rules.rules.append(rule)
    trial = RuleTrial(configuration)
  }

  /// Adds one more mail.
  package mutating func add(_ mail: PastMail, file: String) { trial.add(mail, file: file) }

  package func effect() -> SuggestionEffect {
    let result = trial.result()
    let match = result.rules.first { $0.rule == rule }
    let matched = match?.withoutRules ?? []
    func own(_ changes: [RuleTrialResult.Change]) -> [RuleTrialResult.Change] {
      changes.filter { $0.rules.contains(rule) }
    }
    let earlier = result.rules.filter { $0.rule != rule }.map { other in
      let mails = other.withoutRules.filter { members.contains($0.id) }.reduce(0) { $0 + $1.mails }
      return SuggestionEffect.Earlier(rule: other.rule, mails: mails)
    }
    return SuggestionEffect(
      mails: result.mails, reports: result.reports, matched: match?.mails ?? 0,
      earlier: earlier.filter { $0.mails > 0 }, errors: matched, joins: own(result.merged), splits: own(result.split),
      strangers: matched.filter { !members.contains($0.id) })
  }
}

/// The effect that a suggested rule would have had on past mail.
package struct SuggestionEffect: Hashable, Sendable, Codable {
  /// The number of all mails that were read; `reports` is the number of error reports among them.
  package var mails: Int
  package var reports: Int
  /// The number of mails that the rule decides.
  package var matched: Int
  /// The installed rules that come first and decide mails of the errors that the suggested rule is meant for.
  package var earlier: [Earlier]
  /// The errors that the matched mails belong to without any rule, most mails first.
  package var errors: [RuleTrialResult.Group]
  package var joins: [RuleTrialResult.Change]
  package var splits: [RuleTrialResult.Change]
  /// The errors in `errors` that the admin did not merge or split.
  package var strangers: [RuleTrialResult.Group]

  package struct Earlier: Hashable, Sendable, Codable {
    package var rule: String
    /// The number of mails of the errors that the admin merged or split.
    package var mails: Int
  }
}

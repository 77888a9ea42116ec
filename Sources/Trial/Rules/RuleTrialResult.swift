/// What rules would have changed on past mail.
package struct RuleTrialResult: Hashable, Sendable, Codable {
  /// All mails that were read.
  package var mails: Int
  /// Those that are error reports; the others pass with rules and without.
  package var reports: Int
  /// Each rule in the order of the file.
  package var rules: [Match]
  /// Groups that are several without the rules.
  package var merged: [Change]
  /// Groups that become several.
  package var split: [Change]
  /// Days on which error reports came, the first one first.
  package var days: [Day]
  package var before: Totals
  package var after: Totals

  /// The mails that one rule decides over; those that an earlier rule takes are not its.
  package struct Match: Hashable, Sendable, Codable {
    package var rule: String
    package var action: String
    package var mails: Int
    /// The errors that they are, most mails first.
    package var errors: [Group]
    /// The errors that they are without any rule, most mails first.
    package var withoutRules: [Group]
  }

  /// Mails with one fingerprint in one site.
  package struct Group: Hashable, Sendable, Codable {
    /// The first digits of the fingerprint, as `dedupctl list` shows them.
    package var id: String
    package var title: String
    package var place: String
    package var mails: Int
  }

  package struct Change: Hashable, Sendable, Codable {
    /// The rules that do it.
    package var rules: [String]
    package var whole: Group
    package var parts: [Group]
  }

  package struct Day: Hashable, Sendable, Codable {
    /// `2026-11-22`
    package var date: String
    package var arrived: Int
    /// Mails that go out without the rules.
    package var before: Int
    /// Mails that go out with them.
    package var after: Int
  }

  package struct Totals: Hashable, Sendable, Codable {
    package var groups = 0
    package var forwarded = 0
    /// Digests of the storm cap, milestones and all-clears.
    package var ownMails = 0
    package var heldBack = 0
    /// Of the forwarded ones, those that a rule lets pass.
    package var passed = 0
    /// Of those held back, the ones that a rule silences.
    package var silenced = 0
    /// Of those held back, the ones that a rule keeps for the summary.
    package var summaryOnly = 0
  }
}

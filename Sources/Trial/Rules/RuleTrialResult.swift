/// The changes that rules would have made on past mail.
package struct RuleTrialResult: Hashable, Sendable, Codable {
  /// The number of all mails that were read.
  package var mails: Int
  /// The number of error reports among them; the other mails pass with rules and without.
  package var reports: Int
  /// The matches of each rule, in the order of the file.
  package var rules: [Match]
  /// The groups that are several without the rules.
  package var merged: [Change]
  /// The groups that become several with the rules.
  package var split: [Change]
  /// The days on which error reports came, the earliest first.
  package var days: [Day]
  package var before: Totals
  package var after: Totals

  /// The mails that one rule decides, without those that an earlier rule takes.
  package struct Match: Hashable, Sendable, Codable {
    package var rule: String
    package var action: String
    package var mails: Int
    /// The errors of these mails, most mails first.
    package var errors: [Group]
    /// The errors of these mails without any rule, most mails first.
    var withoutRules: [Group]
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
    /// The rules that cause the change.
    package var rules: [String]
    package var whole: Group
    package var parts: [Group]
  }

  package struct Day: Hashable, Sendable, Codable {
    /// The date, e.g. `2026-11-22`.
    package var date: String
    package var arrived: Int
    /// The number of mails that go out without the rules.
    package var before: Int
    /// The number of mails that go out with the rules.
    package var after: Int
  }

  package struct Totals: Hashable, Sendable, Codable {
    package var groups = 0
    package var forwarded = 0
    /// The number of mails by the relay itself: digests of the storm cap, milestones and all-clears.
    package var ownMails = 0
    package var heldBack = 0
    /// The number of forwarded mails that a rule lets pass.
    package var passed = 0
    /// The number of mails held back because a rule silences them.
    package var silenced = 0
    /// The number of mails held back because a rule keeps them for the summary.
    package var summaryOnly = 0
  }
}

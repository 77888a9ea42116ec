package import MailMessage

/// A field of a report that rules compare, and that fingerprints of rules are made of.
package enum RuleField: String, Hashable, Sendable, CaseIterable {
  /// The exception's type, as printed (`shop.models.Trip.DoesNotExist`) or its last name alone (`DoesNotExist`).
  case type
  /// The text of the exception, or of the logged message. In fingerprints: its first line, normalised.
  case text
  /// The file of the deciding frame, and that of the innermost frame of the application: `shop/pricing.py`. Patterns
  /// may also write `shop.pricing`.
  case module
  /// The functions of the frames that `module` looks at.
  case function
  /// The frame that raised, in the application's code or another's: `rest_framework/generics.py in get`. Patterns may
  /// also write `rest_framework.generics in get`.
  case innermost
  /// The application frame that called the application's innermost one, in the form of `innermost`.
  case caller
  /// The view, from `Raised during: shop.views.cart`.
  case view
  /// The path of the request. In fingerprints: without its numbers and ids.
  case path
  /// The host of the request, without the port.
  case host
  /// The settings module, from `Using settings module …`.
  case settingsModule = "settings-module"
  /// The whole Subject, decoded. Never part of a fingerprint: it carries the visitor's URL.
  case subject
  /// The template that an error names, below its template directory.
  case template

  /// True for fields that match regardless of case: host names and Subjects.
  package var ignoresCase: Bool { self == .host || self == .subject }

  /// True if fingerprints can be made of the field.
  package var isKeyPart: Bool { self != .subject }
}

/// One line of a rule: a field, and the patterns that it has to match.
package struct RuleMatcher: Hashable, Sendable {
  package var field: RuleField
  /// The patterns; one of them has to match.
  package var patterns: [Glob]

  package init(_ field: RuleField, _ patterns: [Glob]) {
    self.field = field
    self.patterns = patterns
  }
}

/// The fate of the mails that a rule matches.
package enum RuleAction: String, Hashable, Sendable, CaseIterable, Codable {
  /// Deduplicates, as without a rule: the first mail of a window goes out, the others are held back and counted.
  case dedup
  /// Sends every mail.
  case pass
  /// Sends no mail; they are counted, and the summary only says how many there were.
  case silence
  /// Sends no mail; they are counted and listed in the summary.
  case summaryOnly = "summary-only"
}

/// The change that a rule makes to the fingerprint.
package enum RuleKey: Hashable, Sendable {
  case fingerprint([Part])
  case splitBy([RuleField])

  package enum Part: Hashable, Sendable {
    case field(RuleField)
    case literal(String)
  }
}

/// One `[rule NAME]` of the configuration.
package struct Rule: Hashable, Sendable {
  package var name: String
  /// The lines of the rule; all of them have to match. A rule without any matches nothing.
  package var matchers: [RuleMatcher]
  package var action: RuleAction
  /// The change to the fingerprint, or nil if it stays as it is.
  package var key: RuleKey?
  /// The length of the window, or nil for the one that the configuration has for all errors.
  package var window: Duration?

  package init(
    name: String, matchers: [RuleMatcher], action: RuleAction = .dedup, key: RuleKey? = nil, window: Duration? = nil
  ) {
    self.name = name
    self.matchers = matchers
    self.action = action
    self.key = key
    self.window = window
  }
}

/// All rules in the order of the file; the first that matches decides.
package struct RuleSet: Hashable, Sendable {
  package var rules: [Rule]

  package init(_ rules: [Rule] = []) { self.rules = rules }
}

/// The rule that applies to one report, and what it says.
package struct Ruling: Sendable, Hashable {
  /// The name of the rule.
  package var rule: String
  package var action: RuleAction
  package var window: Duration?
}

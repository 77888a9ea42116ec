package import MailMessage

/// What rules look at, and what fingerprints of rules are made of.
package enum RuleField: String, Hashable, Sendable, CaseIterable {
  /// The exception, as printed (`shop.models.Trip.DoesNotExist`) or its last name alone (`DoesNotExist`).
  case type
  /// What the exception says, or what was logged. In fingerprints: its first line, normalised.
  case text
  /// The file of the frame that decided, and of the innermost frame of the application: `shop/pricing.py`. Patterns
  /// may also write `shop.pricing`.
  case module
  /// The functions of those frames.
  case function
  /// The frame that raised, whoever's code it is: `rest_framework/generics.py in get`. Patterns may also write
  /// `rest_framework.generics in get`.
  case innermost
  /// The application's frame that called its innermost one, in the same form.
  case caller
  /// `Raised during: shop.views.cart`.
  case view
  /// The path of the request. In fingerprints: without its numbers and ids.
  case path
  /// The host of the request, without the port.
  case host
  /// `Using settings module …`.
  case settingsModule = "settings-module"
  /// The whole Subject, decoded. Never part of a fingerprint: it carries the visitor's URL.
  case subject
  /// The template that an error names, below its template directory.
  case template

  /// Host names and Subjects match whatever the case of their letters.
  package var ignoresCase: Bool { self == .host || self == .subject }

  /// Whether fingerprints can be made of it.
  package var isKeyPart: Bool { self != .subject }
}

/// One line of a rule that says which mails it is for.
package struct RuleMatcher: Hashable, Sendable {
  package var field: RuleField
  /// Any of them has to match.
  package var patterns: [Glob]

  package init(_ field: RuleField, _ patterns: [Glob]) {
    self.field = field
    self.patterns = patterns
  }
}

/// What becomes of the mails of a rule.
package enum RuleAction: String, Hashable, Sendable, CaseIterable, Codable {
  /// As without a rule: the first of a window goes out, the others are held back and counted.
  case dedup
  /// Each one goes out.
  case pass
  /// None goes out; they are counted, and the summary only says how many there were.
  case silence
  /// None goes out; they are counted and listed in the summary.
  case summaryOnly = "summary-only"
}

/// What a rule makes of the fingerprint.
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
  /// All of them have to match. A rule without one matches nothing.
  package var matchers: [RuleMatcher]
  package var action: RuleAction
  /// Nil: the fingerprint stays as it is.
  package var key: RuleKey?
  /// Nil: the length that the configuration has for all.
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

/// What a rule said about one report.
package struct Ruling: Sendable, Hashable {
  /// The name of the rule.
  package var rule: String
  package var action: RuleAction
  package var window: Duration?
}

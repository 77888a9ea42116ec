package import Fingerprint

/// One key of a `[rule NAME]` section.
package struct RuleKeyDescription: Sendable {
  package let name: String
  /// The meaning of the key, in plain sentences.
  package let explanation: String
  package let example: String
  /// The field that a matcher looks at; nil for a key that says what the rule does.
  package let field: RuleField?
}

/// All keys of a `[rule NAME]` section, in the order of the reference.
package enum RuleSchema {
  /// The heading of a rule's section in messages and in the reference.
  static let heading = "[rule NAME]"
  /// The most rules in a file. No real configuration has more; a file given by mistake may.
  static let mostRules = 500
  static let mostPatterns = 100
  static let longestName = 40

  package static let explanation = """
    What you know and no program can: which errors are one, which are noise. A rule names error reports and says what happens to \
    them. The first rule that matches decides, in the order of this file. dedupctl rules test FOLDER shows what the \
    rules would have changed for past mail. Sections look like these:
    """

  package static let example = [
    "[rule scanners]", "type = DisallowedHost, SuspiciousOperation", "action = summary-only", "",
    "[rule payment-provider]", "module = shop/payments/*", "text = *timed out*, *502*",
    "fingerprint = \"payment provider\", host", "window = 4h",
  ]

  package static let matching = """
    Which reports: every key that is given must match, with any of its patterns, separated by commas. * stands for \
    any text, ? for one character, [a-z] for one of a set, [!a-z] for one outside of it. A pattern is for the whole \
    text: write *word* to find a word. Put one that has a comma or ends with a space in double quotes. Only host \
    and subject ignore case. A key for which a report has no value never matches.
    """

  static let acting = "What happens to them: at least one of these."

  package static let keys = matchers + actions

  static let matchers = [
    matcher(.type, "OperationalError, *.DoesNotExist", "The exception, with its module or without."),
    matcher(.text, "*too many connections*", "What the exception says, or what was logged."),
    matcher(
      .module, "shop/payments/*",
      "The file of the frame that decides, and of the innermost one of your code, as dedupctl fingerprint --explain "
        + "shows it; shop.payments.* will do too."),
    matcher(.function, "import_*", "The function of those frames."),
    matcher(
      .innermost, "rest_framework/*",
      "The frame that raised the exception, in anybody's code: rest_framework/generics.py in get."),
    matcher(.caller, "shop/views.py in *", "The frame of your code that called its innermost one."),
    matcher(.view, "shop.views.*", "The view, as the report names it behind Raised during."),
    matcher(.path, "/api/*", "The path of the request. Visitors choose it."),
    matcher(.host, "*.example.org", "The host of the request, without the port. Visitors choose it."),
    matcher(.settingsModule, "shop.settings.staging", "The settings module of the site."),
    matcher(.subject, "*Invalid HTTP_HOST*", "The whole Subject."),
    matcher(.template, "shop/invoice*", "The template that the error names, in its template directory."),
  ]

  static let actions =
    [
      RuleKeyDescription(
        name: "action",
        explanation: """
          dedup: as without a rule. pass: every mail goes out. summary-only: none goes out, the summary lists them. \
          silence: none goes out, and the summary only says how many there were.
          """,
        example: "summary-only", field: nil),
      RuleKeyDescription(
        name: "fingerprint",
        explanation: """
          What makes two reports the same error: fields, and words of your own in double quotes. Fields are \
          \(keyFields.map(\.rawValue).joined(separator: ", ")); numbers and ids in text and path do not count. When a \
          report lacks one of the fields, its usual fingerprint stays.
          """,
        example: "\"payment provider\", host", field: nil),
      RuleKeyDescription(
        name: "split-by",
        explanation: "Fields that split what would otherwise be one error.", example: "host", field: nil),
      RuleKeyDescription(
        name: "window", explanation: "How long the same error is held back, in place of length in [window].",
        example: "15min", field: nil),
    ]
    + OverrideKey.ofRules.map { key in
      RuleKeyDescription(
        name: key.name, explanation: "As in [window], for these errors only.", example: key.example, field: nil)
    }

  static let keyFields = RuleField.allCases.filter(\.isKeyPart)

  private static func matcher(_ field: RuleField, _ example: String, _ explanation: String) -> RuleKeyDescription {
    RuleKeyDescription(name: field.rawValue, explanation: explanation, example: example, field: field)
  }
}

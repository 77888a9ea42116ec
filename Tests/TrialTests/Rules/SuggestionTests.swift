import DedupConfig
import DedupCore
import Fingerprint
import Testing
import Trial

/// Which rule `dedupctl rules suggest` makes of merged and split errors.
@Suite struct SuggestionTests {
  /// A report of Django's in which what rules look at can be chosen.
  struct Report {
    var type = "KeyError"
    var text = "'price'"
    var module = "orders/pricing"
    var function = "total"
    var caller = "cart"
    var view: String? = "orders.views.cart"
    var settings = "shop.settings"

    var mail: [UInt8] {
      let text = """
        Subject: [Shop] ERROR: Internal Server Error: /cart/
        Date: 1 Nov 2026 9:00:00 +0000

        Internal Server Error: /cart/

        \(type) at /cart/
        \(text)

        Request Method: GET
        Request URL: https://shop.example.org/cart/
        Django Version: 4.2
        Python Executable: /usr/bin/python3
        Python Version: 3.11.2
        Python Path: ['/srv/shop']

        Traceback (most recent call last):
          File "/srv/shop/orders/views.py", line 3, in \(caller)
            return answer(request)
          File "/srv/shop/\(module).py", line 7, in \(function)
            return work(request)

        Exception Type: \(type) at /cart/
        Exception Value: \(text)
        \(view.map { "Raised during: \($0)\n" } ?? "")Request information:
        USER: AnonymousUser

        Using settings module \(settings)
        \((1...20).map { "DEFAULT_\($0) = None" }.joined(separator: "\n"))
        """
      return text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
    }
  }

  static func merged(_ reports: [Report], _ configuration: String = "") throws(NoRule) -> RuleSuggestion {
    try RuleSuggestion(merging: reports.map(\.mail), id: "1a2b", reader: parse(configuration).configuration.reader)
  }

  static func split(_ reports: [Report], _ configuration: String = "") throws(NoRule) -> RuleSuggestion {
    try RuleSuggestion(splitting: reports.map(\.mail), id: "1a2b", reader: parse(configuration).configuration.reader)
  }

  static let slow = "Read timed out after 10 seconds"

  @Test(
    "the matchers of a merge are what all mails agree on, and their types, modules and functions",
    arguments: [
      (
        [Report(), Report(function: "subtotal")],
        [
          "type = KeyError", "module = orders/pricing.py", "function = subtotal, total",
          "caller = orders/views.py in cart", "view = orders.views.cart",
        ]
      ),
      (
        [Report(), Report(type: "TypeError")],
        [
          "type = KeyError, TypeError", "module = orders/pricing.py", "function = total",
          "innermost = orders/pricing.py in total", "caller = orders/views.py in cart", "view = orders.views.cart",
        ]
      ),
      (
        [Report(text: slow, module: "a", function: "b", view: nil), Report(text: "Read timed out after 15 minutes")],
        [
          "type = KeyError", "text = Read timed out after *", "module = a.py, orders/pricing.py",
          "function = b, total", "caller = orders/views.py in cart",
        ]
      ),
      (
        [Report(text: "[a*b?], \"quoted\"", view: nil), Report(text: "[a*b?], \"quoted\"", function: "x", view: nil)],
        [
          "type = KeyError", "text = \"[[]a[*]b[?]], ?quoted?*\"", "module = orders/pricing.py",
          "function = total, x", "caller = orders/views.py in cart",
        ]
      ),
      (
        [
          Report(type: "IndexError", function: "v18", caller: "a"),
          Report(type: "NameError", function: "v19", view: nil),
        ],
        ["type = IndexError, NameError", "module = orders/pricing.py", "function = v18, v19"]
      ),
    ])
  func merging(_ reports: [Report], _ matchers: [String]) throws {
    let suggestion = try Self.merged(reports)
    #expect(suggestion.rule.matcherLines == matchers + ["settings-module = shop.settings"])
    #expect(suggestion.rule.actionLines == ["fingerprint = \"merged 1a2b\""] && suggestion.fingerprints.count == 2)
    let parsed = parse(suggestion.rule.configurationText)
    #expect(parsed.errors.isEmpty && parsed.configuration.rules.rules == [suggestion.rule])
  }

  @Test(
    "a split is by the first field that tells the variants apart",
    arguments: [
      ([Report(), Report(caller: "basket")], "caller"),
      ([Report(), Report(text: "no weight was given")], "text"),
    ])
  func splitting(_ reports: [Report], _ field: String) throws {
    let suggestion = try Self.split(reports)
    #expect(suggestion.rule.name == "split-1a2b" && suggestion.rule.actionLines == ["split-by = \(field)"])
    #expect(suggestion.rule.matcherLines.contains("innermost = orders/pricing.py in total"))
    #expect(suggestion.fingerprints.count == 1)
    #expect(parse(suggestion.rule.configurationText).errors.isEmpty)
  }

  @Test("where no rule fits it says why")
  func none() {
    #expect(throws: NoRule.noMail) { try Self.merged([]) }
    #expect(throws: NoRule.noMail) {
      try RuleSuggestion(merging: [RuleTrialTests.ordinary], id: "1a2b", reader: ReportReader())
    }
    #expect(throws: NoRule.oneError) { try Self.merged([Report(), Report()]) }
    #expect(throws: NoRule.oneVariant) { try Self.split([Report(), Report()]) }
    #expect(throws: NoRule.nothingInCommon) {
      try Self.merged([Report(), Report(type: "TypeError", module: "a", function: "b", caller: "c")])
    }
    #expect(throws: NoRule.nothingTellsApart) {
      try Self.split([Report(), Report(caller: "basket"), Report(text: "no weight was given")])
    }
  }

  @Test("a rule that says it already is enough, and a new one gets a name of its own")
  func present() throws {
    let reports = [Report(), Report(function: "subtotal")]
    let rule = try Self.merged(reports).rule.configurationText
    #expect(throws: NoRule.isSaidAlready) { try Self.merged(reports, rule) }
    #expect(try Self.merged(reports + [Report(module: "orders/tax")], rule).rule.name == "merged-1a2b-2")
    let variants = [Report(), Report(caller: "basket")]
    #expect(throws: NoRule.isSaidAlready) {
      try Self.split(variants, try Self.split(variants).rule.configurationText)
    }
  }

  @Test("the trial tells what a rule joins, and what it should not have met")
  func trial() throws {
    let reports = [Report(), Report(function: "subtotal")]
    let suggestion = try Self.merged(reports)
    let members = Set(suggestion.fingerprints.map(FingerprintRow.id))
    var trial = SuggestionTrial(suggestion.rule, members: members, in: Configuration())
    for (number, report) in (reports + reports + [Report(type: "TypeError")]).enumerated() {
      trial.add(PastMail(report.mail), file: "\(number)")
    }
    #expect(trial.effect().matched == 4 && trial.effect().strangers == [])
    #expect(trial.effect().joins.map(\.parts.count) == [2] && trial.effect().splits == [])
    trial.add(PastMail(Report(function: "tax").mail), file: "6")
    #expect(trial.effect().matched == 4 && trial.effect().strangers == [])
  }

  @Test("a type of one error with the function of the other is an error that was not merged")
  func strangers() throws {
    let suggestion = try Self.merged([Report(), Report(type: "TypeError", function: "subtotal")])
    let members = Set(suggestion.fingerprints.map(FingerprintRow.id))
    var trial = SuggestionTrial(suggestion.rule, members: members, in: Configuration())
    trial.add(PastMail(Report(function: "subtotal").mail), file: "1")
    #expect(trial.effect().strangers.map(\.place) == ["orders/pricing.py in subtotal"])
  }

  @Test("of mails that an earlier rule takes the trial of a new one counts none")
  func earlierRule() throws {
    let reports = [Report(), Report(function: "subtotal")]
    let suggestion = try Self.merged(reports)
    let configuration = parse("[rule all]\ntype = *\naction = pass").configuration
    var trial = SuggestionTrial(suggestion.rule, members: [], in: configuration)
    trial.add(PastMail(Report().mail), file: "1")
    #expect(trial.effect().matched == 0 && trial.effect().joins == [])
  }
}

import DedupConfig
import DedupCore
import Testing
import Trial

/// What `dedupctl rules test` says about past mail.
@Suite struct RuleTrialTests {
  /// A report of Django's; day and hour of November 2026.
  static func mail(_ type: String = "KeyError", function: String = "total", day: Int = 1, hour: Int = 9) -> [UInt8] {
    let text = """
      Subject: [Shop] ERROR: Internal Server Error: /cart/
      Date: \(day) Nov 2026 \(hour):00:00 +0000

      Internal Server Error: /cart/

      \(type) at /cart/
      'price'

      Request Method: GET
      Request URL: https://shop.example.org/cart/
      Django Version: 4.2
      Python Executable: /usr/bin/python3
      Python Version: 3.11.2
      Python Path: ['/srv/shop']

      Traceback (most recent call last):
        File "/srv/shop/orders/pricing.py", line 7, in \(function)
          return sum(line['price'] for line in lines)

      Exception Type: \(type) at /cart/
      Exception Value: 'price'
      Request information:
      USER: AnonymousUser

      Using settings module shop.settings
      \((1...20).map { "DEFAULT_\($0) = None" }.joined(separator: "\n"))
      """
    return text.utf8.flatMap { $0 == 0x0A ? [0x0D, 0x0A] : [$0] }
  }

  /// Date, arrived, sent without the rules, sent with them.
  static func days(_ result: RuleTrialResult) -> [String] {
    result.days.map { "\($0.date) \($0.arrived) \($0.before) \($0.after)" }
  }

  static let ordinary = Array("Subject: Your order\r\n\r\nThank you.\r\n".utf8)

  static func result(_ rules: String, _ mails: [[UInt8]]) -> RuleTrialResult {
    var trial = RuleTrial(parse(rules).configuration)
    for (number, mail) in mails.enumerated() { trial.add(PastMail(mail), file: "\(100 + number).eml") }
    return trial.result()
  }

  @Test("without rules nothing changes, and ordinary mail counts as no report")
  func nothing() {
    let result = Self.result("", [Self.mail(), Self.mail(hour: 10), Self.mail(hour: 9), Self.ordinary])
    #expect(result.mails == 4 && result.reports == 3 && result.rules == [])
    #expect(result.merged == [] && result.split == [] && result.before == result.after)
    #expect(Self.days(result) == ["2026-11-01 3 2 2"])
    #expect(result.before.groups == 1 && result.before.forwarded == 2 && result.before.heldBack == 1)
  }

  @Test("a rule that merges is shown with the groups that it joins, by title and count")
  func merging() throws {
    let mails = [Self.mail(), Self.mail(), Self.mail(function: "subtotal")]
    let result = Self.result("[rule pricing]\nmodule = orders/*\nfingerprint = \"pricing\"", mails)
    let merged = try #require(result.merged.first)
    #expect(result.merged.count == 1 && result.split == [])
    #expect(merged.rules == ["pricing"] && merged.whole.mails == 3 && merged.parts.map(\.mails) == [2, 1])
    #expect(merged.parts.map(\.place) == ["orders/pricing.py in total", "orders/pricing.py in subtotal"])
    #expect(result.before.groups == 2 && result.after.groups == 1)
    #expect(result.days.map(\.before) == [2] && result.days.map(\.after) == [1])
  }

  @Test("a rule that splits is shown the other way round")
  func splitting() throws {
    let mails = [Self.mail(), Self.mail("TypeError"), Self.mail(function: "subtotal")]
    let joined = "[rule all]\nmodule = orders/*\nfingerprint = "
    #expect(Self.result(joined + "module", mails).after.groups == 1)
    let split = Self.result("[rule s]\ntype = *\nsplit-by = host", mails)
    #expect(split.merged == [] && split.split == [] && split.after.groups == 3)
  }

  @Test("days are counted by the Date field, with the window of the rule")
  func days() {
    let mails = (1...3).flatMap { day in [9, 9, 15].map { Self.mail(day: day, hour: $0) } }
    let result = Self.result("[rule a]\ntype = KeyError\nwindow = 1d", mails)
    #expect(result.days.map(\.date) == ["2026-11-01", "2026-11-02", "2026-11-03"])
    #expect(result.days.map(\.arrived) == [3, 3, 3])
    #expect(result.days.map(\.before) == [2, 2, 2])
    #expect(result.days.map(\.after) == [1, 1, 1])
  }

  @Test(
    "what passes, what is silenced and what waits for the summary is counted",
    arguments: [
      ("pass", 4, 0, 4, 0, 0), ("silence", 0, 4, 0, 4, 0), ("summary-only", 0, 4, 0, 0, 4), ("dedup", 1, 3, 0, 0, 0),
    ])
  func actions(_ action: String, _ forwarded: Int, _ held: Int, _ passed: Int, _ silenced: Int, _ summary: Int) {
    let mails = Array(repeating: Self.mail(), count: 4)
    let after = Self.result("[rule a]\ntype = KeyError\naction = \(action)", mails).after
    #expect(after.forwarded == forwarded && after.heldBack == held)
    #expect(after.passed == passed && after.silenced == silenced && after.summaryOnly == summary)
  }

  @Test("a mail belongs to the first rule that matches, and a rule without mail is shown with none")
  func matches() {
    let rules =
      "[rule a]\ntype = KeyError\naction = pass\n[rule b]\nmodule = orders/*\naction = silence\n"
      + "[rule c]\ntype = Gone\naction = pass"
    let result = Self.result(rules, [Self.mail(), Self.mail("TypeError"), Self.mail("TypeError"), Self.ordinary])
    #expect(result.rules.map(\.rule) == ["a", "b", "c"])
    #expect(result.rules.map(\.mails) == [1, 2, 0])
    #expect(result.rules.map(\.action) == ["pass", "silence", "pass"])
    #expect(result.rules[1].errors.map(\.title) == ["TypeError: 'price'"])
  }

  @Test("the order in which the mails are read does not matter")
  func order() {
    let mails = (0..<9).map { Self.mail(day: 1 + $0 % 3, hour: 5 + $0) }
    var forward = RuleTrial(Configuration())
    var backward = RuleTrial(Configuration())
    for (number, mail) in mails.enumerated() { forward.add(PastMail(mail), file: "\(number)") }
    for (number, mail) in mails.enumerated().reversed() { backward.add(PastMail(mail), file: "\(number)") }
    #expect(forward.result() == backward.result())
  }

  @Test("mails without a date, or with a wrong one, are counted all the same")
  func undated() {
    let mail = String(decoding: Self.mail(), as: UTF8.self)
    let undated = Array(mail.replacing("Date: 1 Nov 2026 9:00:00 +0000", with: "Date: someday").utf8)
    let result = Self.result("", [undated, Self.mail(), undated])
    #expect(Self.days(result) == ["2026-11-01 3 1 1"])
    #expect(Self.result("", [undated]).days.map(\.arrived) == [1])
    #expect(Self.result("", []).days.isEmpty)
  }
}

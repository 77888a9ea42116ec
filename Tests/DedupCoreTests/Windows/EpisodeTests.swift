import DedupCore
import MailMessage
import MailTestKit
import Testing

/// What a history of arrivals reads like in the inbox: each arrival by its minute, then the reason that the policy gave.
@Suite("Episodes, growing windows, milestones")
struct EpisodeTests {
  static let start = Timestamp(seconds: 1_795_356_180)

  struct Case: CustomTestStringConvertible {
    var shows: String
    var settings: WindowSettings
    /// Minutes after the start, and what is said of the mail that comes then.
    var arrivals: [(minute: Int, reason: String)]
    var testDescription: String { shows }
  }

  static func settings(_ change: (inout WindowSettings) -> Void) -> WindowSettings {
    var settings = WindowSettings()
    change(&settings)
    return settings
  }

  static let hour = Duration.seconds(3600)
  static let day = 24 * 60

  static let growing = settings { $0.reminders = [hour, hour * 4, hour * 24] }

  @Test(
    "what is told of an episode when a mail comes",
    arguments: [
      Case(
        shows: "an error that goes on is one episode, one mail a window", settings: WindowSettings(),
        arrivals: [(0, "first"), (59, "inside-window"), (60, "window-elapsed"), (119, "inside-window")]),
      Case(
        shows: "after a day of quiet it is back", settings: WindowSettings(),
        arrivals: [(0, "first"), (30, "inside-window"), (30 + day, "again"), (31 + day, "inside-window")]),
      Case(
        shows: "a minute less of quiet is the same episode", settings: WindowSettings(),
        arrivals: [(0, "first"), (30, "inside-window"), (29 + day, "window-elapsed")]),
      Case(
        shows: "held back mails keep an episode going", settings: settings { $0.quiet = hour * 2 },
        arrivals: [(0, "first"), (59, "inside-window"), (118, "window-elapsed"), (177, "inside-window")]),
      Case(
        shows: "without an end there is no other episode", settings: settings { $0.quiet = .zero },
        arrivals: [(0, "first"), (400 * day, "window-elapsed")]),
      Case(
        shows: "a quiet shorter than the window does not cut it short",
        settings: settings { $0.quiet = .seconds(600) },
        arrivals: [(0, "first"), (15, "inside-window"), (74, "window-elapsed"), (134, "again")]),
      Case(
        shows: "windows grow, and each mail behind them says that it goes on", settings: growing,
        arrivals: [
          (0, "first"), (59, "inside-window"), (60, "still-going"), (299, "inside-window"), (300, "still-going"),
          (300 + day - 1, "inside-window"), (300 + day, "still-going"), (300 + 2 * day - 1, "inside-window"),
          (300 + 2 * day, "still-going"),
        ]),
      Case(
        shows: "an error that is back begins with the shortest window again",
        settings: settings {
          $0.reminders = [hour, hour * 24]
          $0.quiet = hour * 6
        },
        arrivals: [
          (0, "first"), (60, "still-going"), (120, "inside-window"), (480, "again"), (539, "inside-window"),
          (540, "still-going"),
        ]),
      Case(
        shows: "a passing site gets each mail", settings: settings { $0.mode = .pass },
        arrivals: [(0, "passing-site"), (1, "passing-site"), (3 * day, "passing-site")]),
    ])
  func tells(_ test: Case) {
    var policy = WindowPolicy()
    policy.settings = test.settings
    var record: WindowRecord?
    for (minute, reason) in test.arrivals {
      let now = Self.start.advanced(by: .seconds(minute * 60))
      let decision = policy.decide(record, now: now)
      #expect(decision.verdict.reason == reason, "minute \(minute)")
      record = decision.record
    }
  }

  @Test("a mail that is back counts from one and tells what was before")
  func history() {
    let policy = WindowPolicy()
    var record = policy.decide(nil, now: Self.start).record
    for second in 1...9 { record = policy.decide(record, now: Self.start.advanced(by: .seconds(second))).record }
    let later = Self.start.advanced(by: .seconds(9 + 3 * 86_400))
    let decision = policy.decide(record, now: later)
    let history = RunningCount.History(
      episodes: 2, total: 11, firstSeen: Self.start, quiet: .seconds(3 * 86_400))
    #expect(
      decision.verdict
        == .forward(.again, RunningCount(heldBack: 9, total: 1, since: later, history: history)))
    #expect(decision.record.episode.beginning == .again && decision.record.total == 11)
  }

  @Test("the next mail of what was resolved is a regression, inside its window too")
  func regression() {
    let policy = WindowPolicy()
    var record = policy.decide(nil, now: Self.start).record
    record.resolve(at: Self.start.advanced(by: .seconds(5)))
    let decision = policy.decide(record, now: Self.start.advanced(by: .seconds(6)))
    #expect(decision.verdict.reason == "regression")
    #expect(decision.record.resolvedAt == nil && decision.record.episode.beginning == .regression)
    #expect(policy.decide(decision.record, now: Self.start.advanced(by: .seconds(7))).verdict.reason == "inside-window")
  }

  @Test("milestones are told once each, not when a mail that went out told the count, and none of what is silenced")
  func milestones() {
    var policy = WindowPolicy()
    policy.milestones = [10, 100, 1000]
    var record: WindowRecord?
    var told: [Int: Int] = [:]
    for mail in 1...1500 {
      let decision = policy.decide(record, now: Self.start.advanced(by: .milliseconds(mail)))
      record = decision.record
      decision.milestone.map { told[mail] = $0 }
    }
    #expect(told == [10: 10, 100: 100, 1000: 1000])

    // A window that ends between two milestones: its mail has the count, and the next milestone is the next one.
    var late = policy.decide(nil, now: Self.start).record
    for mail in 1...8 { late = policy.decide(late, now: Self.start.advanced(by: .seconds(mail))).record }
    let tenth = policy.decide(late, now: Self.start.advanced(by: Self.hour))
    #expect(tenth.verdict.reason == "window-elapsed" && tenth.milestone == nil)
    #expect(policy.decide(tenth.record, now: Self.start.advanced(by: Self.hour)).milestone == nil)

    var silenced: WindowRecord?
    let rule = WindowPolicy.Arrival(rule: RuleEffect(name: "noise", treatment: .silence))
    for _ in 1...20 {
      let decision = policy.decide(silenced, rule, now: Self.start)
      #expect(decision.milestone == nil)
      silenced = decision.record
    }
  }

  @Test("a milestone that the storm cap holds up is told once the cap lets it")
  func cappedMilestone() {
    var policy = WindowPolicy()
    policy.milestones = [3]
    var record = policy.decide(nil, now: Self.start).record
    for _ in 2...5 {
      let decision = policy.decide(record, .init(isCapped: true), now: Self.start)
      #expect(decision.milestone == nil && decision.verdict.reason == "inside-window")
      record = decision.record
    }
    #expect(policy.decide(record, now: Self.start).milestone == 3)
  }

  @Test("beyond the storm cap what would go out waits for the digest, which opens the window")
  func stormCap() {
    let policy = WindowPolicy()
    let capped = WindowPolicy.Arrival(isCapped: true)
    let first = policy.decide(nil, capped, now: Self.start)
    #expect(first.verdict.reason == "storm-cap" && first.record.awaitsDigestSince == Self.start)
    var record = policy.decide(first.record, capped, now: Self.start.advanced(by: .seconds(7))).record
    #expect(record.awaitsDigestSince == Self.start && record.held == 2 && record.suppressed == 2)
    record.opensWindow(at: Self.start.advanced(by: .seconds(300)))
    #expect(record.awaitsDigestSince == nil && record.held == 0 && record.suppressed == 2)
    let next = policy.decide(record, capped, now: Self.start.advanced(by: .seconds(301)))
    #expect(next.verdict.reason == "inside-window")
    // What the admin asked for goes out all the same.
    let rule = RuleEffect(name: "vip", treatment: .pass)
    #expect(policy.decide(nil, .init(rule: rule, isCapped: true), now: Self.start).verdict.reason == "rule/vip")
  }

  @Test("an all-clear is due once the error was quiet, unless nobody heard of it")
  func allClear() {
    var policy = WindowPolicy()
    policy.saysAllClear = true
    let first = policy.decide(nil, now: Self.start).record
    #expect(first.allClearAt == Self.start.advanced(by: .seconds(86_400)))
    let second = policy.decide(first, now: Self.start.advanced(by: .seconds(60))).record
    #expect(second.allClearAt == Self.start.advanced(by: .seconds(86_460)))
    let silenced = policy.decide(nil, .init(rule: RuleEffect(name: "noise", treatment: .silence)), now: Self.start)
    #expect(silenced.record.allClearAt == nil)
    var ended = second
    ended.ends()
    #expect(ended.allClearAt == nil)
    #expect(policy.decide(ended, now: Self.start.advanced(by: .seconds(120))).verdict.reason == "again")
  }

  struct LevelCase: CustomTestStringConvertible {
    var shows: String
    var site: String
    var rule: RuleEffect?
    var length: Duration
    var testDescription: String { shows }
  }

  @Test(
    "the rule has the last word, then the site, then what holds for all",
    arguments: [
      LevelCase(shows: "all", site: "shop", length: .seconds(3600)),
      LevelCase(shows: "a site", site: "staging", length: .seconds(7200)),
      LevelCase(shows: "a rule with a length", site: "shop", rule: RuleEffect(name: "a"), length: .seconds(60)),
      LevelCase(shows: "a rule in a site", site: "staging", rule: RuleEffect(name: "a"), length: .seconds(60)),
      LevelCase(
        shows: "a rule that says nothing of it", site: "staging", rule: RuleEffect(name: "b"), length: .seconds(7200)),
      LevelCase(
        shows: "what the rule said of this mail", site: "staging", rule: RuleEffect(name: "b", window: .seconds(5)),
        length: .seconds(5)),
    ])
  func levels(_ test: LevelCase) {
    var policy = WindowPolicy()
    policy.sites["staging"] = WindowOverrides(length: .seconds(7200))
    policy.rules["a"] = WindowOverrides(length: .seconds(60))
    #expect(policy.settings(site: test.site, rule: test.rule).length == test.length)
  }

  @Test("a length of its own takes the place of reminders from above")
  func lengthOverReminders() {
    var policy = WindowPolicy()
    policy.settings = Self.growing
    policy.sites["staging"] = WindowOverrides(length: .seconds(7200))
    #expect(policy.settings(site: "staging", rule: nil as String?).length(afterTelling: 1) == .seconds(7200))
  }
}

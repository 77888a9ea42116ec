import DedupCore
import MailTestKit
import Testing

@Suite struct WindowPolicyTests {
  static let start = Timestamp(seconds: 1_795_356_180)
  static let open = WindowRecord(
    firstSeen: start.advanced(by: .seconds(-86_400)), lastSeen: start, windowStart: start, held: 4, total: 9,
    suppressed: 6)

  struct Case: CustomTestStringConvertible {
    var shows: String
    var record: WindowRecord?
    /// Milliseconds after the start of the window.
    var at: Int64
    var verdict: Verdict
    var testDescription: String { shows }
  }

  static func forward(_ reason: ForwardReason) -> Verdict {
    .forward(reason, RunningCount(heldBack: 4, total: 10, since: open.firstSeen))
  }

  static let suppress = Verdict.suppress(
    .insideWindow, RunningCount(heldBack: 5, total: 10, since: open.firstSeen))

  static var rejected: WindowRecord {
    var record = open
    record.windowStart = nil
    return record
  }

  @Test(
    "a mail is forwarded or held back by what the window knows",
    arguments: [
      Case(
        shows: "a new fingerprint goes out", record: nil, at: 0,
        verdict: .forward(.first, RunningCount(heldBack: 0, total: 1, since: start))),
      Case(shows: "the same millisecond", record: open, at: 0, verdict: suppress),
      Case(shows: "inside", record: open, at: 1_800_000, verdict: suppress),
      Case(shows: "a millisecond before the end", record: open, at: 3_599_999, verdict: suppress),
      Case(shows: "exactly at the end", record: open, at: 3_600_000, verdict: forward(.windowElapsed)),
      Case(shows: "hours later", record: open, at: 80_000_000, verdict: forward(.windowElapsed)),
      Case(
        shows: "days later", record: open, at: 500_000_000,
        verdict: .forward(
          .again,
          RunningCount(
            heldBack: 4, total: 1, since: start.advanced(by: .milliseconds(500_000_000)),
            history: .init(
              episodes: 2, total: 10, firstSeen: open.firstSeen, quiet: .milliseconds(500_000_000))))),
      Case(shows: "overtaken by a later mail of the same moment", record: open, at: -3, verdict: suppress),
      Case(shows: "at the edge of the tolerance", record: open, at: -10_000, verdict: suppress),
      Case(shows: "the clock was set back", record: open, at: -10_001, verdict: forward(.clockJumpedBack)),
      Case(shows: "the clock was set back by years", record: open, at: -.max / 2, verdict: forward(.clockJumpedBack)),
      Case(shows: "the last one was rejected", record: rejected, at: 1, verdict: forward(.lastOneRejected)),
    ])
  func decides(_ test: Case) {
    let now = Self.start.advanced(by: .milliseconds(test.at))
    #expect(WindowPolicy().decide(test.record, now: now).verdict == test.verdict)
  }

  @Test("a window of zero length forwards everything")
  func lengthOfZeroForwardsEverything() {
    let policy = WindowPolicy(length: .zero)
    #expect(policy.decide(Self.open, now: Self.start).verdict == Self.forward(.windowElapsed))
    #expect(
      policy.decide(Self.open, now: Self.start.advanced(by: .milliseconds(-1))).verdict
        == Self.forward(.clockJumpedBack))
  }

  @Test("absurd values do not trap")
  func absurdValuesDoNotTrap() {
    let ends = [Timestamp(milliseconds: .min), Timestamp(milliseconds: 0), Timestamp(milliseconds: .max)]
    let lengths: [Duration] = [.zero, .seconds(-1), .seconds(Int64.max), .seconds(Int64.min)]
    for start in ends {
      let record = WindowRecord(
        firstSeen: start, lastSeen: start, windowStart: start, held: .max, total: .max, suppressed: .max)
      for now in ends {
        for length in lengths {
          #expect(WindowPolicy(length: length).decide(record, now: now).record.total == .max)
        }
      }
    }
  }

  @Test("each reason is one word")
  func reasonsHaveOneWord() {
    #expect(ForwardReason.doubt("no-frames").text == "doubt/no-frames")
    #expect(Self.forward(.windowElapsed).reason == "window-elapsed")
    #expect(Self.suppress.reason == "inside-window")
    #expect(ForwardReason.rule("noise").text == "rule/noise")
    #expect(ForwardReason.newVariant.text == "new-variant")
  }

  struct RuleCase: CustomTestStringConvertible {
    var shows: String
    var record: WindowRecord?
    var arrival: WindowPolicy.Arrival
    /// Milliseconds after the start of the window.
    var at: Int64
    var reason: String
    var heldBack: Int
    var testDescription: String { shows }
  }

  static func rule(_ treatment: RuleEffect.Treatment, window: Duration? = nil) -> WindowPolicy.Arrival {
    .init(rule: RuleEffect(name: "noise", treatment: treatment, window: window))
  }

  static var shown: WindowRecord {
    var record = open
    record.variantsShown = 1
    return record
  }

  static var showingOneVariant: WindowPolicy {
    var policy = WindowPolicy()
    policy.variants = 1
    return policy
  }

  static let heldByRule = WindowRecord(
    firstSeen: start, lastSeen: start, windowStart: nil, held: 7, total: 7, suppressed: 7)

  @Test(
    "rules and variants decide before the window does",
    arguments: [
      RuleCase(
        shows: "a rule passes a new error", record: nil, arrival: rule(.pass), at: 0, reason: "rule/noise", heldBack: 0),
      RuleCase(
        shows: "a rule passes inside a window", record: open, arrival: rule(.pass), at: 1, reason: "rule/noise",
        heldBack: 4),
      RuleCase(
        shows: "a rule silences a new error", record: nil, arrival: rule(.silence), at: 0, reason: "silenced",
        heldBack: 1
      ),
      RuleCase(
        shows: "a rule silences when the window is over", record: open, arrival: rule(.silence), at: 9_000_000,
        reason: "silenced", heldBack: 5),
      RuleCase(
        shows: "a rule keeps it for the summary", record: open, arrival: rule(.summaryOnly), at: 9_000_000,
        reason: "summary-only", heldBack: 5),
      RuleCase(
        shows: "without the rule again, the first that goes out says how many there were", record: heldByRule,
        arrival: .init(), at: 1, reason: "first", heldBack: 7),
      RuleCase(
        shows: "a rule's window is shorter", record: open, arrival: rule(.dedup, window: .seconds(60)), at: 60_000,
        reason: "window-elapsed", heldBack: 4),
      RuleCase(
        shows: "a rule's window is longer", record: open, arrival: rule(.dedup, window: .seconds(7200)), at: 3_600_000,
        reason: "inside-window", heldBack: 5),
      RuleCase(
        shows: "a rule's window of zero holds nothing back", record: open, arrival: rule(.dedup, window: .zero), at: 0,
        reason: "window-elapsed", heldBack: 4),
      RuleCase(
        shows: "a new variant goes out", record: open, arrival: .init(isNewVariant: true), at: 1, reason: "new-variant",
        heldBack: 4),
      RuleCase(
        shows: "no more of them than the bound", record: shown, arrival: .init(isNewVariant: true), at: 1,
        reason: "inside-window", heldBack: 5),
      RuleCase(
        shows: "a new variant behind the window opens the next one", record: shown, arrival: .init(isNewVariant: true),
        at: 3_600_000, reason: "window-elapsed", heldBack: 4),
      RuleCase(
        shows: "a variant of a silenced error stays silenced", record: open,
        arrival: .init(rule: RuleEffect(name: "noise", treatment: .silence), isNewVariant: true), at: 1,
        reason: "silenced", heldBack: 5),
    ])
  func decidesByRuleAndVariant(_ test: RuleCase) {
    let verdict = Self.showingOneVariant.decide(
      test.record, test.arrival, now: Self.start.advanced(by: .milliseconds(test.at))
    ).verdict
    #expect(verdict.reason == test.reason)
    switch verdict {
    case .forward(_, let count): #expect(count?.heldBack == test.heldBack)
    case .suppress(_, let count): #expect(count.heldBack == test.heldBack)
    }
  }

  @Test("a variant leaves window and count as they are")
  func aVariantLeavesWindowAndCountAsTheyAre() {
    let arrival = WindowPolicy.Arrival(isNewVariant: true)
    let now = Self.start.advanced(by: .seconds(5))
    let next = Self.showingOneVariant.decide(Self.open, arrival, now: now).record
    #expect(next.windowStart == Self.start && next.held == 4 && next.total == 10 && next.variantsShown == 1)
  }
}

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

  @Test(arguments: [
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

  @Test func lengthOfZeroForwardsEverything() {
    let policy = WindowPolicy(length: .zero)
    #expect(policy.decide(Self.open, now: Self.start).verdict == Self.forward(.windowElapsed))
    #expect(
      policy.decide(Self.open, now: Self.start.advanced(by: .milliseconds(-1))).verdict
        == Self.forward(.clockJumpedBack))
  }

  @Test func absurdValuesDoNotTrap() {
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

  @Test func reasonsHaveOneWord() {
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

  @Test(arguments: [
    RuleCase(
      shows: "a rule passes a new error", record: nil, arrival: rule(.pass), at: 0, reason: "rule/noise", heldBack: 0),
    RuleCase(
      shows: "a rule passes inside a window", record: open, arrival: rule(.pass), at: 1, reason: "rule/noise",
      heldBack: 4),
    RuleCase(
      shows: "a rule silences a new error", record: nil, arrival: rule(.silence), at: 0, reason: "silenced", heldBack: 1
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

  @Test func aVariantLeavesWindowAndCountAsTheyAre() {
    let arrival = WindowPolicy.Arrival(isNewVariant: true)
    let now = Self.start.advanced(by: .seconds(5))
    let next = Self.showingOneVariant.decide(Self.open, arrival, now: now).record
    #expect(next.windowStart == Self.start && next.held == 4 && next.total == 10 && next.variantsShown == 1)
  }
}

/// Random histories: whatever arrives whenever, the promises of the window hold.
@Suite struct WindowHistoryTests {
  /// One fingerprint's life, with the sums that the policy is held against.
  struct History {
    var policy: WindowPolicy
    var record: WindowRecord?
    var forwards = 0
    var arrivals = 0
    var heldSinceForward = 0
    var variantsInWindow = 0
    var variantsShown = 0
    var lastForward: Timestamp?

    mutating func arrive(at now: Timestamp, _ arrival: WindowPolicy.Arrival = .init()) {
      let decision = policy.decide(record, arrival, now: now)
      arrivals += 1
      switch decision.verdict {
      case .forward(.newVariant, let count):
        #expect(arrival.isNewVariant)
        #expect(count?.heldBack == heldSinceForward && count?.total == arrivals)
        variantsInWindow += 1
        variantsShown += 1
        #expect(variantsInWindow <= policy.variants)
      case .forward(let reason, let count):
        #expect(count?.heldBack == heldSinceForward)
        #expect(count?.total == arrivals)
        if reason == .windowElapsed, let lastForward { #expect(now.since(lastForward) >= policy.length) }
        forwards += 1
        heldSinceForward = 0
        variantsInWindow = 0
        lastForward = now
      case .suppress(_, let count):
        heldSinceForward += 1
        #expect(count.heldBack == heldSinceForward)
        #expect(count.total == arrivals)
        let isDeduplicated = arrival.rule.map { $0.treatment == .dedup } ?? true
        if isDeduplicated, let lastForward { #expect(now.since(lastForward) < policy.length) }
      }
      record = decision.record
    }

    func check() {
      #expect(record?.total == arrivals)
      #expect(record?.suppressed == arrivals - forwards - variantsShown)
      #expect(record?.held == heldSinceForward)
    }
  }

  @Test(arguments: 0..<40)
  func promisesHold(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let length = Int64.random(in: 1...7200, using: &random)
    var history = History(policy: WindowPolicy(length: .seconds(length)))
    var now = WindowPolicyTests.start
    for _ in 0..<500 {
      now = now.advanced(by: step(length, &random))
      history.arrive(at: now)
      if Int.random(in: 0..<50, using: &random) == 0 { history.record?.windowStart = nil }
    }
    history.check()
  }

  /// The same with variants and with rules that come and go: every mail goes out or is counted, and only a rule holds
  /// an error back for longer than a window.
  @Test(arguments: 200..<240)
  func promisesHoldWithRulesAndVariants(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let length = Int64.random(in: 1...7200, using: &random)
    var policy = WindowPolicy(length: .seconds(length))
    policy.variants = Int.random(in: 0...3, using: &random)
    var history = History(policy: policy)
    var now = WindowPolicyTests.start
    var treatment: RuleEffect.Treatment?
    for _ in 0..<500 {
      now = now.advanced(by: step(length, &random))
      if Int.random(in: 0..<40, using: &random) == 0 {
        treatment = ([nil] + RuleEffect.Treatment.allCases).randomElement(using: &random) ?? nil
      }
      let rule = treatment.map { RuleEffect(name: "r", treatment: $0) }
      history.arrive(at: now, .init(rule: rule, isNewVariant: Int.random(in: 0..<5, using: &random) == 0))
    }
    history.check()
  }

  /// Mostly bursts, now and then a pause or a clock that is set in either direction.
  private func step(_ length: Int64, _ random: inout SplitMix) -> Duration {
    switch Int.random(in: 0..<20, using: &random) {
    case 0: .seconds(Int64.random(in: -3 * length...3 * length, using: &random))
    case 1: .milliseconds(Int64.random(in: -50...0, using: &random))
    case 2: .seconds(length)
    default: .milliseconds(Int64.random(in: 0...length * 100, using: &random))
    }
  }

  /// With a clock that only goes on, forwards are at least a window apart, and an error that keeps arriving is never
  /// silent for longer than a window and the pause before its next mail.
  @Test(arguments: 100..<120)
  func steadyErrorsAreForwardedOncePerWindow(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var record: WindowRecord?
    var forwards: [Timestamp] = []
    var now = WindowPolicyTests.start
    let policy = WindowPolicy()
    for _ in 0..<2000 {
      now = now.advanced(by: .seconds(Int64.random(in: 0...60, using: &random)))
      let decision = policy.decide(record, now: now)
      if decision.verdict.isForward { forwards.append(now) }
      record = decision.record
    }
    for (earlier, later) in zip(forwards, forwards.dropFirst()) {
      #expect(later.since(earlier) >= policy.length)
      #expect(later.since(earlier) <= policy.length + .seconds(60))
    }
  }
}

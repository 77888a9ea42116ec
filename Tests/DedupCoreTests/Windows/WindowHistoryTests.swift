import DedupCore
import MailTestKit
import Testing

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

  @Test(
    "for random histories every mail is forwarded or counted, and none is hidden for longer than a window",
    arguments: 0..<40)
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
  @Test(
    "with rules and variants that come and go, the same promises hold",
    arguments: 200..<240)
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
  @Test(
    "an error that keeps arriving is forwarded once per window",
    arguments: 100..<120)
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

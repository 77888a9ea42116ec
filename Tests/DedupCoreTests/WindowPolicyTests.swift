import DedupCore
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
    Case(shows: "days later", record: open, at: 500_000_000, verdict: forward(.windowElapsed)),
    Case(shows: "overtaken by a later mail of the same moment", record: open, at: -3, verdict: suppress),
    Case(shows: "at the edge of the tolerance", record: open, at: -10_000, verdict: suppress),
    Case(shows: "the clock was set back", record: open, at: -10_001, verdict: forward(.clockJumpedBack)),
    Case(shows: "the clock was set back by years", record: open, at: -.max / 2, verdict: forward(.clockJumpedBack)),
    Case(shows: "the last one was rejected", record: rejected, at: 1, verdict: forward(.lastOneRejected)),
  ])
  func decides(_ test: Case) {
    let now = Self.start.advanced(by: .milliseconds(test.at))
    #expect(WindowPolicy().decide(test.record, now: now) == test.verdict)
  }

  @Test func lengthOfZeroForwardsEverything() {
    let policy = WindowPolicy(length: .zero)
    #expect(policy.decide(Self.open, now: Self.start) == Self.forward(.windowElapsed))
    #expect(policy.decide(Self.open, now: Self.start.advanced(by: .milliseconds(-1))) == Self.forward(.clockJumpedBack))
  }

  @Test func absurdValuesDoNotTrap() {
    let ends = [Timestamp(milliseconds: .min), Timestamp(milliseconds: 0), Timestamp(milliseconds: .max)]
    let lengths: [Duration] = [.zero, .seconds(-1), .seconds(Int64.max), .seconds(Int64.min)]
    for start in ends {
      let record = WindowRecord(
        firstSeen: start, lastSeen: start, windowStart: start, held: .max, total: .max, suppressed: .max)
      for now in ends {
        for length in lengths {
          let verdict = WindowPolicy(length: length).decide(record, now: now)
          #expect(WindowRecord.after(verdict, of: record, now: now).total == .max)
        }
      }
    }
  }

  @Test func reasonsHaveOneWord() {
    #expect(ForwardReason.doubt("no-frames").text == "doubt/no-frames")
    #expect(Self.forward(.windowElapsed).reason == "window-elapsed")
    #expect(Self.suppress.reason == "inside-window")
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
    var lastForward: Timestamp?

    mutating func arrive(at now: Timestamp) {
      let verdict = policy.decide(record, now: now)
      arrivals += 1
      switch verdict {
      case .forward(let reason, let count):
        #expect(count?.heldBack == heldSinceForward)
        #expect(count?.total == arrivals)
        if reason == .windowElapsed, let lastForward { #expect(now.since(lastForward) >= policy.length) }
        forwards += 1
        heldSinceForward = 0
        lastForward = now
      case .suppress(_, let count):
        heldSinceForward += 1
        #expect(count.heldBack == heldSinceForward)
        #expect(count.total == arrivals)
        if let lastForward { #expect(now.since(lastForward) < policy.length) }
      }
      record = .after(verdict, of: record, now: now)
    }

    func check() {
      #expect(record?.total == arrivals)
      #expect(record?.suppressed == arrivals - forwards)
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
      let verdict = policy.decide(record, now: now)
      if case .forward = verdict { forwards.append(now) }
      record = .after(verdict, of: record, now: now)
    }
    for (earlier, later) in zip(forwards, forwards.dropFirst()) {
      #expect(later.since(earlier) >= policy.length)
      #expect(later.since(earlier) <= policy.length + .seconds(60))
    }
  }
}

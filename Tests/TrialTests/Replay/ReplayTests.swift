import DedupCore
import MailMessage
import MailTestKit
import Testing
import Trial

/// What `dedupctl replay` plays past mail with.
@Suite("Replay") struct ReplayTests {
  static let envelope = Envelope(
    sender: EmailAddress("root@shop.example"), recipients: [EmailAddress("ops@shop.example")])

  static func site(_ name: String) -> Site { Site(settingsModule: name, subjectPrefix: nil, envelope: envelope) }

  static func report(
    _ error: Int = 0, site: String = "shop", variant: String = "", rule: RuleEffect? = nil
  ) -> Judged {
    .report(
      Occurrence(
        site: self.site(site), fingerprint: "2:\(error)", variant: variant, title: "Error \(error)", place: "shop.py",
        rule: rule))
  }

  static func doubt(_ reason: String) -> Judged { .doubt(DoubtfulReport(reason: reason)) }

  static func at(_ seconds: Int64) -> Timestamp { noon.advanced(by: .seconds(seconds)) }

  struct Case: CustomTestStringConvertible {
    var shows: String
    var settings = WindowSettings()
    /// Seconds after noon, and what came.
    var mails: [(Int64, Judged)]
    /// `seconds reason`, as the inbox gets them.
    var inbox: [String]
    var testDescription: String { shows }
  }

  static func settings(_ change: (inout WindowSettings) -> Void) -> WindowSettings {
    var settings = WindowSettings()
    change(&settings)
    return settings
  }

  @Test(
    "the inbox gets what the relay would have sent, when it would have",
    arguments: [
      Case(
        shows: "one mail a window", mails: [0, 1, 3599, 3600, 3601].map { ($0, report()) },
        inbox: ["0 first", "3600 window-elapsed"]),
      Case(shows: "ordinary mail is not about errors", mails: [(0, .pass(reason: "no-error"))], inbox: []),
      Case(
        shows: "a doubt goes out each time where no report came before",
        mails: [(0, doubt("odd")), (1, doubt("odd"))], inbox: ["0 doubt/odd", "1 doubt/odd"]),
      Case(
        shows: "sites never share a window", mails: [(0, report(site: "shop")), (1, report(site: "staging"))],
        inbox: ["0 first", "1 first"]),
      Case(
        shows: "windows grow with reminders", settings: settings { $0.reminders = [.seconds(600), .seconds(7200)] },
        mails: (0...60).map { (Int64($0) * 200, report()) }, inbox: ["0 first", "600 still-going", "7800 still-going"]),
      Case(
        shows: "milestones are told while the mails are held back", settings: settings { $0.milestones = [3, 5] },
        mails: (0..<6).map { ($0, report()) }, inbox: ["0 first", "2 milestone", "4 milestone"]),
      Case(
        shows: "an episode ends with an all-clear, and what comes later is back",
        settings: settings {
          $0.quiet = .seconds(7200)
          $0.saysAllClear = true
        }, mails: [(0, report()), (10, report()), (9000, report())],
        inbox: ["0 first", "7210 all-clear", "9000 again", "16200 all-clear"]),
      Case(
        shows: "a mail that comes at the moment of the all-clear comes after it",
        settings: settings {
          $0.quiet = .seconds(7200)
          $0.saysAllClear = true
        }, mails: [(0, report()), (7200, report())],
        inbox: ["0 first", "7200 all-clear", "7200 again", "14400 all-clear"]),
      Case(
        shows: "variants that were never seen go out, as many as may",
        settings: settings { $0.variants = 2 },
        mails: ["a", "b", "b", "c", "d"].enumerated().map { (Int64($0.offset), report(variant: $0.element)) },
        inbox: ["0 first", "1 new-variant", "3 new-variant"]),
      Case(
        shows: "the storm cap keeps new errors for a digest, five minutes after the first that waits",
        settings: settings { $0.hourlyForwards = 2 }, mails: (0..<5).map { (Int64($0) * 60, report(Int($0))) },
        inbox: ["0 first", "60 first", "420 digest"]),
      Case(
        shows: "doubts leave the cap of errors alone, and have one of their own",
        settings: settings { $0.hourlyForwards = 2 },
        mails: [(0, report(0))] + (1...4).map { ($0, doubt("odd \($0)")) } + [(5, report(1))],
        inbox: ["0 first", "1 doubt/odd 1", "2 doubt/odd 2", "5 first", "303 digest"]),
      Case(
        shows: "of doubts that agree so many go out in a window, and a digest tells of the rest",
        settings: settings { $0.doubts = 2 },
        mails: [(0, report(0))] + (1...5).map { ($0, doubt("odd")) } + [(6, doubt("odder")), (3700, doubt("odd"))],
        inbox: ["0 first", "1 doubt/odd", "2 doubt/odd", "6 doubt/odder", "303 digest", "3700 doubt/odd"]),
      Case(
        shows: "sites that a visitor invents share a cap, and then a site",
        settings: settings { $0.hourlyForwards = 3 },
        mails: (0..<9).map { ($0, report(site: "invented \($0)")) },
        inbox: ["0 first", "1 first", "2 first", "3 first", "304 digest"]),
      Case(
        shows: "a digest opens the windows of the errors that it names",
        settings: settings { $0.hourlyForwards = 1 },
        mails: [0, 10, 400, 3890, 3911].map { ($0, report($0 == 0 ? 0 : 1)) },
        inbox: ["0 first", "310 digest", "3911 window-elapsed"]),
      Case(
        shows: "each mail of a rule that passes goes out",
        mails: (0..<3).map { ($0, report(rule: RuleEffect(name: "noise", treatment: .pass))) },
        inbox: ["0 rule/noise", "1 rule/noise", "2 rule/noise"]),
      Case(
        shows: "what a rule silences does not", mails: [(0, report(rule: RuleEffect(name: "n", treatment: .silence)))],
        inbox: []),
      Case(
        shows: "a site in pass mode", settings: settings { $0.mode = .pass }, mails: [(0, report()), (1, report())],
        inbox: ["0 passing-site", "1 passing-site"]),
    ])
  func inbox(_ test: Case) {
    var policy = WindowPolicy()
    policy.settings = test.settings
    var replay = Replay(policy, keepsTimeline: true)
    for (second, mail) in test.mails { _ = replay.accept(mail, from: Self.envelope, at: Self.at(second)) }
    replay.finish()
    let sent = replay.timeline.map { "\(Int($0.at.since(noon).components.seconds)) \($0.reason)" }
    #expect(sent == test.inbox)
    #expect(replay.totals.inbox == test.inbox.count)
    #expect(replay.totals.inboxByQuarter.values.reduce(0, +) == test.inbox.count)
  }

  @Test("sites and rules have settings of their own")
  func levels() {
    var policy = WindowPolicy()
    policy.hourlyForwards = 0
    policy.sites["staging"] = WindowOverrides(length: .seconds(10))
    policy.rules["slow"] = WindowOverrides(length: .seconds(7200))
    var replay = Replay(policy)
    func count(_ judged: Judged) -> Int {
      let before = replay.totals.allForwarded
      for second in stride(from: Int64(0), through: 7000, by: 5) {
        _ = replay.accept(judged, from: Self.envelope, at: Self.at(second))
      }
      return replay.totals.allForwarded - before
    }
    #expect(count(Self.report(0)) == 2)
    #expect(count(Self.report(1, site: "staging")) == 701)
    #expect(count(Self.report(2, rule: RuleEffect(name: "slow"))) == 1)
  }

  @Test("of each error it is known when it was first told, and for how long its count was hidden at most")
  func told() throws {
    var policy = WindowPolicy()
    policy.hourlyForwards = 1
    var replay = Replay(policy)
    for (second, error) in [(Int64(0), 0), (5, 1), (100, 0), (4000, 0), (4001, 0)] {
      _ = replay.accept(Self.report(error), from: Self.envelope, at: Self.at(second))
    }
    replay.finish()
    let (often, capped) = (replay.errors[0], replay.errors[1])
    #expect(often.firstTold == noon && often.sent == 2 && often.longestHidden == .seconds(3900) && often.untold == 1)
    #expect(capped.firstTold == Self.at(305) && capped.sent == 0 && capped.digests == 1 && capped.untold == 0)
    #expect(capped.longestHidden == .seconds(300))
  }

  @Test("a digest names a thousand errors, the rest comes in the next one at once")
  func manyErrors() {
    var policy = WindowPolicy()
    policy.hourlyForwards = 1
    var replay = Replay(policy, keepsTimeline: true)
    for error in 0...1500 { _ = replay.accept(Self.report(error), from: Self.envelope, at: noon) }
    replay.finish()
    #expect(replay.timeline.map(\.errors.count) == [1, 1000, 500])
    #expect(replay.errors.allSatisfy { $0.firstTold != nil })
  }
}

/// Random histories of many errors in several sites, with settings at random: the sums hold, no error is hidden for
/// longer than the digest takes, and nothing is forgotten.
@Suite("Random histories of a replay") struct ReplayHistoryTests {
  private static func policy(_ random: inout SplitMix) -> WindowPolicy {
    func settings() -> WindowSettings {
      var settings = WindowSettings()
      settings.length = .seconds(Int64.random(in: 0...3600, using: &random))
      settings.variants = Int.random(in: 0...2, using: &random)
      settings.milestones = Bool.random(using: &random) ? [5, 20, 50] : []
      settings.reminders = Bool.random(using: &random) ? [.seconds(600), .seconds(7200)] : []
      settings.quiet = .seconds(Int64.random(in: 0...9000, using: &random))
      settings.saysAllClear = Bool.random(using: &random)
      settings.hourlyForwards = Int.random(in: 0...4, using: &random)
      return settings
    }
    var policy = WindowPolicy()
    policy.settings = settings()
    policy.sites["s1"] = WindowOverrides(length: settings().length)
    var passing = WindowOverrides()
    passing.mode = .pass
    policy.sites["s2"] = passing
    return policy
  }

  private static func mail(_ random: inout SplitMix) -> Judged {
    switch Int.random(in: 0..<20, using: &random) {
    case 0: return .pass(reason: "no-error")
    case 1: return .doubt(DoubtfulReport(reason: "odd"))
    default:
      let treatments = RuleEffect.Treatment.allCases
      let rule = RuleEffect(name: "r", treatment: treatments[Int.random(in: 0..<treatments.count, using: &random)])
      return ReplayTests.report(
        Int.random(in: 0..<12, using: &random), site: "s\(Int.random(in: 0...2, using: &random))",
        variant: "v\(Int.random(in: 0...3, using: &random))",
        rule: Int.random(in: 0..<10, using: &random) == 0 ? rule : nil)
    }
  }

  @Test("forwarded, held back, ordinary and doubtful are the mails that came", arguments: 0..<80)
  func sums(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var replay = Replay(Self.policy(&random), keepsTimeline: true)
    var now = noon
    var forwards = 0
    for number in 1...600 {
      // Clocks that are set back are no reason to lose count.
      let jumps = Int.random(in: 0..<200, using: &random) == 0
      now = now.advanced(by: .milliseconds(jumps ? -90_000_000 : Int64.random(in: 0...90_000, using: &random)))
      if replay.accept(Self.mail(&random), from: ReplayTests.envelope, at: now).isForward { forwards += 1 }
      let totals = replay.totals
      #expect(totals.allForwarded + totals.allHeldBack + totals.ordinary + totals.doubtful == number)
      #expect(totals.allForwarded + totals.ordinary + totals.doubtful == forwards && totals.mails == number)
    }
    replay.finish()
    check(replay)
  }

  private func check(_ replay: Replay) {
    let totals = replay.totals
    let records = replay.errors.map(\.record)
    let heldBack = totals.allHeldBack - (totals.heldBack["doubt-flood"] ?? 0)
    #expect(records.map(\.total).reduce(0, +) == totals.allForwarded + heldBack)
    #expect(records.map(\.suppressed).reduce(0, +) == heldBack)
    #expect(replay.timeline.count == totals.inbox)
    #expect(records.allSatisfy { $0.awaitsDigestSince == nil }, "somebody still waits for a digest")
    #expect(records.allSatisfy { $0.allClearAt == nil }, "somebody still waits for an all-clear")
  }

  @Test("whatever came, each error that nobody silenced is told within the time of a digest", arguments: 0..<60)
  func nothingIsHidden(seed: UInt64) {
    var random = SplitMix(seed: seed)
    var replay = Replay(Self.policy(&random))
    var now = noon
    for _ in 0..<600 {
      now = now.advanced(by: .milliseconds(Int64.random(in: 0...60_000, using: &random)))
      let error = Int.random(in: 0..<60, using: &random)
      _ = replay.accept(ReplayTests.report(error), from: ReplayTests.envelope, at: now)
    }
    replay.finish()
    for error in replay.errors {
      #expect(error.firstTold.map { $0.since(error.record.firstSeen) <= StormCap.digestEvery } ?? false)
    }
  }
}

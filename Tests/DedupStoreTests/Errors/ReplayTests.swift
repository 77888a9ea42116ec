import DedupCore
import MailMessage
import MailTestKit
import Testing
import Trial

@testable import DedupStore

/// What a replay says of mails is what the store does with them.
@Suite("Replay and store") struct ReplayStoreTests {
  private static func mail(_ random: inout SplitMix) -> Judged {
    switch random.next(below: 20) {
    case 0: return .pass(reason: "no-error")
    case 1, 2: return .doubt(DoubtfulReport(reason: "odd", type: "T\(random.next(below: 3))"))
    default:
      // Now and then one that was never seen before.
      let number = random.next(below: 9) == 0 ? 2 + random.next(below: 100) : random.next(below: 2)
      let site = Site(settingsModule: "s\(number)", subjectPrefix: nil, envelope: Shop.envelope)
      var occurrence = Shop.occurrence("e\(random.next(below: 6))", site)
      occurrence.variant = "v\(random.next(below: 3))"
      occurrence.rule = random.next(below: 12) == 0 ? RuleEffect(name: "r", treatment: .silence) : nil
      return .report(occurrence)
    }
  }

  private static func policy(_ seed: UInt64) -> WindowPolicy {
    var policy = WindowPolicy(length: .minutes(20))
    policy.variants = seed.isMultiple(of: 2) ? 1 : 0
    policy.milestones = [3, 10]
    policy.reminders = seed.isMultiple(of: 3) ? [.minutes(5), .minutes(30)] : []
    policy.quiet = .minutes(30)
    policy.saysAllClear = true
    policy.hourlyForwards = [0, 3, 6][Int(seed % 3)]
    policy.doubts = [10, 1, 2, 0][Int(seed % 4)]
    policy.sites["s1"] = WindowOverrides(length: .minutes(4))
    return policy
  }

  @Test("each verdict is the same, and as many mails of our own go out", arguments: UInt64(1)...8)
  func agree(seed: UInt64) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    store.setPolicy(Self.policy(seed))
    var random = SplitMix(seed: seed)
    var replay = Replay(Self.policy(seed))
    var now = nine
    for number in 0..<250 {
      // The store is asked at each moment at which something may be due: all times are whole ten seconds.
      for _ in 0..<[0, 0, 1, 6, 30][random.next(below: 5)] {
        now = now + .seconds(10)
        _ = try await store.sendWhatIsDue(now: now)
      }
      let mail = Self.mail(&random)
      let stored = try await store.accept(Shop.mail(mail, at: now))
      #expect(replay.accept(mail, from: Shop.envelope, at: now) == stored, "mail \(number)")
    }
    for _ in 0..<400 {
      now = now + .seconds(10)
      _ = try await store.sendWhatIsDue(now: now)
    }
    replay.finish()
    let notices = try await store.queue(limit: 10_000).count { $0.kind == .notice }
    #expect(notices == replay.totals.ownMails)
    let totals = try await store.totals()
    #expect(totals.forwarded == replay.totals.allForwarded && totals.suppressed == replay.totals.allHeldBack)
    #expect(totals.passed == replay.totals.ordinary && totals.doubtful == replay.totals.doubtful)
  }
}

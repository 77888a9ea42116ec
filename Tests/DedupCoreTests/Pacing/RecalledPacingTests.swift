import MailMessage
import MailTestKit
import Testing

@testable import DedupCore

private let hop = "smtp.example.org:587"
private let slow = DeliveryLimits(rate: DeliveryRate(1, per: .hour))

/// What the pacing knows without being asked: mail that waited before a restart, and limits that a reload changed.
@Suite struct RecalledPacingTests {
  private static func request(
    _ id: Int64, _ limits: DeliveryLimits, _ priority: DeliveryPriority = .ordinary
  ) -> DeliveryPacing.Request {
    DeliveryPacing.Request(
      id: QueueID(rawValue: id), recipients: 1, priority: priority, limits: limits, nextHops: [hop])
  }

  @Test(
    "what an earlier process made wait counts as waiting after a restart, before it asks again, and new mail follows")
  func recalls() {
    let limits = DeliveryLimits(rate: DeliveryRate(5, per: .minute))
    var pacing = DeliveryPacing(
      [Departures(nextHop: hop, minute: noon.minute, ordinary: 5, other: 0)], now: noon + 30)
    for id in 1...25 {
      let time = noon + 60 * (Int(id - 1) / 5 + 1)
      pacing.recall(Self.request(Int64(id), limits), until: time, since: noon, now: noon + 30)
    }
    let usage = pacing.standings(now: noon + 30).first
    #expect(usage?.waiting == 25 && usage?.lastLeaves == noon + 300)
    // One that asks again keeps its place and does not count twice.
    _ = pacing.ask(Self.request(25, limits), now: noon + 31)
    #expect(pacing.standings(now: noon + 31).first?.waiting == 25)
    guard case .wait(let until, _) = pacing.ask(Self.request(26, limits), now: noon + 31) else {
      Issue.record("new mail goes after what waits")
      return
    }
    #expect(until >= noon + 300)
  }

  @Test("a mail that should have gone while the relay was down may go now, and no limit means that nothing waits")
  func recallsLate() {
    let limits = DeliveryLimits(rate: DeliveryRate(5, per: .minute))
    var pacing = DeliveryPacing(now: noon + 7200)
    pacing.recall(Self.request(1, limits), until: noon, since: noon, now: noon + 7200)
    pacing.recall(Self.request(2, DeliveryLimits()), until: noon + 9000, since: noon, now: noon + 7200)
    #expect(pacing.standings(now: noon + 7200).map(\.waiting) == [1])
    #expect(pacing.ask(Self.request(1, limits), now: noon + 7200) == .go(1))
  }

  @Test(
    "limits of a reload count at once: without them nothing waits for them and errors are told one by one",
    arguments: [
      ([hop: DeliveryLimits()], DeliveryLimits(), [], NoticeMode.oneByOne, "the limits are gone"),
      ([:], DeliveryLimits(), [], .oneByOne, "the smarthost is gone"),
      ([:], slow, [6], .inDigests(every: StormCap.digestEvery), "rerouted mail has the limits of all mail"),
      ([hop: slow], DeliveryLimits(), [6], .inDigests(every: StormCap.digestEvery), "the limits are as before"),
    ] as [([String: DeliveryLimits], DeliveryLimits, [Int], NoticeMode, Comment)])
  func reloads(
    _ configured: [String: DeliveryLimits], others: DeliveryLimits, waiting: [Int], mode: NoticeMode, why: Comment
  ) {
    var pacing = DeliveryPacing(
      [Departures(nextHop: hop, minute: noon.minute, ordinary: 0, other: 1)], now: noon)
    for id in 1...6 { _ = pacing.ask(Self.request(Int64(id), slow, .report), now: noon) }
    #expect(pacing.noticeMode(now: noon + 70) != .oneByOne, why)
    pacing.adopt(configured, others: others)
    #expect(pacing.standings(now: noon + 70).map(\.waiting) == waiting, why)
    #expect(pacing.noticeMode(now: noon + 70) == mode, why)
  }
}

import DedupCore
import MailTestKit
import Testing

@Suite struct RetryPolicyTests {
  static let policy = RetryPolicy()

  @Test(
    "the waits between attempts grow",
    arguments: [
      (1, 30), (2, 60), (3, 120), (4, 300), (5, 600), (6, 1200), (7, 1800), (8, 3600), (9, 3600), (1000, 3600),
      (Int.max, 3600), (0, 30), (Int.min, 30),
    ])
  func waitsGrow(_ attempts: Int, _ seconds: Int) {
    #expect(Self.policy.wait(after: attempts, random: 0) == .seconds(seconds))
  }

  @Test(
    "a mail that was refused for a rate comes again soon, then as any other",
    arguments: [(1, 2), (2, 2), (3, 4), (5, 8), (11, 64), (21, 2048), (23, 3600), (Int.max, 3600), (Int.min, 2)])
  func waitsForRate(_ attempts: Int, _ seconds: Int) {
    #expect(Self.policy.wait(after: attempts, random: 0, isRateLimited: true) == .seconds(seconds))
  }

  @Test(
    "a mail older than five days is given up after eight attempts, in quick succession after sixteen",
    arguments: [(6, false, 0), (7, false, 1), (7, true, 0), (14, true, 0), (15, true, 1)])
  func triedEnough(_ attempts: Int, _ isRateLimited: Bool, _ failed: Int) {
    let entry = QueueEntry.fixture(recipients: ["a@example.org"], attempts: attempts)
    var attempt = DeliveryAttempt(
      entry: entry.id, at: noon.advanced(by: .seconds(6 * 86_400)), outcomes: [.deferred(reason: "451")], nextHop: "x")
    attempt.isRateLimited = isRateLimited
    #expect(Self.policy.settle(entry, attempt, random: 0).failed.count == failed)
  }

  @Test("the waits configured are never exceeded, also for a rate")
  func shortWaits() {
    var policy = RetryPolicy()
    policy.waits = [.seconds(1)]
    #expect(policy.wait(after: 5, random: 0, isRateLimited: true) == .seconds(1))
  }

  @Test(
    "the jitter of a wait stays within a fifth",
    arguments: [(1.0, 36), (-1.0, 24), (0.5, 33), (7.0, 36), (-7.0, 24), (.infinity, 36), (-.infinity, 24)])
  func jitterStaysWithinAFifth(_ random: Double, _ seconds: Int) {
    #expect(abs((Self.policy.wait(after: 1, random: random) - .seconds(seconds)).wholeMilliseconds) <= 1)
  }

  @Test("odd settings do not trap")
  func oddSettingsDoNotTrap() {
    var policy = RetryPolicy()
    #expect(policy.wait(after: 1, random: .nan) > .zero)
    policy.jitter = .nan
    #expect(policy.wait(after: 1, random: 1) == .seconds(30))
    policy.jitter = -5
    #expect(policy.wait(after: 1, random: 1) == .seconds(30))
    policy.waits = []
    #expect(policy.wait(after: 3, random: 1) == .seconds(3600))
    policy.waits = [.seconds(Int64.max)]
    policy.jitter = 0.2
    #expect(policy.wait(after: 1, random: 1) > .seconds(Int64.max / 2))
    #expect(!policy.isExpired(queuedAt: Timestamp(milliseconds: .max), now: Timestamp(milliseconds: .min)))
    #expect(policy.isExpired(queuedAt: Timestamp(milliseconds: .min), now: Timestamp(milliseconds: .max)))
  }

  @Test("a mail expires after five days")
  func expiresAfterFiveDays() {
    #expect(!Self.policy.isExpired(queuedAt: noon, now: noon.advanced(by: .seconds(5 * 86_400 - 1))))
    #expect(Self.policy.isExpired(queuedAt: noon, now: noon.advanced(by: .seconds(5 * 86_400))))
  }

  @Test(
    "a mail is due when its time has come, or when it lies further ahead than any wait",
    arguments: [
      (0, true), (-1, true), (1, false), (3600, false), (7200, false),
      // No wait is that long: the clock was set back.
      (7201, true), (86_400 * 365, true),
    ])
  func isDue(_ secondsAhead: Int, _ expected: Bool) {
    #expect(Self.policy.isDue(nextAttempt: noon.advanced(by: .seconds(secondsAhead)), now: noon) == expected)
  }

  @Test("a notice of delay comes once, and not for bounces")
  func delayNoticeComesOnceAndNotForBounces() {
    let late = noon.advanced(by: .seconds(4 * 3600))
    let tried = QueueEntry.fixture(attempts: 9)
    #expect(Self.policy.isDelayNoticeDue(for: tried, now: late))
    #expect(!Self.policy.isDelayNoticeDue(for: tried, now: late.advanced(by: .seconds(-1))))
    #expect(!Self.policy.isDelayNoticeDue(for: tried, now: noon.advanced(by: .seconds(5 * 86_400))))
    #expect(!Self.policy.isDelayNoticeDue(for: .fixture(attempts: 0), now: late))
    #expect(!Self.policy.isDelayNoticeDue(for: .fixture(attempts: 9, delayNotified: true), now: late))
    #expect(!Self.policy.isDelayNoticeDue(for: .fixture(sender: "", attempts: 9), now: late))
    #expect(!Self.policy.isDelayNoticeDue(for: .fixture(attempts: 9, kind: .bounce), now: late))
  }
}

import MailMessage
import MailTestKit
import Testing

@testable import DedupCore

/// A next hop that rejects the mails of an error must not get one for each report.
@Suite struct RejectionTests {
  @Test(
    "after a rejection the next mail goes at a distance of mails or minutes, and never later than the window",
    arguments: [
      (1, 1, 0, true, "the first rejection: the very next mail goes"),
      (2, 1, 60, false, "the second: one mail, a minute later, is too early"),
      (2, 2, 0, true, "the second mail goes"), (2, 1, 120, true, "and so does one two minutes later"),
      (4, 9, 599, false, "the fourth: nine mails within ten minutes are too early"),
      (4, 10, 1, true, "ten are enough"), (4, 1, 600, true, "and so are ten minutes"),
      (8, 999, 3599, false, "the eighth waits for a thousand"), (8, 2, 3600, true, "but for no longer than the window"),
      (50, 1000, 0, true, "from then on a thousand each"), (3, 1, -60, true, "a clock that was set back hides nothing"),
    ])
  func distances(count: Int, mails: Int, seconds: Int, isAllowed: Bool, why: Comment) {
    let rejection = Rejection(count: count, at: noon, total: 10)
    let allows = rejection.allowsNext(
      total: 10 + mails, window: .seconds(3600), now: noon.advanced(by: .seconds(seconds)))
    #expect(allows == isAllowed, why)
  }

  @Test("1,000 reports of which each mail is rejected at once are 8 mails, and the count is exact")
  func storm() {
    let policy = WindowPolicy()
    var (record, sent): (WindowRecord?, Int) = (nil, 0)
    for number in 0..<1000 {
      let now = noon.advanced(by: .seconds(number * 3))
      let decision = policy.decide(record, now: now)
      record = decision.record
      guard decision.verdict.isForward else {
        #expect(decision.verdict.reason == "after-rejection")
        continue
      }
      sent += 1
      record?.reject(at: now)
    }
    #expect(sent == 8)
    #expect(record?.total == 1000)
    #expect(record.map { $0.total - $0.suppressed } == 8)
  }

  @Test("a mail that arrived ends the row of rejections: after its window the next rejection is a first one")
  func ends() throws {
    let policy = WindowPolicy()
    var record = policy.decide(nil, now: noon).record
    record.reject(at: noon)
    record = policy.decide(record, now: noon.advanced(by: .seconds(1))).record
    #expect(record.rejection?.count == 1)
    let later = policy.decide(record, now: noon.advanced(by: .seconds(4000)))
    #expect(later.verdict.reason == "window-elapsed")
    #expect(later.record.rejection == nil)
  }

  @Test("milestones and new variants do not go out between rejections either")
  func nothingElse() {
    var policy = WindowPolicy()
    (policy.milestones, policy.variants) = ([2], 3)
    var record = policy.decide(nil, now: noon).record
    for _ in 1...3 { record.reject(at: noon) }
    let decision = policy.decide(record, .init(isNewVariant: true), now: noon.advanced(by: .seconds(1)))
    #expect(decision.verdict.reason == "after-rejection")
    #expect(decision.milestone == nil)
  }
}

extension WindowRecord {
  /// What the store does when the mail that opened the window was rejected.
  fileprivate mutating func reject(at now: Timestamp) {
    windowStart = nil
    rejection = Rejection(count: (rejection?.count ?? 0) + 1, at: now, total: total)
  }
}

/// Which next hops reject, and what they give back to the storm cap.
@Suite struct RejectionWatchTests {
  private static func entry(_ kind: QueueEntry.Kind) -> QueueEntry {
    QueueEntry(
      id: QueueID(rawValue: 1), sender: EmailAddress("root@shop.example"),
      recipients: [EmailAddress("ops@shop.example")],
      body: .unspecified, usesSMTPUTF8: false, size: 1, queuedAt: noon, attempts: 0, nextAttempt: noon,
      lastFailure: nil, kind: kind, delayNotified: false)
  }

  private static func settle(
    _ watch: inout RejectionWatch, _ outcome: DeliveryOutcome, _ kind: QueueEntry.Kind = .report, hop: String = "a:25",
    at now: Timestamp = noon
  ) -> (Settlement, RejectionWatch.Change?) {
    let entry = entry(kind)
    var settlement = RetryPolicy().settle(
      entry, DeliveryAttempt(entry: entry.id, at: now, outcomes: [outcome], nextHop: hop), random: 0)
    let change = watch.note(&settlement, of: entry, at: now)
    return (settlement, change)
  }

  private static let no = DeliveryOutcome.rejected(reason: "550 spam", status: "5.7.1")
  private static let yes = DeliveryOutcome.delivered(reply: "250 ok")

  @Test("the first rejection is told, the others are counted, and what it takes again ends it")
  func tells() {
    var watch = RejectionWatch()
    _ = Self.settle(&watch, Self.yes)
    guard case .begins(let standing)? = Self.settle(&watch, Self.no).1 else {
      Issue.record("a first rejection begins")
      return
    }
    #expect(standing.reason == "550 spam" && standing.tookUntil == noon)
    #expect(Self.settle(&watch, Self.no).1 == nil)
    #expect(watch.rejecting["a:25"]?.mails == 2)
    guard case .ends(let ended)? = Self.settle(&watch, Self.yes).1 else {
      Issue.record("a mail that is taken ends it")
      return
    }
    #expect(ended.mails == 2 && watch.rejecting.isEmpty)
  }

  @Test("ordinary mail says nothing of it: a filter may reject error mail alone")
  func ordinary() {
    var watch = RejectionWatch()
    _ = Self.settle(&watch, Self.no)
    #expect(Self.settle(&watch, Self.yes, .pass).1 == nil)
    #expect(watch.rejecting["a:25"]?.mails == 1)
  }

  @Test("a rejection gives its place back, 30 times an hour for each next hop; another hop has its own")
  func places() {
    var watch = RejectionWatch()
    let returned = (0..<40).map { _ in Self.settle(&watch, Self.no).0.returnsPlace }
    #expect(returned.count { $0 } == 30)
    #expect(Self.settle(&watch, Self.no, hop: "b:25").0.returnsPlace)
    #expect(Self.settle(&watch, Self.no, at: noon.advanced(by: .seconds(3700))).0.returnsPlace)
  }
}

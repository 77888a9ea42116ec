import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import Testing

@testable import MailDedup

@Suite(.timeLimit(.minutes(5))) struct QueueWatchTests {
  private func letters(_ count: Int) -> [OwnMail] {
    let now = WallClock.now()
    return (0..<count).map { _ in
      OwnMail(
        id: QueueIDs.next(at: now),
        envelope: Envelope(sender: EmailAddress("a@b.example"), recipients: [EmailAddress("c@d.example")]),
        message: Array("Subject: x\r\n\r\n".utf8), kind: .copy)
    }
  }

  @Test("a queue that grows is told once, by a mail that is due before all others, and it is over when it shrank")
  func tells() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    let mailer = SummaryMailer(store: store, settings: Live(Configuration.Summary()), hostname: "relay.example")
    let watch = QueueWatch(
      store: store, pacing: Live(DeliveryPacing(now: WallClock.now())), mailer: mailer,
      postmaster: { EmailAddress("postmaster@shop.example") }, logger: .quiet)
    try await store.enqueue(letters(99))
    await watch.look(now: WallClock.now())
    #expect(watch.standing == nil)
    try await store.enqueue(letters(80))
    for _ in 0..<3 { await watch.look(now: WallClock.now()) }
    #expect(watch.standing?.waiting == 180)
    let alerts = try await store.queue(QueueFilter(kind: .alert))
    #expect(alerts.map { $0.recipients.map(\.text) } == [["postmaster@shop.example"]])
    let due = try await store.due(now: WallClock.now(), limit: 1, octets: 1 << 20, excluding: [])
    let first = try #require(due.entries.first)
    #expect(first.kind == .alert)
    let text = String(decoding: try #require(due.messages[first.id]).head, as: UTF8.self)
    #expect(text.contains("Subject: [MailDedup] 179 mails wait on relay.example"))
    let restarted = QueueWatch(
      store: store, pacing: Live(DeliveryPacing(now: WallClock.now())), mailer: mailer,
      postmaster: { EmailAddress("postmaster@shop.example") }, logger: .quiet)
    await restarted.look(now: WallClock.now())
    #expect(restarted.standing != nil)
    #expect(try await store.queue(QueueFilter(kind: .alert)).count == 1, "a restart tells nothing twice")
    let some = try await store.queue(QueueFilter(kind: .copy, limit: 85)).map(\.id)
    _ = try await store.change(.delete, .ids(some), now: WallClock.now())
    let again = QueueWatch(
      store: store, pacing: Live(DeliveryPacing(now: WallClock.now())), mailer: mailer,
      postmaster: { EmailAddress("postmaster@shop.example") }, logger: .quiet)
    await again.look(now: WallClock.now())
    #expect(again.standing?.most == 180, "95 wait, which is more than half of what waited before the restart")
    try await store.enqueue(letters(60))
    await again.look(now: WallClock.now())
    #expect(try await store.queue(QueueFilter(kind: .alert)).count == 1, "the same growth, told once")
    _ = try await store.change(.delete, .all, now: WallClock.now())
    for watch in [watch, restarted, again] {
      await watch.look(now: WallClock.now())
      #expect(watch.standing == nil)
    }
  }

  @Test("when the limits leave little, the store tells errors in digests, and one by one again when there is room")
  func digests() async throws {
    let folder = try TemporaryFolder()
    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    let now = WallClock.now()
    var pacing = DeliveryPacing(now: now)
    let request = DeliveryPacing.Request(
      id: QueueID(rawValue: 1), recipients: 60, priority: .report, limits: DeliveryLimits(daily: 1000),
      nextHops: ["smtp:25"])
    guard case .go(let count) = pacing.ask(request, now: now) else {
      Issue.record("there is room for it")
      return
    }
    _ = pacing.finished(request, at: "smtp:25", recipients: count, now: now)
    let watch = QueueWatch(
      store: store, pacing: Live(pacing),
      mailer: SummaryMailer(store: store, settings: Live(Configuration.Summary()), hostname: "relay.example"),
      postmaster: { nil }, logger: .quiet)
    await watch.setNoticeMode(now: now)
    #expect(store.noticeMode == .inDigests(every: .seconds(3600)))
    await watch.setNoticeMode(now: now.advanced(by: .seconds(86_500)))
    #expect(store.noticeMode == .oneByOne)
  }
}

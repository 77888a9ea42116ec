import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

private let deferred = DeliveryOutcome.deferred(reason: "connection refused")
private let rejected = DeliveryOutcome.rejected(reason: "550 5.1.1 unknown user", status: "5.1.1")

/// What an attempt changes beside the entry of its mail: the window of its error, and the mails that tell of it.
@Suite("Settling")
struct SettlingTests {
  @Test("a settlement that comes twice does nothing the second time and sends no second bounce")
  func twice() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let entry = try #require(try await store.queue(limit: 1).first)
    let attempt = DeliveryAttempt(entry: mail.id, at: nine, outcomes: [rejected, rejected], nextHop: "test")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    try await store.settle(settlement, bounce: Shop.bounce(of: mail.id))
    try await store.settle(settlement, bounce: Shop.bounce(of: mail.id))
    #expect(try await store.queue(limit: 10).map(\.kind) == [.bounce])
  }

  @Test("a delay notice is queued in the transaction that remembers it")
  func delay() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let entry = try #require(try await store.queue(limit: 1).first)
    let attempt = DeliveryAttempt(entry: mail.id, at: nine, outcomes: [deferred, deferred], nextHop: "test")
    try await store.settle(
      RetryPolicy().settle(entry, attempt, random: 0), bounce: Shop.bounce(of: mail.id), delayNoticeSent: true)
    try await store.attempt(mail.id, at: nine + .minutes(1), [deferred, deferred])
    #expect(try await store.queue(limit: 10).map(\.delayNotified) == [true, false])
  }

  @Test("when the first mail of an error is finally rejected, the next one goes out and the count goes on")
  func reopening() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    try await store.accept(Shop.report(at: nine + .minutes(1)))
    try await store.attempt(first.id, at: nine, [rejected, rejected], bounce: Shop.bounce(of: first.id))
    #expect(
      try await store.accept(Shop.report(at: nine + .minutes(2)))
        == .forward(.lastOneRejected, RunningCount(heldBack: 1, total: 3, since: nine)))
  }

  @Test("a mail that reached somebody in an earlier attempt leaves its window alone when the others are rejected")
  func seenBySomebody() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    try await store.attempt(first.id, at: nine, [.delivered(reply: "250 ok"), .deferred(reason: "450 later")])
    #expect(try await store.queue(limit: 10).map(\.hasDelivered) == [true])
    try await store.attempt(first.id, at: nine + .minutes(1), [rejected])
    #expect(try await store.queue(limit: 10).isEmpty)
    #expect(try await store.accept(Shop.report(at: nine + .minutes(2))).isForward == false)
  }

  @Test("what a rejected mail said about held back ones is said again by the next")
  func carried() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<5 { try await store.accept(Shop.report(at: nine + .minutes(minute))) }
    let second = Shop.report(at: nine + .hours(1))
    #expect(try await store.accept(second).heldBack == 4)
    try await store.accept(Shop.report(at: nine + .hours(1)))
    try await store.attempt(second.id, at: nine + .hours(1), [rejected, rejected])
    #expect(try await store.accept(Shop.report(at: nine + .minutes(61))).heldBack == 5)
  }

  @Test("the rejection of an older mail leaves the window open that a later one opened")
  func laterWindow() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    try await store.accept(Shop.report(at: nine + .hours(1)))
    try await store.attempt(first.id, at: nine + .hours(1), [rejected, rejected])
    #expect(try await store.accept(Shop.report(at: nine + .minutes(61))).isForward == false)
  }

  @Test("a settlement sees the window that mails of the same batch have just changed")
  func reopeningInBatch() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    let settlement = Shop.settlement(of: first.id, Shop.envelope.recipients, [rejected, rejected])
    let verdicts = try await store.commit { batch in
      let before = try batch.accept(Shop.report())
      try batch.settle(
        Settling(settlement: settlement, at: nine, notice: nil, delayNoticeSent: false), noticeFile: nil)
      return [before, try batch.accept(Shop.report()), try batch.accept(Shop.report())]
    }
    #expect(verdicts.map(\.isForward) == [false, true, false])
    #expect(verdicts.map(\.heldBack) == [1, 1, 1])
    #expect(try await store.totals() == Totals(forwarded: 2, suppressed: 2))
  }
}

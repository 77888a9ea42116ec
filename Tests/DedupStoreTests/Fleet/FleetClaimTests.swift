import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// What a queued mail asks a fleet, and how it becomes a count.
@Suite("Claims of a fleet")
struct FleetClaimTests {
  @Test("a forwarded report asks, with the totals of its error")
  func question() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    for _ in 0..<4 { try await store.accept(Shop.report()) }
    let question = try #require(try await store.fleetQuestion(of: first.id))
    #expect(question.window == .hours(1) && question.variant == nil)
    #expect(question.error.siteKey == Shop.site.key && question.error.fingerprint == "v1:aaaa1111")
    #expect(question.error.total == 5 && question.error.suppressed == 4 && question.error.episode == 5)
  }

  @Test("ordinary mail, what an admin asked for, and what some recipient has do not ask")
  func noQuestion() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let ordinary = Shop.ordinary()
    try await store.accept(ordinary)
    #expect(try await store.fleetQuestion(of: ordinary.id) == nil)
    let report = Shop.report()
    try await store.accept(report)
    try await store.settle(
      Shop.settlement(
        of: report.id, Shop.envelope.recipients,
        [.delivered(reply: "250 ok", handover: .relayed), .deferred(reason: "later")]))
    #expect(try await store.fleetQuestion(of: report.id) == nil)
    #expect(try await store.holdBack(report.id) { nine } == false)
    #expect(!ForwardReason.rule("noise").isSharedByFleet && !ForwardReason.passingSite.isSharedByFleet)
  }

  @Test("a mail that another relay's stands for becomes a count, and its window begins with the other mail")
  func counted() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    try await store.accept(Shop.report(at: nine + .minutes(1)))
    let start = nine + .minutes(-20)
    #expect(try await store.holdBack(first.id) { start })
    #expect(try await store.queue(limit: 10).isEmpty)
    #expect(try await store.totals() == Totals(passed: 0, doubtful: 0, forwarded: 0, suppressed: 2))
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine).first)
    #expect(row.record.windowStart == start && row.record.suppressed == 2 && row.record.held == 2)
    #expect(row.hours.last == HourCount(forwarded: 0, suppressed: 2))
    #expect(try await store.accept(Shop.report(at: nine + .minutes(39))).isForward == false)
    #expect(try await store.accept(Shop.report(at: nine + .minutes(40))).isForward)
    #expect(try await store.holdBack(first.id) { start } == false, "it is gone")
  }

  @Test("what it said was held back before counts on, and is no longer counted as forwarded")
  func carried() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<5 { try await store.accept(Shop.report(at: nine + .minutes(minute))) }
    let second = Shop.report(at: nine + .hours(1))
    #expect(
      try await store.accept(second) == .forward(.windowElapsed, RunningCount(heldBack: 4, total: 6, since: nine)))
    #expect(try await store.holdBack(second.id) { nine + .minutes(30) })
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .hours(1)).first)
    #expect(row.record.held == 5 && row.record.suppressed == 5 && row.record.total == 6)
    #expect(try await store.totals() == Totals(passed: 0, doubtful: 0, forwarded: 1, suppressed: 5))
  }

  @Test("if the other mail is too old when it is committed, or an admin holds the mail, nothing happens")
  func notCounted() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    #expect(try await store.holdBack(first.id) { nil } == false)
    _ = try await store.change(.hold, .ids([first.id]), now: nine)
    #expect(try await store.holdBack(first.id) { nine } == false)
    #expect(try await store.queue(limit: 10).map(\.id) == [first.id])
    #expect(try await store.totals() == Totals(passed: 0, doubtful: 0, forwarded: 1, suppressed: 0))
  }
}

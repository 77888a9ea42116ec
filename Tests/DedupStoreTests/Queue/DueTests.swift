import DedupCore
import MailMessage
import MailTestKit
import Synchronization
import Testing

@testable import DedupStore

private let deferred = DeliveryOutcome.deferred(reason: "connection refused")

@Suite("What is due")
struct DueTests {
  @Test("what waits is due at once, with its age and attempts, and whoever delivers is woken")
  func makeDue() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let later = DeliveryOutcome.deferred(reason: "connection refused")
    try await store.attempt(mail.id, at: nine, [later, later])
    #expect(try await store.due(now: nine, limit: 10).isEmpty)
    let wakes = Atomic(0)
    store.onQueued { _ in wakes.add(1, ordering: .relaxed) }
    try await store.makeDue(now: nine + .seconds(1))
    let entry = try #require(try await store.due(now: nine + .seconds(1), limit: 10).first)
    #expect(entry.id == mail.id && entry.attempts == 1 && entry.queuedAt == nine)
    #expect(wakes.load(ordering: .relaxed) == 1)
  }

  @Test("oldest first; fresh mail and retries each get half of the places when both want them")
  func order() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var retries: [QueueID] = []
    for second in 0..<6 {
      let mail = Shop.ordinary(at: nine + .seconds(second))
      try await store.accept(mail)
      try await store.attempt(mail.id, at: nine + .seconds(second), [deferred, deferred])
      retries.append(mail.id)
    }
    #expect(try await store.due(now: nine + .seconds(31), limit: 20).map(\.id) == Array(retries.prefix(2)))
    var fresh: [QueueID] = []
    for second in 0..<3 {
      let mail = Shop.ordinary(at: nine + .minutes(10) + .seconds(second))
      try await store.accept(mail)
      fresh.append(mail.id)
    }
    let later = nine + .hours(1)
    #expect(try await store.due(now: later, limit: 6).map(\.id) == Array(fresh + retries.prefix(3)))
    #expect(try await store.due(now: later, limit: 4).map(\.id) == [fresh[0], fresh[2]] + retries.prefix(2))
    #expect(try await store.due(now: later, limit: 1).map(\.id) == Array(fresh.prefix(1)))
    #expect(try await store.due(now: later, limit: 20).map(\.id) == fresh + retries)
    #expect(
      try await store.due(now: later, limit: 4, excluding: Set(fresh)).map(\.id) == Array(retries.prefix(4)))
    #expect(try await store.nextDue(excluding: Set(fresh)) == nine + .seconds(30))
  }

  @Test("ordinary mail goes first, and one place in ten stays for our own")
  func ordinaryFirst() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let own = (0..<5).map { number in
      OwnMail(
        id: QueueIDs.next(at: nine + .seconds(number)),
        envelope: Envelope(sender: EmailAddress("relay@shop.example"), recipients: [EmailAddress("ops@shop.example")]),
        message: Array("x\r\n".utf8), kind: .notice)
    }
    try await store.enqueue(own)
    for second in 0..<30 { try await store.accept(Shop.ordinary(at: nine + .seconds(60 + second))) }
    let later = nine + .hours(1)
    let kinds = try await store.due(now: later, limit: 20).map(\.kind)
    #expect(kinds == Array(repeating: .pass, count: 18) + [.notice, .notice])
    #expect(try await store.due(now: later, limit: 40).map(\.kind).suffix(5).allSatisfy { $0 == .notice })
    #expect(try await store.due(.rerouted, now: later, limit: 40, octets: 0, excluding: []).entries.isEmpty)
    let old = try await store.due(
      .old(since: nine + .seconds(10), expired: nine), now: later, limit: 40, octets: 0, excluding: [])
    #expect(old.entries.map(\.id) == own.map(\.id))
  }

  @Test(
    "of more fresh mail than has a place the newest is in turn with the oldest, none twice, and without a sort",
    arguments: [
      (1, [0]), (2, [0, 9]), (3, [0, 9, 1]), (4, [0, 8, 1, 9]), (5, [0, 8, 1, 9, 2]),
      (9, [0, 6, 1, 7, 2, 8, 3, 9, 4]), (10, Array(0..<10)), (20, Array(0..<10)),
    ])
  func newest(_ limit: Int, _ expected: [Int]) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mails = (0..<11).map { Shop.ordinary(at: nine + .seconds($0)) }
    for mail in mails { try await store.accept(mail) }
    let ids = mails.map(\.id)
    let now = nine + .minutes(1)
    let found = try await store.due(now: now, limit: limit, excluding: [ids[10]]).map(\.id)
    #expect(found == expected.map { ids[$0] })
    // What is not due yet is not the newest.
    #expect(try await store.due(now: nine + .seconds(3), limit: 2).map(\.id) == [ids[0], ids[3]])
    for plan in try await store.commit({ try QueueQueries.plans($0.db) }) {
      #expect(plan.contains("USING INDEX entry_") && !plan.contains("TEMP"))
    }
  }
}

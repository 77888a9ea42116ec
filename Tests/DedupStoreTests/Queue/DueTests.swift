import DedupCore
import Synchronization
import Testing

@testable import DedupStore

@Suite("Another way")
struct DueTests {
  @Test("what waits is due at once, with its age and attempts, and whoever delivers is woken")
  func makeDue() async throws {
    let folder = try Folder()
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
}

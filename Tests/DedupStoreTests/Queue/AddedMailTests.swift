import DedupCore
import MailMessage
import MailTestKit
import Synchronization
import Testing

@testable import DedupStore

@Suite("What was added to the queue")
struct AddedMailTests {
  /// Hears what each of its transactions added.
  private final class Ear: Sendable {
    let heard = Mutex<[AddedMail]>([])

    init(_ store: SQLiteStore) { store.onQueued { added in self.heard.withLock { $0.append(added) } } }

    var last: AddedMail? { heard.withLock { $0.last } }
  }

  @Test("mail that came in is given as the queue has it, with what is to be sent")
  func likeTheQueue() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let ear = Ear(store)
    var asking = Shop.ordinary()
    asking.envelope.statusRequest = DeliveryStatusRequest(
      returns: .full, envelopeID: Xtext("QQ1"), wishes: [asking.envelope.recipients[0]: .init(notify: .never)])
    asking.envelope.body = .eightBitMIME
    asking.envelope.usesSMTPUTF8 = true
    for mail in [Shop.ordinary(), Shop.report(), asking] {
      try await store.accept(mail)
      let added = try #require(ear.last)
      #expect(added.isComplete && added.mails.map(\.entry.id) == [mail.id])
      #expect(added.mails.map(\.entry) == (try await store.queue(limit: 10).filter { $0.id == mail.id }))
      let message = try await store.message(of: mail.id)
      #expect(added.mails.map(\.message) == [message])
    }
  }

  @Test("whoever asked the queue knows whether its answer may hold what is given")
  func transactions() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let ear = Ear(store)
    let before = store.transactions
    try await store.accept(Shop.ordinary())
    #expect(try #require(ear.last).transaction > before)
    #expect(try #require(ear.last).transaction <= store.transactions)
  }

  @Test("an admin who changes the queue afterwards makes what was given out of date")
  func changes() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let ear = Ear(store)
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let given = try #require(ear.last)
    #expect(given.changes == store.queueChanges)
    _ = try await store.change(.hold, .ids([mail.id]), now: nine)
    #expect(given.changes != store.queueChanges)
  }

  @Test("a clock that jumps back is for `due` to see to, and what is given is not to be used until then")
  func clock() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(!store.follows(nine), "nobody has looked at the queue yet")
    _ = try await store.due(now: nine, limit: 1)
    #expect(store.follows(nine + .seconds(3600)))
    #expect(store.follows(nine + .seconds(3590)), "a clock may be set right by some seconds")
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let later = DeliveryOutcome.deferred(reason: "connection refused")
    try await store.attempt(mail.id, at: nine + .seconds(3600), [later, later])
    #expect(!store.follows(nine))
    #expect(try await store.due(now: nine, limit: 1).map(\.id) == [mail.id], "what was scheduled is due now")
    #expect(store.follows(nine))
  }

  @Test("what is large, our own, or more than anybody has use for, only the queue tells of")
  func others() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let ear = Ear(store)
    try await store.accept(Shop.ordinary(octets: 2 << 20))
    #expect(ear.last?.isComplete == false)
    try await store.enqueue([
      OwnMail(id: Shop.id(at: nine), envelope: Shop.envelope, message: Array("Summary".utf8), kind: .summary)
    ])
    #expect(ear.last?.isComplete == false)
    try await store.accept(Shop.ordinary())
    var much = try #require(ear.last)
    #expect(much.isComplete)
    for _ in 0..<30 {
      try await store.accept(Shop.ordinary())
      much.join(try #require(ear.last))
    }
    #expect(!much.isComplete && much.mails.isEmpty)
  }
}

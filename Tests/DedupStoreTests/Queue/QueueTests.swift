import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Synchronization
import Testing

@testable import DedupStore

private let delivered = DeliveryOutcome.delivered(reply: "250 2.0.0 ok")
private let deferred = DeliveryOutcome.deferred(reason: "connection refused")
private let rejected = DeliveryOutcome.rejected(reason: "550 5.1.1 unknown user", status: "5.1.1")

@Suite("Queue")
struct QueueTests {
  @Test("a queued mail is due at once, with its envelope and the bytes that were rendered")
  func entry() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let envelope = Envelope(
      sender: EmailAddress("root@shop.example"), recipients: Shop.envelope.recipients, body: .eightBitMIME,
      usesSMTPUTF8: true)
    let mail = Shop.mail(.pass(reason: "no-error"), envelope: envelope)
    try await store.accept(mail)
    let entry = try #require(try await store.due(now: nine, limit: 10).first)
    #expect(entry.envelope == envelope && entry.kind == .pass && entry.attempts == 0 && entry.queuedAt == nine)
    #expect(entry.size == mail.received().count + mail.message.head.count)
    #expect(try await store.octets(of: mail.id) == mail.received() + mail.message.head)
    #expect(try await store.octets(of: Shop.id(at: nine)) == nil)
    #expect(try await store.due(now: nine, limit: 10, excluding: [mail.id]).isEmpty)
    #expect(try await store.nextDue() == nine)
    #expect(try await store.nextDue(excluding: [mail.id]) == nil)
    #expect(
      try await store.queueStatus() == QueueStatus(waiting: 1, oldest: nine, octets: entry.size))
  }

  @Test("a delivered mail leaves the queue with its message")
  func delivery() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    try await store.attempt(mail.id, at: nine, [delivered, delivered])
    #expect(try await store.queue(limit: 10).isEmpty)
    #expect(try await store.octets(of: mail.id) == nil)
    let left = try await store.reader.read { db in
      try ["recipient", "message"].map { try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM \($0)") }
    }
    #expect(left == [0, 0])
  }

  @Test("what is known of a mail that just came is what would be read of it, once")
  func unchanged() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var envelope = Shop.envelope
    let original = try #require(OriginalRecipient("rfc822;cid@example.org", allowingUTF8: false))
    envelope.add(
      EmailAddress("cid@example.org"), DeliveryStatusRequest.Wish(notify: [.failure, .success], original: original))
    let mails = [
      Shop.ordinary(), Shop.ordinary(octets: 2 << 20), Shop.report(),
      Shop.mail(.pass(reason: "no-error"), envelope: envelope),
    ]
    for mail in mails { try await store.accept(mail) }
    for mail in mails {
      let (known, read, again) = try await store.commit { batch in
        (
          batch.unchanged.take(mail.id).map { "\($0)" }, try QueueTable.facts(mail.id, batch.db).map { "\($0)" },
          batch.unchanged.take(mail.id) == nil
        )
      }
      #expect(known != nil && known == read && again)
    }
    // Not kept in memory.
    let many = (0..<11).map { EmailAddress("\($0)@example.org") }
    let circular = Shop.mail(
      .pass(reason: "no-error"), envelope: Envelope(sender: Shop.envelope.sender, recipients: many))
    try await store.accept(circular)
    #expect(try await store.commit { $0.unchanged.take(circular.id) == nil })
  }

  @Test("each recipient has its own fate: the delivered and the rejected leave, the deferred stays and is tried later")
  func fates() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let names = ["ann", "bob", "cid"].map { EmailAddress("\($0)@example.org") }
    let mail = Shop.mail(
      .pass(reason: "no-error"), envelope: Envelope(sender: EmailAddress("root@shop.example"), recipients: names))
    try await store.accept(mail)
    let bounce = Shop.bounce(of: mail.id)
    try await store.attempt(mail.id, at: nine, [delivered, rejected, deferred], bounce: bounce)
    let entry = try #require(try await store.queue(limit: 10).first { $0.id == mail.id })
    #expect(entry.recipients == [names[2]] && entry.attempts == 1 && entry.lastFailure == "connection refused")
    #expect(entry.nextAttempt == nine + .seconds(30) && !entry.delayNotified)
    #expect(try await store.due(now: nine + .seconds(29), limit: 10).map(\.id) == [bounce.id])
    #expect(try await store.due(now: nine + .seconds(30), limit: 10).map(\.id) == [mail.id, bounce.id])
    #expect(try await store.octets(of: bounce.id) == bounce.message)
  }

  @Test(
    "a settlement keeps recipients it does not know, does not revive deleted ones, and counts one named twice twice")
  func remaining() {
    let ann = EmailAddress("ann@example.org")
    let bob = EmailAddress("bob@example.org")
    var settlement = Shop.settlement(of: Shop.id(at: nine), [ann, bob], [delivered, deferred])
    func open(of recipients: [EmailAddress]) -> [EmailAddress] {
      let rows = recipients.enumerated().map {
        QueueTable.Recipient(position: Int64($0.offset), address: $0.element, wish: .init(), isIntact: true)
      }
      return settlement.open(of: rows).map(\.address)
    }
    #expect(open(of: [ann, bob]) == [bob])
    #expect(open(of: [ann]) == [])
    #expect(open(of: [ann, ann]) == [ann])
    settlement.failed = [.init(recipient: ann, reason: "gone", status: "5.1.1")]
    #expect(open(of: [ann, ann, bob]) == [bob])
  }

  @Test("what the sender wants to be told is kept, through a restart and while recipients leave one by one")
  func statusRequests() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let names = ["ann", "bob", "cid"].map { EmailAddress("\($0)@example.org") }
    let wishes: [DeliveryStatusRequest.Wish] = [
      .init(notify: .never), .init(), .init(original: OriginalRecipient("utf-8;é@x", allowingUTF8: true)),
    ]
    var envelope = Envelope(
      sender: EmailAddress("root@shop.example"), recipients: [],
      statusRequest: DeliveryStatusRequest(returns: .full, envelopeID: Xtext("a+2Bb")))
    for (name, wish) in zip(names, wishes) { envelope.add(name, wish) }
    let mail = Shop.mail(.pass(reason: "no-error"), envelope: envelope)
    let plain = Shop.ordinary()
    try await store.accept(mail)
    try await store.accept(plain)
    try await store.attempt(mail.id, at: nine, [deferred, delivered, deferred])
    store.close()
    let again = try Shop.store(folder)
    defer { again.close() }
    let queue = try await again.queue(limit: 10)
    let entry = try #require(queue.first { $0.id == mail.id })
    #expect(entry.recipients == [names[0], names[2]])
    #expect(entry.statusRequest == envelope.statusRequest && entry.envelope.wish(for: names[0]).notify == .never)
    #expect(queue.first { $0.id == plain.id }?.statusRequest == nil)
    try await again.attempt(mail.id, at: nine, [rejected, deferred])
    let last = try #require(try await again.queue(limit: 10).first { $0.id == mail.id })
    #expect(last.envelope.wish(for: names[2]) == wishes[2] && last.statusRequest?.wishes.count == 1)
  }

  @Test("a wish that is damaged on the disk keeps no mail back")
  func damagedStatusRequest() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    try await store.commit { batch in
      try batch.db.execute(sql: "UPDATE entry SET dsn_ret = 'x', dsn_envid = 'a+0'")
      try batch.db.execute(sql: "UPDATE recipient SET dsn_notify = 'x', dsn_orcpt = 'x'")
    }
    #expect(try await store.due(now: nine, limit: 1).map(\.envelope) == [mail.envelope])
  }

  @Test("retries do not wait for a clock that jumped back by three days")
  func clock() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    _ = try await store.due(now: nine, limit: 1)
    try await store.attempt(mail.id, at: nine, [deferred, deferred])
    #expect(try await store.due(now: nine + .seconds(1), limit: 1).isEmpty)
    let past = nine + .hours(-72)
    #expect(try await store.due(now: past, limit: 1).map(\.id) == [mail.id])
    try await store.attempt(mail.id, at: past, [deferred, deferred])
    #expect(try await store.due(now: past + .seconds(1), limit: 1).isEmpty)
    #expect(try await store.nextDue() == past + .seconds(60))
  }

  @Test("a mail of our own and the setting that remembers it become durable together")
  func ownMail() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let summary = OwnMail(
      id: Shop.id(at: nine), envelope: Shop.envelope, message: Array("Summary".utf8), kind: .summary)
    try await store.enqueue([summary], setting: ("summary.day", "2025-10-09"))
    try await store.commit {
      try $0.db.execute(
        sql: "CREATE TRIGGER t BEFORE UPDATE ON setting BEGIN SELECT RAISE(ABORT, 'no'); END")
    }
    await #expect(throws: StoreFailure.self) { try await store.enqueue([summary], setting: ("summary.day", "never")) }
    try await store.commit { try $0.db.execute(sql: "DROP TRIGGER t") }
    #expect(try await store.setting("summary.day") == "2025-10-09")
    #expect(try await store.setting("unknown") == nil)
    try await store.setSetting("summary.day", "2025-10-10")
    #expect(try await store.setting("summary.day") == "2025-10-10")
    #expect(try await store.queue(limit: 10).map(\.kind) == [.summary])
    #expect(try await store.totals() == Totals())
  }

  @Test("the queue runner is woken by what can be delivered, and not by what was held back")
  func waking() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let wakes = Mutex(0)
    store.onQueued { _ in wakes.withLock { $0 += 1 } }
    try await store.accept(Shop.report())
    #expect(wakes.withLock { $0 } == 1)
    try await store.accept(Shop.report())
    #expect(wakes.withLock { $0 } == 1)
    _ = await store.acceptTogether((0..<5).map { _ in Shop.ordinary() })
    #expect(wakes.withLock { $0 } == 2)
  }

  @Test("a queue id that is in use is given to no second mail, and fails none")
  func sameID() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    let results = await store.acceptTogether([mail, Shop.ordinary(), mail, Shop.report()])
    #expect(results.allSatisfy { $0.failure == nil })
    #expect(try await store.totals() == Totals(passed: 3, forwarded: 1))
    let queued = try await store.queue(limit: 10)
    #expect(Set(queued.map(\.id)).count == 4 && queued.allSatisfy { $0.recipients == Shop.envelope.recipients })
  }
}

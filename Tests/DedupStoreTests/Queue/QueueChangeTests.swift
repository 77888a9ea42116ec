import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

private let later = DeliveryOutcome.deferred(reason: "connection refused")
private let never = DeliveryOutcome.rejected(reason: "550 5.1.1 unknown user", status: "5.1.1")
private let other = Smarthost(host: "backup.example", port: 587)

@Suite("What an admin does with the queue")
struct QueueChangeTests {
  struct Case: CustomTestStringConvertible {
    var testDescription: String
    var changes: [QueueChange]
    /// Of the mail that was tried once and failed.
    var state: QueueEntry.State?
    var isDue = false
    var reroutedTo: Smarthost?
  }

  static let cases = [
    Case(testDescription: "held mail is not due, whatever its time", changes: [.flush, .hold], state: .held),
    Case(testDescription: "flushing does not touch held mail", changes: [.hold, .flush], state: .held),
    Case(testDescription: "released mail is due at once", changes: [.hold, .release], state: .deferred, isDue: true),
    Case(testDescription: "releasing what nobody holds does nothing", changes: [.release], state: .deferred),
    Case(testDescription: "flushed mail is due at once", changes: [.flush], state: .deferred, isDue: true),
    Case(
      testDescription: "rerouted mail is due at once, on its new way", changes: [.reroute(to: other)],
      state: .deferred, isDue: true, reroutedTo: other),
    Case(
      testDescription: "held mail may be rerouted and stays held", changes: [.hold, .reroute(to: other)],
      state: .held, reroutedTo: other),
    Case(
      testDescription: "a reroute is undone by another", changes: [.reroute(to: other), .reroute(to: nil)],
      state: .deferred, isDue: true),
    Case(testDescription: "deleted mail is gone", changes: [.delete]),
    Case(testDescription: "held mail can be deleted", changes: [.hold, .delete]),
  ]

  @Test("it holds, also after a restart", arguments: cases)
  func change(_ expected: Case) async throws {
    let folder = try TemporaryFolder()
    let mail = Shop.ordinary()
    do {
      let store = try Shop.store(folder)
      defer { store.close() }
      try await store.accept(mail)
      try await store.attempt(mail.id, at: nine, [later, later])
      for change in expected.changes { _ = try await store.change(change, .ids([mail.id]), now: nine) }
    }
    let store = try Shop.store(folder)
    defer { store.close() }
    let entry = try await store.queue(limit: 10).first
    #expect(entry?.state == expected.state && entry?.reroutedTo == expected.reroutedTo)
    #expect(try await store.due(now: nine, limit: 10).isEmpty != expected.isDue)
    #expect(try await store.message(of: mail.id) == nil || expected.state == .deferred)
    let status = try await store.queueStatus()
    #expect(status.held == (expected.state == .held ? 1 : 0) && status.waiting == (expected.state == nil ? 0 : 1))
    #expect(entry.map { $0.queuedAt == nine && $0.attempts == 1 } ?? true)
  }

  @Test("the window of a report that is deleted opens again, and the next one says how many were held back")
  func deletedReport() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let first = Shop.report()
    try await store.accept(first)
    try await store.accept(Shop.report(at: nine + .seconds(1)))
    #expect(try await store.change(.delete, .all, now: nine + .seconds(2)) == [first.id])
    let verdict = try await store.accept(Shop.report(at: nine + .seconds(3)))
    guard case .forward(.lastOneRejected, _) = verdict else {
      Issue.record("\(verdict)")
      return
    }
  }

  @Test(
    "a mail that is deleted while it is tried leaves nothing behind, nor does it bounce", arguments: [later, never])
  func deletedUnderway(_ fate: DeliveryOutcome) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary(octets: 2 << 20)
    try await store.accept(mail)
    _ = try await store.change(.delete, .ids([mail.id]), now: nine)
    try await store.settle(
      Shop.settlement(of: mail.id, Shop.envelope.recipients, [fate, fate]), bounce: Shop.bounce(of: mail.id))
    #expect(try await store.queue(limit: 10).isEmpty)
    #expect(try await store.change(.hold, .ids([mail.id]), now: nine).isEmpty)
  }

  @Test("the list finds by kind, state, sender and recipient")
  func filter() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let (letter, report) = (Shop.ordinary(), Shop.report())
    for mail in [letter, report] { try await store.accept(mail) }
    _ = try await store.change(.hold, .ids([letter.id]), now: nine)
    let sender = Shop.envelope.sender.text
    let recipient = try #require(Shop.envelope.recipients.last).text
    let cases: [(QueueFilter, [QueueID])] = [
      (QueueFilter(), [letter.id, report.id]), (QueueFilter(limit: 1), [letter.id]),
      (QueueFilter(kind: .report), [report.id]), (QueueFilter(state: .held), [letter.id]),
      (QueueFilter(state: .waiting), [report.id]), (QueueFilter(state: .deferred), []),
      (QueueFilter(sender: sender), [letter.id, report.id]), (QueueFilter(sender: "x*"), []),
      (QueueFilter(recipient: recipient), [letter.id, report.id]), (QueueFilter(recipient: "*@nowhere"), []),
      (QueueFilter(kind: .report, state: .held), []),
    ]
    for (filter, ids) in cases {
      let found = try await store.queue(filter)
      #expect(Set(found.map(\.id)) == Set(ids), "\(filter)")
    }
    let shown = try await store.queued(letter.id, octets: 12)
    #expect(shown?.entry.state == .held && shown?.message?.count == 12)
  }

  @Test("the beginning of an id is a range of ids", arguments: ["0", "01JD", "01jdo", "01JDABCDEFGHK"])
  func prefixes(_ prefix: String) throws {
    let range = try #require(QueueID.range(of: prefix))
    for id in [range.lowerBound, range.upperBound] {
      let spelled = prefix.uppercased().replacing("O", with: "0")
      #expect(id.description.hasPrefix(spelled))
    }
  }

  @Test("what is no beginning of an id is none", arguments: ["", "!", "01JDABCDEFGHKMN", "*"])
  func noPrefix(_ text: String) {
    #expect(QueueID.range(of: text) == nil)
  }
}

import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

private let delivered = DeliveryOutcome.delivered(reply: "250 2.0.0 ok")
private let deferred = DeliveryOutcome.deferred(reason: "connection refused")

/// What was handed to a next hop when the process was killed, before it could be recorded.
@Suite("Handovers")
struct HandoverTests {
  /// The store after a crash that came between a note of `settle` and its transaction.
  private func crash(
    _ folder: TemporaryFolder, _ settle: (_ mail: Submission) -> [Settlement]
  ) async throws -> (mail: Submission, after: TemporaryFolder) {
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    for settlement in settle(mail) { store.handovers.note(settlement) }
    return (mail, try folder.copyAsAfterCrash())
  }

  @Test(
    "who got it does not get it again, and who did not is tried when it was planned",
    arguments: [
      ([delivered, delivered], 0, "everybody got it"),
      ([delivered, deferred], 1, "one got it"),
      ([deferred, deferred], 2, "nobody got it: there is no note"),
    ] as [([DeliveryOutcome], Int, String)])
  func recalled(outcomes: [DeliveryOutcome], left: Int, sentence: String) async throws {
    let (mail, folder) = try await crash(try TemporaryFolder()) {
      [Shop.settlement(of: $0.id, $0.envelope.recipients, outcomes)]
    }
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(try await store.recallHandovers() == (left < 2 ? 1 : 0), "\(sentence)")
    let entries = try await store.queue(limit: 10)
    #expect(entries.flatMap(\.recipients) == mail.envelope.recipients.suffix(left), "\(sentence)")
    #expect(entries.allSatisfy { $0.attempts == (left < 2 ? 1 : 0) && $0.hasDelivered == (left < 2) }, "\(sentence)")
    #expect(try await store.recallHandovers() == 0, "once")
  }

  @Test("what was being offered to a smarthost with limits counts after a crash, whatever became of it, and only once")
  func offered() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let offer = Departures(nextHop: "smtp.example.net:587", minute: 100, ordinary: 2, other: 0)
    store.noteOffer(of: mail.id, [offer])
    store.noteOffer(of: QueueID(rawValue: 7), [offer])
    store.forgetOffer(of: QueueID(rawValue: 7))
    let after = try folder.copyAsAfterCrash()
    store.close()
    let again = try Shop.store(after)
    defer { again.close() }
    #expect(try await again.recallHandovers() == 0, "it was not handed over, as far as is known")
    #expect(try await again.departures() == [offer])
    #expect(try await again.recallHandovers() == 0)
    #expect(try await again.departures() == [offer])
    #expect(try await again.queue(limit: 10).map(\.attempts) == [0])
  }

  @Test("a note of what was recorded changes nothing, also of a mail that waits for the rest of its recipients")
  func recordedBefore() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let settlement = Shop.settlement(of: mail.id, mail.envelope.recipients, [delivered, deferred])
    try await store.settle(settlement)
    let before = try await store.queue(limit: 10)
    store.handovers.note(settlement)
    let after = try folder.copyAsAfterCrash()
    store.close()
    let again = try Shop.store(after)
    defer { again.close() }
    #expect(try await again.recallHandovers() == 0)
    #expect(try await again.queue(limit: 10) == before)
  }

  @Test("what is recorded leaves no address behind, and the file no longer than what was under way at once")
  func leavesNothing() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for _ in 1...5 {
      let mail = Shop.ordinary()
      try await store.accept(mail)
      try await store.attempt(mail.id, at: nine, mail.envelope.recipients.map { _ in delivered })
    }
    let octets = try SyncedFile.read(folder.file("handovers"))
    #expect(octets.count == 4096 && octets.allSatisfy { $0 == 0 })
  }

  @Test("a note that is damaged, cut or of a stranger's making is none", arguments: [0, 4, 8, 20])
  func damaged(position: Int) async throws {
    let (mail, folder) = try await crash(try TemporaryFolder()) {
      [Shop.settlement(of: $0.id, $0.envelope.recipients, [delivered, delivered])]
    }
    var octets = try SyncedFile.read(folder.file("handovers"))
    octets[position] ^= 0x41
    try SyncedFile.write(Message(octets), named: "handovers", in: folder.path)
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(try await store.recallHandovers() == 0)
    #expect(try await store.queue(limit: 10).map(\.id) == [mail.id])
  }

  @Test("a note keeps what counts against the limits of the next hop, and as many recipients as there is room for")
  func written() throws {
    let many = (0..<300).map { EmailAddress("customer-\($0)@example.org") }
    var settlement = Shop.settlement(of: QueueID(rawValue: 7), many, many.map { _ in delivered })
    settlement.departures = [Departures(nextHop: "smtp.example.org:587 (a b)", minute: 9, ordinary: 2, other: 1)]
    let octets = try #require(HandoverNote(settlement).octets(most: 4088))
    let note = try #require(HandoverNote(octets[...]))
    #expect(octets.count <= 4088 && note.departures == settlement.departures && note.attempts == settlement.attempts)
    #expect(note.delivered.count > 100 && note.delivered == Array(many.prefix(note.delivered.count)))
  }
}

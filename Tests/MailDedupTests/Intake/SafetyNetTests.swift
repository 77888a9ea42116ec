import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import SMTPProtocol
import Testing

@testable import MailDedup

/// Answers every delivery with one outcome for each recipient, or with the outcomes it was given.
struct FixedTransport: Transport {
  let nextHop = "fixed"
  var outcomes: [DeliveryOutcome]

  init(outcome: DeliveryOutcome) { outcomes = [outcome, outcome] }

  init(outcomes: [DeliveryOutcome]) { self.outcomes = outcomes }

  var destinations: Live<Destinations> { Live(Destinations(self)) }

  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    DeliveryResult(outcomes, nextHop: nextHop)
  }
}

/// Promise 5: no mail is dropped because the disk or the database is in trouble while any safe place is left.
@Suite(.timeLimit(.minutes(5))) struct SafetyNetTests {
  private static let failure = StoreFailure(.diskFull, "no space")
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let submission = Submission(
    id: QueueID(rawValue: 1), receivedAt: Timestamp(seconds: 1_795_356_185),
    envelope: Envelope(
      sender: EmailAddress("a@example.org"), recipients: [EmailAddress("b@example.org"), EmailAddress("c@example.org")]),
    received: { Array("Received: x\r\n".utf8) }, message: Message(Array("Subject: y\r\n\r\nz\r\n".utf8)),
    judge: { .pass(reason: "no-report-structure") })

  private func take(_ net: SafetyNet) async -> Reply {
    await withCheckedContinuation { done in
      net.take(Self.submission, Self.submission.judge(), because: Self.failure) { done.resume(returning: $0) }
    }
  }

  @Test("a mail that the store cannot take is kept in the spool, and imported into the queue once the store is back")
  func spoolsAndImports() async throws {
    let spool = EmergencySpool(directory: folder.file("spool"))
    let net = SafetyNet(
      spool: spool, destinations: FixedTransport(outcome: .deferred(reason: "never")).destinations, logger: .quiet)
    let reply = await take(net)
    #expect(reply.code == 250 && reply.lines.joined().contains("kept as"))
    #expect(net.counts == SafetyNet.Counts(spooled: 1, cutThrough: 0, refused: 0))

    let store = try SQLiteStore(
      directory: folder.file("store"), policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet,
      now: WallClock.now)
    defer { store.close() }
    let importer = SpoolImporter(spool: spool, store: store, judge: { _ in .pass(reason: "tested") }, logger: .quiet)
    await importer.importAll()
    let queue = try await store.queue(limit: 10)
    #expect(queue.map(\.id) == [Self.submission.id])
    #expect(queue.first?.recipients == Self.submission.envelope.recipients)
    let waiting = try spool.waiting()
    #expect(waiting.isEmpty)
    await importer.importAll()
    let totals = try await store.totals()
    #expect(totals == Totals(passed: 1))
  }

  @Test(
    "without a spool the next hop is asked, and the client hears what it said",
    arguments: [
      ([DeliveryOutcome.delivered(reply: "250"), .delivered(reply: "250")], 250, "everybody got it"),
      ([.deferred(reason: "451"), .deferred(reason: "451")], 451, "nobody got it yet"),
      ([.delivered(reply: "250"), .deferred(reason: "451")], 451, "better twice for one than never for the other"),
      ([.delivered(reply: "250"), .rejected(reason: "550 no", status: nil)], 451, "one was refused"),
      ([.rejected(reason: "550 no", status: nil), .rejected(reason: "550 no", status: nil)], 554, "all were refused"),
    ])
  func cutsThrough(outcomes: [DeliveryOutcome], code: Int, why: Comment) async {
    let spool = EmergencySpool(directory: "/dev/null/spool")
    let net = SafetyNet(spool: spool, destinations: FixedTransport(outcomes: outcomes).destinations, logger: .quiet)
    let reply = await take(net)
    #expect(reply.code == code, why)
    #expect(net.counts.cutThrough == (code == 250 ? 1 : 0))
    #expect(net.counts.refused == (code == 250 ? 0 : 1))
  }

  @Test("the intake hands a mail to the net when the store fails, and to nobody when it does not")
  func intakeUsesIt() async throws {
    let store = try SQLiteStore(
      directory: folder.file("store"), policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet,
      now: WallClock.now)
    let net = SafetyNet(
      spool: EmergencySpool(directory: folder.file("spool")),
      destinations: FixedTransport(outcome: .deferred(reason: "never")).destinations,
      logger: .quiet)
    let intake = Intake(store: store, safetyNet: net, hostname: "relay.example", logger: .quiet)
    let transaction = Transaction(
      client: .init(address: "127.0.0.1", helo: "web1", transmission: "ESMTP", session: "s1"),
      envelope: Self.submission.envelope, message: Self.submission.message)
    let stored = await withCheckedContinuation { done in intake.handle(transaction) { done.resume(returning: $0) } }
    #expect(stored.lines.joined().contains("queued as") && net.counts.spooled == 0)
    store.close()
    let kept = await withCheckedContinuation { done in intake.handle(transaction) { done.resume(returning: $0) } }
    #expect(kept.lines.joined().contains("kept as") && net.counts.spooled == 1)
  }
}

import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// Ids cannot collide (find R4).
@Suite("Queue ids") struct QueueIDTests {
  @Test("R4: a summary in 3,001 mails of one millisecond is queued, each mail under an id of its own")
  func manyMails() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mails = (0..<3001).map { number in
      OwnMail(
        id: QueueIDs.next(at: nine), envelope: Shop.envelope, message: Array("Summary \(number)".utf8), kind: .summary)
    }
    #expect(Set(mails.map(\.id)).count == 3001)
    try await store.enqueue(mails)
    #expect(try await store.queueStatus().waiting == 3001)
  }

  @Test("R4: a part of the summary reads its own site, whatever the number of sites")
  func manySites() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try await store.commit { batch in
      try batch.db.execute(
        sql: """
          WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 3001)
          INSERT INTO site (id, key, name, sender, recipients, envelope)
          SELECT i, 'k' || i, 'site ' || i, sender, recipients, envelope FROM n, site WHERE site.id = 1;
          INSERT INTO fingerprint
            (site_id, fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed)
          SELECT s.id, f.fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed
          FROM site s, fingerprint f WHERE s.id > 1;
          """)
      try batch.db.execute(
        sql: """
          INSERT INTO arrival SELECT f.id, quarter, a.forwarded, a.suppressed
          FROM fingerprint f, arrival a WHERE f.id > 1 AND a.fingerprint_id = 1;
          """)
    }
    let audiences = try await store.siteAudiences(from: nine, to: nine + .hours(1))
    #expect(audiences.count == 3001)
    for audience in audiences {
      let facts = try await store.facts(from: nine, to: nine + .hours(1), sites: [audience.row])
      #expect(facts.totals == Totals(forwarded: 1) && facts.errors.map(\.sites.count) == [1])
      #expect(facts.cells.first == 1 && facts.errors.first?.sites.first?.site == audience.name)
    }
  }

  @Test(
    "R4: a bounce with an id that is in use enters the queue under another one, in the transaction of its settlement")
  func bounce() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let (mail, other) = (Shop.report(), Shop.ordinary())
    for mail in [mail, other] { try await store.accept(mail) }
    var bounce = Shop.bounce(of: mail.id)
    bounce.id = other.id
    let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    try await store.attempt(mail.id, at: nine, [gone, gone], bounce: bounce)
    let queued = try await store.queue(limit: 10)
    #expect(queued.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.bounce, .pass])
    #expect(try await store.octets(of: other.id) != bounce.message)
  }

  @Test("R4: a large mail whose id is in use leaves the body of the other one alone")
  func largeMail() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.inlineOctets = 1000
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = Shop.ordinary(octets: 2000)
    var other = Shop.ordinary(octets: 3000)
    other.id = mail.id
    for mail in [mail, other] { try await store.accept(mail) }
    let sizes = try await store.queue(limit: 10).map(\.id)
    #expect(sizes.count == 2)
    for id in sizes { #expect(try await store.octets(of: id) != nil) }
    #expect(try await store.octets(of: mail.id)?.count == mail.message.count + Shop.received.count)
  }

  @Test("R4: a spooled mail whose id is in use takes the place of none")
  func spool() throws {
    let folder = try TemporaryFolder()
    let spool = EmergencySpool(directory: folder.file("spool"))
    let mail = Shop.ordinary()
    for _ in 0..<2 { try spool.keep(mail, transactions: []) }
    #expect(try spool.waiting().count == 2)
    for id in try spool.waiting() { #expect(try spool.load(id) { _ in }?.id == id) }
  }
}

/// The steps out of a full disk stay in order (find R10).
@Suite("Reserves") struct ReserveTests {
  @Test(
    "R10: what the spool leaves of a disk is less than what the store leaves, whatever its size",
    arguments: [16, 64, 100, 159, 160, 1000, 100_000])
  func order(_ megabytes: Int) {
    let total = megabytes << 20
    let limits = StoreLimits()
    let full = DiskSpace(free: min(limits.reservedOctets, total / limits.reservedPart) - 1, total: total)
    #expect(full.shortage(for: 0, limits) != nil)
    #expect(EmergencySpool.shortage(for: 10_000, in: "/spool", full) == nil)
    let fuller = DiskSpace(free: min(8 << 20, total / 80) - 1, total: total)
    #expect(EmergencySpool.shortage(for: 0, in: "/spool", fuller) != nil)
  }
}

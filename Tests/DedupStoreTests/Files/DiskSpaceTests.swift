import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// What is taken while the disk has little room.
@Suite("Disk space")
struct DiskSpaceTests {
  @Test("on a disk that is nearly full new mail is refused, while counting and recording deliveries goes on")
  func diskLow() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let first = Shop.report()
    try await store.accept(first)
    store.close()
    var limits = StoreLimits()
    limits.reservedOctets = .max
    limits.reservedPart = 1
    let low = try Shop.store(folder, limits: limits)
    defer { low.close() }
    for octets in [100, 2_000_000] {
      await #expect { try await low.accept(Shop.ordinary(octets: octets)) } throws: {
        ($0 as? StoreFailure)?.kind == .diskFull
      }
    }
    #expect(try await low.accept(Shop.report()).isForward == false)
    let no = DeliveryOutcome.rejected(reason: "no", status: nil)
    try await low.attempt(first.id, at: nine, [no, no], bounce: Shop.bounce(of: first.id))
    #expect(try await low.queue(limit: 10).map(\.kind) == [.bounce])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.file("bodies")) == [])
  }

  @Test(
    "the reserve is 32 MiB, and a twentieth of a small file system",
    arguments: [
      (33, 1000, 0, true), (33, 1000, 2, false), (31, 1000, 0, false), (2, 20, 0, true), (2, 20, 2, false),
      (0, 20, 5, false),
    ])
  func reserve(_ freeMiB: Int, _ totalMiB: Int, _ mailMiB: Int, _ fits: Bool) {
    let space = DiskSpace(free: freeMiB << 20, total: totalMiB << 20)
    #expect((space.shortage(for: mailMiB << 20, StoreLimits()) == nil) == fits)
  }

  @Test("of a batch that does not fit, the mails that fit alone are taken")
  func oneTooLarge() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try await store.commit { batch in
      let pages = try Int.fetchOne(batch.db, sql: "PRAGMA page_count") ?? 0
      _ = try Row.fetchOne(batch.db, sql: "PRAGMA max_page_count = \(pages + 20)")
    }
    let results = await store.acceptTogether([Shop.report(), Shop.ordinary(octets: 500_000), Shop.report()])
    #expect(results.map { $0.failure?.kind } == [nil, .diskFull, nil])
    #expect(results.map { $0.verdict?.heldBack } == [1, nil, 2])
    #expect(try await store.totals() == Totals(forwarded: 1, suppressed: 2))
  }
}

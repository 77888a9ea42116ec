import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import Testing

@testable import MailDedup

@Suite("Telling the admin of a replaced database")
struct ReplacementTellerTests {
  @Test(
    "whoever gets the summary is told once; else the postmaster; else nobody, and that is the end of it",
    arguments: [
      (["ann@example.org"], "postmaster@example.org", ["ann@example.org"]),
      ([], "postmaster@example.org", ["postmaster@example.org"]), ([], nil, nil),
    ])
  func tells(_ to: [String], _ postmaster: String?, _ told: [String]?) async throws {
    let folder = try TemporaryFolder()
    try folder.write(String(repeating: "A", count: 5000), to: "dedup.sqlite")
    let store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
    defer { store.close() }
    var settings = Configuration.Summary()
    settings.to = to.map { EmailAddress($0) }
    let mailer = SummaryMailer(store: store, settings: Current(settings), hostname: "relay.example")
    let teller = ReplacementTeller(
      store: store, mailer: mailer, postmaster: postmaster.map { EmailAddress($0) }, logger: .quiet)
    for _ in 0..<2 {
      #expect(await teller.tellAll())
      let queue = try await store.queue(limit: 10)
      #expect(queue.first?.recipients.map(\.text) == told && queue.count == (told == nil ? 0 : 1))
    }
  }
}

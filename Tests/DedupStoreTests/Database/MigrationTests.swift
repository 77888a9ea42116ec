import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// A store of every layout that there was is taken over with its queue, its windows and its counts.
@Suite("Migrations")
struct MigrationTests {
  private static let steps = Schema.migrator.migrations

  @Test("a store that stopped at this step goes on", arguments: steps.dropFirst())
  func step(_ step: String) async throws {
    let folder = try TemporaryFolder()
    let id = Shop.id(at: nine)
    let message = Array("Subject: Hi\r\n\r\nOut of slots.\r\n".utf8)
    try Self.old(folder, upTo: step, id, message)
    let store = try Shop.store(folder)
    defer { store.close() }
    let entry = try #require(try await store.due(now: nine, limit: 10).first)
    #expect(entry.id == id && entry.recipients == [EmailAddress("ops@shop.example")] && entry.attempts == 2)
    #expect(entry.state == .deferred && entry.reroutedTo == nil && entry.statusRequest == nil)
    #expect(try await store.message(of: id)?.octets() == message)
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .minutes(1)).first)
    #expect(row.record.held == 4 && row.record.total == 5 && row.windowEnd == nine + .hours(1))
    #expect(!row.record.passesNext && row.record.lastReason == nil && row.hours.last?.total == 5)
    #expect(try await store.totals() == Totals(forwarded: 1, suppressed: 4))
    // It is the same window.
    let verdict = try await store.accept(Shop.report(at: nine + .minutes(1)))
    #expect(!verdict.isForward)
  }

  /// What the first layout holds of five mails of one error, the first of which waits.
  private static func old(_ folder: TemporaryFolder, upTo step: String, _ id: QueueID, _ message: [UInt8]) throws {
    let database = try DatabasePool(path: folder.file("dedup.sqlite"))
    try Schema.migrator.migrate(database, upTo: "1 queue")
    var checksum = Checksum()
    message.withUnsafeBytes { checksum.add($0) }
    let (time, sum) = (nine.milliseconds, Int64(checksum.value))
    try database.write { db in
      try db.execute(
        sql: "INSERT INTO site VALUES (1, ?, ?, 'root@shop.example', 'ops@shop.example')",
        arguments: [Shop.site.key, Shop.site.name])
      try db.execute(
        sql: "INSERT INTO fingerprint VALUES (1, 1, 'v1:aaaa1111', 'Error', 'shop/views.py', ?, ?, ?, 4, 5, 4, NULL)",
        arguments: [time, time, time])
      try db.execute(sql: "INSERT INTO arrival VALUES (1, ?, 1, 4)", arguments: [nine.quarter])
      for (outcome, reason, mails) in [("forwarded", "first", 1), ("suppressed", "inside-window", 4)] {
        try db.execute(
          sql: "INSERT INTO tally VALUES (?, ?, ?, ?)", arguments: [nine.quarter, outcome, reason, mails])
      }
      try db.execute(
        sql: """
          INSERT INTO entry VALUES (?, 'report', 'root@shop.example', '', 0, ?, ?, 2, ?, ?, 'refused', 0, 1, ?, 0, 0)
          """, arguments: [id.rawValue, message.count, time, time, time, time])
      try db.execute(sql: "INSERT INTO recipient VALUES (?, 0, 'ops@shop.example')", arguments: [id.rawValue])
      try db.execute(
        sql: "INSERT INTO message VALUES (?, ?, ?, NULL, 0, ?)",
        arguments: [id.rawValue, message.count, sum, Data(message)])
    }
    try Schema.migrator.migrate(database, upTo: step)
    try database.close()
  }
}

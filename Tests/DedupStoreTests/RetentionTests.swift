import DedupCore
import GRDB
import MailMessage
import Testing

@testable import DedupStore

@Suite("Retention")
struct RetentionTests {
  private static let day = Duration.hours(24)
  private static let short = Retention(sampleAge: day * 2, sampleOctets: 10_000, history: day * 10)

  /// Purges as of `now` until nothing is left to do, and returns the number of steps.
  @discardableResult
  private func purge(_ store: SQLiteStore, at now: Timestamp, _ retention: Retention = Self.short) throws -> Int {
    let purge = Purge(retention, windowLength: .hours(1), now: now)
    return try store.writer.pool.writeWithoutTransaction { db in
      var steps = 0
      while try purge.step(db) { steps += 1 }
      return steps
    }
  }

  private func counts(_ store: SQLiteStore, _ tables: [String]) async throws -> [Int] {
    try await store.commit { batch in
      try tables.map { try Int.fetchOne(batch.db, sql: "SELECT COUNT(*) FROM \($0)") ?? -1 }
    }
  }

  @Test("samples go when they are too old, and the error with its counts stays")
  func sampleAge() async throws {
    let folder = try Folder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report(at: nine))
    try await store.accept(Shop.report(at: nine + Self.day))
    try purge(store, at: nine + Self.day * 2)
    #expect(try await counts(store, ["sample"]) == [2])
    try purge(store, at: nine + Self.day * 2 + .seconds(1))
    let detail = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(detail.firstSample == nil && detail.latestSample != nil && detail.row.record.total == 2)
  }

  @Test("of more samples than there is room for the oldest go, and no more than must")
  func sampleSize() async throws {
    let folder = try Folder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<7 {
      try await store.accept(Shop.report("error\(minute)", at: nine + .minutes(minute), octets: 3000))
    }
    try purge(store, at: nine)
    let left = try await store.commit { try Int.fetchAll($0.db, sql: "SELECT fingerprint_id FROM sample ORDER BY 1") }
    #expect(left == [5, 6, 7])
  }

  @Test("old counts are summed up: no mail is forgotten, and nothing else changes")
  func tallies() async throws {
    let folder = try Folder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for hour in 0..<300 { try await store.accept(Shop.ordinary(at: nine + .hours(hour))) }
    try await store.accept(Shop.report(at: nine + .hours(299)))
    let before = try await store.totals()
    #expect(try purge(store, at: nine + .hours(300)) == 1)
    #expect(try await store.totals() == before)
    #expect(try await counts(store, ["tally"]) == [1 + 240 + 1])
    #expect(
      try await store.facts(from: nine, to: nine + .hours(300)).totals == Totals(passed: 240, forwarded: 1))
    #expect(try purge(store, at: nine + Self.day * 400) == 6)
    #expect(try await store.totals() == before)
  }

  @Test(
    "an error that is not seen any more goes with all that hangs on it, unless its window is open",
    arguments: [(Duration.hours(1), 0), (.hours(24 * 30), 1)])
  func errors(_ window: Duration, _ left: Int) async throws {
    let folder = try Folder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.report(at: nine)
    try await store.accept(mail)
    try await store.commit {
      try $0.db.execute(sql: "UPDATE fingerprint SET window_length = ?", arguments: [window.wholeMilliseconds])
    }
    try purge(store, at: nine + Self.day * 10 + .hours(1))
    #expect(try await counts(store, ["fingerprint", "arrival", "sample", "entry"]) == [left, 0, 0, 1])
    #expect(try await store.octets(of: mail.id) != nil)
  }

  @Test("a step removes a hundred rows at most, and none when nothing is due")
  func steps() async throws {
    let folder = try Folder()
    let store = try Shop.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((0..<250).map { Shop.report("error\($0)", octets: 100) })
    let large = Retention(sampleAge: Self.day, sampleOctets: 1 << 30, history: Self.day * 10)
    #expect(try purge(store, at: nine, large) == 0)
    #expect(try purge(store, at: nine + Self.day * 2, large) == 3)
    #expect(try await counts(store, ["sample", "fingerprint"]) == [0, 250])
  }
}

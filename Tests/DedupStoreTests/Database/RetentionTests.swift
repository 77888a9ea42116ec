import DedupCore
import GRDB
import MailMessage
import MailTestKit
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
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report(at: nine))
    try await store.accept(Shop.report(at: nine + Self.day))
    try purge(store, at: nine + Self.day * 2)
    #expect(try await counts(store, ["sample"]) == [2])
    try purge(store, at: nine + Self.day * 2 + .seconds(1))
    let detail = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(detail.firstSample == .notKept && detail.latestSample.octets != nil && detail.row.record.total == 2)
  }

  @Test("of more samples than there is room for the oldest go, and no more than must")
  func sampleSize() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<7 {
      try await store.accept(Shop.report("error\(minute)", at: nine + .minutes(minute), octets: 3000))
    }
    try purge(store, at: nine)
    let left = try await store.commit { try Int.fetchAll($0.db, sql: "SELECT fingerprint_id FROM sample ORDER BY 1") }
    #expect(left == [5, 6, 7])
  }

  @Test("a mail that gets smaller by it is kept deflated, counts as what it takes, and is shown as it came")
  func deflated() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var noisy = Shop.report("noisy")
    noisy.message = Message((0..<4000).map { _ in UInt8.random(in: 0...255) })
    let mails = [Shop.report("wordy", octets: 200_000), noisy, Shop.report("young", at: nine + .hours(1))]
    for mail in mails { try await store.accept(mail) }
    let now = nine + .hours(1) + .minutes(1)
    #expect(try deflate(store, at: now) == 1 && deflate(store, at: now) == 0)
    let sizes = try await store.commit {
      let select = "SELECT IFNULL(stored, octets), length(message), octets FROM sample ORDER BY fingerprint_id"
      return try Row.fetchAll($0.db, sql: select).map { row in try (0..<3).map { try row.count($0) } }
    }
    #expect(sizes[0][0] == sizes[0][1] && sizes[0][0] < 2000 && sizes[0][2] == mails[0].message.count)
    #expect(sizes[1][0] == sizes[1][2] && sizes[1][1] == sizes[1][2])
    #expect(sizes[2][1] == sizes[2][2])
    for mail in mails {
      guard let occurrence = mail.judge().occurrence else { continue }
      let detail = try await store.fingerprint(idPrefix: occurrence.fingerprint, now: now).first
      #expect(detail?.firstSample == .kept(mail.message.head))
    }
    // Some 200,000 octets as they came, less than 10,000 as they are stored.
    try purge(store, at: now)
    #expect(try await counts(store, ["sample"]) == [3])
  }

  @Test(
    "a deflated mail that is damaged is reported as such, whatever is wrong with it",
    arguments: [
      "message = CAST(substr(message, 1, 100) || x'0000000000000000' || substr(message, 109) AS BLOB)",
      "message = substr(message, 1, 20)",
      "message = x''", "octets = octets + 1", "octets = octets - 1", "octets = 1 << 51", "octets = -1", "stored = -1",
      "stored = octets", "stored = 1", "octets = 1, stored = 0, message = x''",
    ])
  func damagedSample(_ damage: String) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report(text: String((0..<2000).map { _ in Bool.random() ? "a" : "b" })))
    try deflate(store, at: nine + .hours(1))
    try await store.commit { try $0.db.execute(sql: "UPDATE sample SET \(damage)") }
    let detail = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(detail.firstSample == .damaged && detail.row.record.total == 1)
  }

  /// Deflates as of `now` until nothing is left to do, and returns the number of steps.
  @discardableResult
  private func deflate(_ store: SQLiteStore, at now: Timestamp) throws -> Int {
    try store.writer.pool.writeWithoutTransaction { db in
      var steps = 0
      while try SampleTable.deflate(now: now, db) { steps += 1 }
      return steps
    }
  }

  @Test("what retention says may change while the store is open")
  func changed() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    // The clock of the store stands at nine.
    try await store.accept(Shop.report(at: nine.advanced(by: .zero - Self.day * 3)))
    store.setRetention(Self.short)
    // Asks a reader: a commit would keep the store from its idle moment.
    func isKept() async throws -> Bool {
      try await store.fingerprint(idPrefix: "aaaa", now: nine).first?.firstSample.octets != nil
    }
    let isGone = try await eventually { try await !isKept() }
    #expect(isGone)
  }

  @Test("R2: samples stay within their size also while mail comes without a pause")
  func busy() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((0..<200).map { Shop.report("error\($0)", octets: 3000) })
    func octets() async throws -> Int { try await store.statistics(since: nine).sampleOctets }
    #expect(try await octets() > 500_000)
    store.setRetention(Retention(sampleOctets: 100_000))
    var mails = 0
    while try await octets() > 100_000, mails < 200_000 {
      try await store.accept(Shop.ordinary())
      mails += 1
    }
    #expect(try await octets() <= 100_000)
  }

  @Test(
    "R2: what is found at once is removed in steps of 25 samples or 10 errors",
    arguments: [
      (Purge.Work.Kind.samples, [25, 25, 10]), (.errors, [10, 10, 10, 10, 10, 10]),
    ])
  func workSteps(_ kind: Purge.Work.Kind, _ sizes: [Int]) {
    let work = Purge.Work(kind: kind, items: (0..<60).map { Purge.Work.Item(id: $0, latest: 0) })
    #expect(work.steps.map(\.items.count) == sizes)
  }

  @Test("R6: a clock that is 500 days ahead erases nothing, neither at once nor after a start")
  func clockAhead() async throws {
    let folder = try TemporaryFolder()
    let clock = ManualClock(nine)
    func open() throws -> SQLiteStore {
      try SQLiteStore(
        directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" },
        logger: .quiet, now: { clock.now })
    }
    let store = try open()
    try await store.accept(Shop.report())
    clock.set(to: nine + Self.day * 500)
    try store.tidyAll()
    #expect(try await counts(store, ["sample", "fingerprint"]) == [1, 1])
    #expect(store.ageTime.since(nine) < .minutes(5))
    store.close()
    let again = try open()
    defer { again.close() }
    try again.tidyAll()
    #expect(try await counts(again, ["sample", "fingerprint"]) == [1, 1])
    #expect(again.ageTime.since(nine) < .minutes(5))
  }

  @Test("old counts are summed up: no mail is forgotten, and nothing else changes")
  func tallies() async throws {
    let folder = try TemporaryFolder()
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
    #expect(try purge(store, at: nine + Self.day * 400) == 7)
    #expect(try await store.totals() == before)
  }

  @Test(
    "an error that is not seen any more goes with all that hangs on it, unless its window is open",
    arguments: [(Duration.hours(1), 0), (.hours(24 * 30), 1)])
  func errors(_ window: Duration, _ left: Int) async throws {
    let folder = try TemporaryFolder()
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
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((0..<250).map { Shop.report("error\($0)", octets: 100) })
    let large = Retention(sampleAge: Self.day, sampleOctets: 1 << 30, history: Self.day * 10)
    #expect(try purge(store, at: nine, large) == 0)
    #expect(try purge(store, at: nine + Self.day * 2, large) == 3)
    #expect(try await counts(store, ["sample", "fingerprint"]) == [0, 250])
  }
}

import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// Sites cannot be invented (finds V2 and R2).
@Suite("Sites are bounded") struct SiteBoundsTests {
  private static func site(_ name: String) -> Site {
    Site(settingsModule: name, subjectPrefix: nil, envelope: Shop.envelope)
  }

  private static func counts(_ store: SQLiteStore, _ tables: [String]) async throws -> [Int] {
    try await store.commit { batch in
      try tables.map { try Int.fetchOne(batch.db, sql: "SELECT COUNT(*) FROM \($0)") ?? -1 }
    }
  }

  @Test("V2: 2,000 invented sites and one bug are no more mails than the cap allows, and few rows")
  func inventedSites() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report(at: nine.advanced(by: .hours(-2))))
    let mails = (0..<2000).map { Shop.report("bug", site: Self.site("evil\($0)")) }
    var verdicts: [Verdict] = []
    for start in stride(from: 0, to: 2000, by: 250) {
      verdicts += await store.acceptTogether(Array(mails[start..<start + 250])).compactMap(\.verdict)
    }
    #expect(verdicts.count == 2000)
    #expect(verdicts.count { $0.isForward } == SiteBounds.mostOnProbation + 1)
    #expect(try await Self.counts(store, ["site", "fingerprint"]) == [22, 22])
    // The site that was there keeps its own cap, and a new error of it goes out.
    #expect(try await store.accept(Shop.report("new")).reason == "first")
    #expect(try await store.totals() == Totals(forwarded: 23, suppressed: 2000 - 21))
  }

  @Test("V2: invented sites with a new error each share one cap, and a digest tells of the rest")
  func inventedErrors() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report(at: nine.advanced(by: .hours(-2))))
    let mails = (0..<200).map { Shop.report("bug\($0)", site: Self.site("evil\($0)")) }
    let verdicts = await store.acceptTogether(mails)
    #expect(verdicts.count { $0.verdict?.isForward == true } == WindowSettings().hourlyForwards)
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(5)) == nil)
    #expect(try await store.queue(limit: 100).count { $0.kind == .notice } == 1)
    #expect(try await Self.counts(store, ["site", "fingerprint"])[0] == 22)
    let names = try await store.fingerprints(FingerprintQuery(), now: nine).map(\.site)
    #expect(names.contains("root@shop.example (new sites)"))
  }

  @Test("V2: settings of a site are not for one that a visitor invents, and are for it once it is known for an hour")
  func settings() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.sites["staging"] = Self.passing
    policy.siteRules = ["staging"]
    store.setPolicy(policy)
    try await store.accept(Shop.report(at: nine.advanced(by: .hours(-2))))
    let staging = Self.site("staging")
    let silenced = RuleEffect(name: "staging", treatment: .silence)
    var occurrence = Shop.occurrence("bug", staging)
    occurrence.rule = silenced
    #expect(try await store.accept(Shop.mail(.report(occurrence))).reason == "first")
    #expect(try await store.accept(Shop.report("bug", site: staging)).reason == "inside-window")
    #expect(
      try await store.accept(Shop.report("bug", at: nine + .minutes(60), site: staging)).reason == "passing-site")
    #expect(try await store.accept(Shop.mail(.report(occurrence), at: nine + .minutes(61))).reason == "silenced")
  }

  @Test("on the first day of a relay each site has its settings at once")
  func firstDay() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.sites["staging"] = Self.passing
    store.setPolicy(policy)
    try await store.accept(Shop.report())
    #expect(try await store.accept(Shop.report("bug", site: Self.site("staging"))).reason == "passing-site")
  }

  @Test("R2: beyond 20,000 errors of an envelope a further one goes out as a doubt; known ones are counted as before")
  func tooManyErrors() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try await Self.invent(20_000, store)
    var reasons: [String] = []
    for number in 0..<12 {
      var occurrence = Shop.occurrence("more\(number)")
      occurrence.title = "ValueError: \(number)"
      reasons.append(try await store.accept(Shop.mail(.report(occurrence))).reason)
    }
    #expect(
      reasons.count { $0 == "doubt/too-many-errors" } == 10 && reasons.suffix(2) == ["doubt-flood", "doubt-flood"])
    #expect(try await store.accept(Shop.report()).reason == "inside-window")
    // A report may hold secrets, whatever it counts as.
    #expect(try await store.queue(limit: 100).allSatisfy { $0.kind == .report })
    _ = try await store.tellWhatIsDue(now: nine + .minutes(5))
    #expect(try await store.queue(limit: 100).count { $0.kind == .notice } == 1)
  }

  @Test("R2: of too many errors those go that came once, the oldest first; how many, the summary tells")
  func excessErrors() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for _ in 0..<2 { try await store.accept(Shop.report(at: nine.advanced(by: .hours(-5)))) }
    try await Self.invent(18_200, store)
    try Self.purge(store, at: nine + .hours(2))
    #expect(try await Self.counts(store, ["fingerprint"]) == [17_901])
    #expect(try await store.accept(Shop.report()).reason == "window-elapsed")
    let facts = try await store.facts(from: nine, to: nine + .hours(3))
    #expect(facts.dropped.errors == 300)
    #expect(try await store.commit { try Int.fetchOne($0.db, sql: "SELECT SUM(errors) FROM site") } == 17_901)
  }

  @Test("a site without errors is forgotten")
  func oldSite() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try await store.accept(Shop.report(site: Self.site("other")))
    try await store.commit { try $0.db.execute(sql: "DELETE FROM fingerprint") }
    try Self.purge(store, at: nine + .hours(2))
    #expect(try await Self.counts(store, ["site", "sent"]) == [0, 0])
    #expect(try await store.accept(Shop.report()).reason == "first")
  }

  @Test("a store of an earlier version keeps its windows; its sites are known, and their envelopes with them")
  func migration() async throws {
    let folder = try TemporaryFolder()
    let pool = try DatabasePool(path: folder.file("dedup.sqlite"))
    try Schema.migrator.migrate(pool, upTo: "13 leaving entries")
    try await pool.write { db in
      try db.execute(
        sql: "INSERT INTO site (id, key, name, sender, recipients) VALUES (7, ?, 'shop.settings', 's', 'r')",
        arguments: [Shop.site.key])
      try db.execute(
        sql: """
          INSERT INTO fingerprint
            (site_id, fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed)
          VALUES (7, 'v1:aaaa1111', 'T', 'p', ?1, ?1, ?1, 0, 1, 0)
          """, arguments: [nine.milliseconds])
    }
    try pool.close()
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(try await store.accept(Shop.report(at: nine + .minutes(1))).reason == "inside-window")
    let known = try await store.commit { try Row.fetchOne($0.db, sql: "SELECT envelope, errors FROM site")?.text(0) }
    #expect(known == Site.envelopeKey(of: Shop.envelope))
    let doubts = await store.acceptTogether(
      (0..<12).map { _ in Shop.mail(.doubt(DoubtfulReport(reason: "odd")), at: nine + .minutes(1)) })
    #expect(doubts.count { $0.verdict?.reason == "doubt-flood" } == 2)
  }

  private static var passing: WindowOverrides {
    var all = WindowOverrides()
    all.mode = .pass
    return all
  }

  private static func purge(_ store: SQLiteStore, at now: Timestamp) throws {
    let purge = Purge(Retention(), windowLength: .hours(1), now: now)
    try store.writer.pool.writeWithoutTransaction { db in while try purge.step(db) {} }
  }

  /// Errors that came once, at nine.
  private static func invent(_ count: Int, _ store: SQLiteStore) async throws {
    try await store.commit {
      try $0.db.execute(
        sql: """
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
          INSERT INTO fingerprint
            (site_id, fingerprint, title, place, first_seen, last_seen, window_start, held, total, suppressed)
          SELECT 1, 'v1:invented' || i, 'T', 'p', ?, ?, ?, 0, 1, 0 FROM n
          """,
        arguments: [count, nine.milliseconds, nine.milliseconds, nine.milliseconds])
    }
  }
}

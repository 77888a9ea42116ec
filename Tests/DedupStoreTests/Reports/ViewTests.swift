import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Views")
struct ViewTests {
  @Test("the list shows what was held back, latest first, with the end of its window and the last 24 hours")
  func list() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for hour in [0, 3] {
      try await store.accept(Shop.report("aaaa1111", at: nine + .hours(hour)))
      try await store.accept(Shop.report("aaaa1111", at: nine + .hours(hour) + .minutes(30)))
    }
    try await store.accept(Shop.report("bbbb2222", at: nine + .hours(4)))
    try await store.accept(Shop.report("bbbb2222", at: nine + .hours(4)))
    try await store.accept(Shop.report("cccc3333", at: nine + .hours(5)))
    let now = nine + .hours(4) + .minutes(59)
    let rows = try await store.fingerprints(FingerprintQuery(), now: now)
    #expect(rows.map(\.id) == ["bbbb2222", "aaaa1111"])
    #expect(rows.map(\.windowEnd) == [nine + .hours(5), nil])
    #expect(rows.map(\.site) == ["shop.settings", "shop.settings"])
    #expect(rows[1].title == "Error aaaa1111" && rows[1].place == "shop/views.py")
    #expect(rows[1].hours.count == 24)
    #expect(
      Array(rows[1].hours.suffix(5)).map(\.total) == [2, 0, 0, 2, 0]
        && rows[1].hours[19] == HourCount(forwarded: 1, suppressed: 1))
    let everything = try await store.fingerprints(all: true, limit: 10, now: now)
    #expect(everything.map(\.id) == ["cccc3333", "bbbb2222", "aaaa1111"])
    #expect(try await store.fingerprints(all: true, limit: 2, now: now).count == 2)
    #expect(try await store.fingerprints(FingerprintQuery(site: "elsewhere"), now: now).isEmpty)
    #expect(
      try await store.fingerprints(FingerprintQuery(since: nine + .hours(4)), now: now).map(\.id) == ["bbbb2222"])
  }

  @Test(
    "a window that the clock has jumped in front of is not shown as open, as the policy does not keep it either",
    arguments: [(-1, false), (0, true), (59, true), (60, false)])
  func windowEnd(_ minutes: Int, _ isOpen: Bool) {
    let record = WindowRecord(firstSeen: nine, lastSeen: nine, windowStart: nine, held: 0, total: 1, suppressed: 0)
    let now = nine + .minutes(minutes)
    #expect((record.openWindowEnd(WindowPolicy(), now: now) != nil) == isOpen)
    let verdict = WindowPolicy().decide(record, now: now).verdict
    #expect(verdict.isForward == !isOpen)
  }

  @Test("an id is a prefix of the digest or of the full name; what an admin types never acts as a pattern")
  func prefixes() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for digest in ["aaaa1111", "aaaa2222", "bbbb3333"] { try await store.accept(Shop.report(digest)) }
    func found(_ prefix: String) async throws -> [String] {
      try await store.fingerprint(idPrefix: prefix, now: nine).map(\.row.id).sorted()
    }
    #expect(try await found("aaaa") == ["aaaa1111", "aaaa2222"])
    #expect(try await found("AAAA2") == ["aaaa2222"])
    #expect(try await found("v1:bbbb") == ["bbbb3333"])
    for prefix in ["", "%", "_aaa", "v2:", "a'--", "cccc"] { #expect(try await found(prefix) == []) }
  }

  @Test("a summary has the counts of its period, trend, what is new, and the addresses of the error mail")
  func summary() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let yesterday = nine + .hours(-24)
    let cron = Envelope(sender: EmailAddress("cron@shop.example"), recipients: [EmailAddress("ann@example.org")])
    let cronSite = Site(settingsModule: "cron", subjectPrefix: nil, envelope: cron)
    for minute in [0, 10, 20] { try await store.accept(Shop.report("aaaa1111", at: yesterday + .minutes(minute))) }
    for minute in [0, 10, 130] { try await store.accept(Shop.report("aaaa1111", at: nine + .minutes(minute))) }
    try await store.accept(
      Shop.mail(.report(Shop.occurrence("bbbb2222", cronSite)), at: nine + .minutes(61), envelope: cron))
    try await store.accept(Shop.ordinary(at: nine + .minutes(5)))
    try await store.accept(Shop.report("cccc3333", at: nine + .hours(24)))
    let facts = try await store.facts(from: nine, to: nine + .hours(24))
    #expect(facts.totals == Totals(passed: 1, doubtful: 0, forwarded: 3, suppressed: 1))
    #expect(facts.errors.map(\.fingerprint) == ["v1:bbbb2222", "v1:aaaa1111"])
    #expect(facts.errors.map(\.standing) == [.new, .ongoing])
    #expect(facts.standings == [.new: .init(errors: 1, arrivals: 1), .ongoing: .init(errors: 1, arrivals: 3)])
    let old = try #require(facts.errors.last?.sites.first)
    #expect(old.firstSeen == yesterday && old.lastSeen == nine + .minutes(130))
    #expect(old.forwarded == 2 && old.suppressed == 1 && old.before == 3 && old.earlier == 3)
    #expect(facts.errors.last?.cells.prefix(3) == [2, 0, 1] && facts.errors.last?.cells.count == 24)
    #expect(facts.errors.last?.title == "Error aaaa1111" && facts.errors.last?.place == "shop/views.py")
    #expect(facts.errors.first?.sites.map(\.site) == ["cron"] && facts.errors.first?.cells[1] == 1)
    #expect(facts.cells.prefix(3) == [2, 1, 1] && facts.hoursPerCell == 1)
    #expect(facts.queue.waiting == 6)
    let audiences = try await store.siteAudiences(from: nine, to: nine + .hours(24))
    #expect(audiences.map(\.name) == ["shop.settings", "cron"] && audiences.map(\.mails) == [3, 1])
    #expect(audiences.map(\.recipients) == [["ann@example.org", "bob@example.org"], ["ann@example.org"]])
    let cronOnly = try await store.facts(
      from: nine, to: nine + .hours(24), sites: Set(audiences.filter { $0.name == "cron" }.map(\.row)))
    #expect(cronOnly.totals == Totals(forwarded: 1) && cronOnly.isPartial)
    #expect(cronOnly.errors.map(\.fingerprint) == ["v1:bbbb2222"] && cronOnly.cells.prefix(3) == [0, 1, 0])
  }

  @Test("neighbouring periods that meet on a quarter of an hour count each mail once, and the running quarter is seen")
  func tiling() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<60 { try await store.accept(Shop.report(at: nine + .minutes(minute))) }
    let half = nine + .minutes(30)
    let first = try await store.facts(from: nine, to: half)
    let second = try await store.facts(from: half, to: nine + .hours(1))
    #expect(first.totals.accepted == 30 && second.totals.accepted == 30)
    #expect(second.errors.first?.sites.first?.before == 30)
    let preview = try await store.facts(from: nine, to: nine + .minutes(59))
    #expect(preview.totals.accepted == 60)
    #expect(try await store.facts(from: half, to: nine).errors.isEmpty)
  }

  @Test("an absurd period is cut rather than filling the memory")
  func absurdPeriod() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    let facts = try await store.facts(from: Timestamp(milliseconds: .min), to: nine + .hours(1))
    #expect(facts.errors.first?.cells.count == 48 && facts.hoursPerCell == 200)
    #expect(facts.errors.first?.cells.last == 1)
    #expect(try await store.facts(from: nine, to: Timestamp(milliseconds: .max)).errors.isEmpty)
  }

  @Test(
    "quarters round down, also before 1970",
    arguments: [(0, 0, 0), (899_999, 0, 1), (900_000, 1, 1), (-1, -1, 0), (-900_000, -1, -1), (-900_001, -2, -1)])
  func quarters(_ milliseconds: Int64, _ down: Int64, _ up: Int64) {
    let time = Timestamp(milliseconds: milliseconds)
    #expect(time.quarter == down && time.quarterRoundedUp == up)
  }
}

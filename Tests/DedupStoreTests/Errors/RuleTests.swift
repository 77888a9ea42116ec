import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// What rules, variants and upgrades do to windows and counts.
@Suite("Rules, variants and upgrades")
struct RuleTests {
  @Test("a rule that passes lets each mail out, and each is counted with its error")
  func pass() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<3 {
      let verdict = try await store.accept(Shop.ruled(.pass, at: nine + .minutes(minute)))
      #expect(verdict.reason == "rule/noise" && verdict.isForward)
    }
    #expect(try await store.totals() == Totals(forwarded: 3))
    #expect(try await store.queue(limit: 10).map(\.kind) == [.report, .report, .report])
  }

  @Test(
    "what a rule silences or keeps for the summary never goes out and is never lost",
    arguments: [
      (RuleEffect.Treatment.silence, "silenced", true), (.summaryOnly, "summary-only", false),
    ])
  func held(_ treatment: RuleEffect.Treatment, _ reason: String, _ isSilenced: Bool) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    for hour in 0..<4 {
      let verdict = try await store.accept(Shop.ruled(treatment, at: nine + .hours(hour)))
      #expect(verdict.reason == reason && !verdict.isForward && verdict.heldBack == hour + 1)
    }
    #expect(try await store.totals() == Totals(suppressed: 4))
    #expect(try await store.queueStatus().waiting == 0)
    let facts = try await store.facts(from: nine, to: nine + .hours(6))
    #expect(facts.errors.flatMap(\.sites).map(\.suppressed) == (isSilenced ? [] : [4]))
    #expect(facts.silenced == (isSilenced ? .init(errors: 1, arrivals: 4) : .init()))
    #expect(try await store.fingerprints(FingerprintQuery(), now: nine).map(\.record.suppressed) == [4])
    store.close()
    // The rule goes: the next mail is the first that goes out, and says how many there were.
    let again = try Shop.store(folder)
    defer { again.close() }
    #expect(
      try await again.accept(Shop.report(at: nine + .hours(5)))
        == .forward(.first, RunningCount(heldBack: 4, total: 5, since: nine)))
    #expect(try await again.facts(from: nine, to: nine + .hours(6)).errors.count == 1)
  }

  @Test("a rule's window has its own length, and lists show when it ends")
  func window() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = { (minute: Int) in Shop.ruled(.dedup, window: .minutes(5), at: nine + .minutes(minute)) }
    #expect(try await store.accept(mail(0)).reason == "first")
    #expect(try await store.accept(mail(4)).reason == "inside-window")
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .minutes(4)).first)
    #expect(row.windowEnd == nine + .minutes(5))
    #expect(try await store.accept(mail(5)).reason == "window-elapsed")
  }

  // MARK: - Variants

  @Test("one new variant goes out within a window, marked; the count of what is held back goes on")
  func variant() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    let reasons = try await Self.reasons(["a", "a", "b", "b", "c", "a"], store)
    #expect(reasons == ["first", "inside-window", "new-variant", "inside-window", "inside-window", "inside-window"])
    #expect(try await store.accept(Shop.variant("a", at: nine + .hours(1))).heldBack == 4)
    // `b` and `c` are known by now, `d` is not.
    let next = try await Self.reasons(["b", "c", "d", "e"], store, from: nine + .minutes(61))
    #expect(next == ["inside-window", "inside-window", "new-variant", "inside-window"])
    let queued = try #require(try await store.queue(limit: 10).dropFirst().first)
    let message = try #require(try await store.octets(of: queued.id))
    #expect(String(decoding: message, as: UTF8.self).contains("X-MailDedup-Variant: b\r\n"))
  }

  @Test("mails of one batch see each other's variants, and a crash forgets none")
  func variantsInABatch() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    let mails = ["a", "b", "b", "c"].map { Shop.variant($0) }
    let reasons = await store.acceptTogether(mails).map { $0.verdict?.reason }
    #expect(reasons == ["first", "new-variant", "inside-window", "inside-window"])
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Self.store(crashed)
    defer { reopened.close() }
    let later = try await Self.reasons(["b", "c", "d"], reopened, from: nine + .minutes(1))
    #expect(later == ["inside-window", "inside-window", "inside-window"])
  }

  @Test("with a bound of zero no variant goes out; with three, three do", arguments: [0, 1, 2, 3])
  func bound(_ bound: Int) async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.variants = bound
    store.setPolicy(policy)
    let reasons = try await Self.reasons(["a", "b", "c", "d", "e"], store)
    #expect(reasons.count { $0 == "new-variant" } == bound)
  }

  @Test("an error whose text differs each time is kept to a bounded number of variants")
  func manyVariants() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.variants = 5
    let store = try Self.store(folder, limits: limits)
    defer { store.close() }
    for number in 0..<50 { try await store.accept(Shop.variant("v\(number)", at: nine + .hours(number))) }
    // Each window begins with one of them; after five nothing counts as new any more.
    let reasons = try await Self.reasons(["x", "y", "z"], store, from: nine + .hours(49) + .minutes(1))
    #expect(reasons == ["inside-window", "inside-window", "inside-window"])
  }

  @Test("a variant that is rejected leaves the window alone: the mail that opened it still stands")
  func rejectedVariant() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    _ = try await Self.reasons(["a", "b"], store)
    let entry = try #require(try await store.queue(limit: 10).last)
    let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    try await store.attempt(entry.id, at: nine + .minutes(2), [gone, gone])
    #expect(try await store.accept(Shop.variant("a", at: nine + .minutes(3))).reason == "inside-window")
  }

  /// Shows one variant within a window.
  private static func store(_ folder: TemporaryFolder, limits: StoreLimits = StoreLimits()) throws -> SQLiteStore {
    let store = try Shop.store(folder, limits: limits)
    var policy = WindowPolicy()
    policy.variants = 1
    store.setPolicy(policy)
    return store
  }

  private static func reasons(
    _ variants: [String], _ store: SQLiteStore, from start: Timestamp = nine
  ) async throws -> [String] {
    var reasons: [String] = []
    for (second, variant) in variants.enumerated() {
      reasons.append(try await store.accept(Shop.variant(variant, at: start + .seconds(second))).reason)
    }
    return reasons
  }

  // MARK: - Upgrades

  @Test("after an upgrade an error keeps its history, its window and its counts, and no mail comes of it")
  func adoption() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, explain: { _, _ in "explained" })
    var policy = WindowPolicy()
    policy.variants = 3
    store.setPolicy(policy)
    defer { store.close() }
    for minute in 0..<3 { try await store.accept(Shop.report("0001", at: nine + .minutes(minute))) }
    let upgraded = { (minute: Int, variant: String) in
      Shop.upgraded("v2:0002", from: ["v1:0001"], variant: variant, at: nine + .minutes(minute))
    }
    #expect(
      try await store.accept(upgraded(3, "new"))
        == .suppress(.insideWindow, RunningCount(heldBack: 3, total: 4, since: nine)))
    // All variants are called something else now; that is no news either.
    #expect(try await store.accept(upgraded(4, "newer")).reason == "inside-window")
    let rows = try await store.fingerprints(FingerprintQuery(includesUnsuppressed: true), now: nine + .minutes(4))
    #expect(rows.map(\.fingerprint) == ["v2:0002"])
    #expect(rows.first?.record.firstSeen == nine && rows.first?.record.total == 5)
    #expect(rows.first?.hours.map(\.total).reduce(0, +) == 5)
    #expect(try await store.accept(upgraded(60, "new")).heldBack == 4)
    #expect(try await store.fingerprint(idPrefix: "v1:0001", now: nine).isEmpty)
  }

  @Test("the adopted row is durable with the mail that found it")
  func adoptionIsDurable() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report("0001"))
    try await store.accept(Shop.upgraded("v2:0002", from: ["v1:0001"], at: nine + .minutes(1)))
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Shop.store(crashed)
    defer { reopened.close() }
    #expect(
      try await reopened.accept(Shop.upgraded("v2:0002", from: ["v1:0001"], at: nine + .minutes(2)))
        == .suppress(.insideWindow, RunningCount(heldBack: 2, total: 3, since: nine)))
  }

  @Test("only the same site's history is adopted, the latest version first, and a known name needs none")
  func adoptionKeepsApart() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let staging = Site(settingsModule: "shop.staging", subjectPrefix: nil, envelope: Shop.envelope)
    try await store.accept(Shop.report("0001", site: staging))
    #expect(try await store.accept(Shop.upgraded("v3:0003", from: ["v2:0002", "v1:0001"], at: nine)).reason == "first")
    try await store.accept(Shop.report("0001", at: nine + .minutes(1)))
    #expect(
      try await store.accept(Shop.upgraded("v3:0003", from: ["v2:0002", "v1:0001"], at: nine + .minutes(2))).heldBack
        == 1)
    let names = try await store.fingerprints(FingerprintQuery(includesUnsuppressed: true), now: nine).map(\.fingerprint)
    #expect(names.sorted() == ["v1:0001", "v1:0001", "v3:0003"])
  }

  @Test("where a new version tells two errors apart, one takes the history and the other one goes out")
  func adoptionOfASplit() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report("0001"))
    let one = try await store.accept(Shop.upgraded("v2:000a", from: ["v1:0001"], at: nine + .minutes(1)))
    let two = try await store.accept(Shop.upgraded("v2:000b", from: ["v1:0001"], at: nine + .minutes(2)))
    #expect(one.reason == "inside-window" && two.reason == "first")
  }
}

extension Shop {
  static func ruled(
    _ treatment: RuleEffect.Treatment, window: Duration? = nil, at time: Timestamp
  ) -> Submission {
    var occurrence = occurrence("aaaa1111")
    occurrence.rule = RuleEffect(name: "noise", treatment: treatment, window: window)
    return mail(.report(occurrence), at: time)
  }

  static func variant(
    _ name: String, at time: Timestamp = nine, text: String = "Out of slots.\r\n", octets: Int = 0
  ) -> Submission {
    var occurrence = occurrence("aaaa1111")
    occurrence.variant = name
    return mail(.report(occurrence), at: time, text: text, octets: octets)
  }

  static func upgraded(
    _ fingerprint: String, from previous: [String], variant: String = "", at time: Timestamp
  ) -> Submission {
    let occurrence = Occurrence(
      site: site, fingerprint: fingerprint, previous: LateNames { previous }, variant: variant, title: "Error",
      place: "shop/views.py"
    )
    return mail(.report(occurrence), at: time)
  }
}

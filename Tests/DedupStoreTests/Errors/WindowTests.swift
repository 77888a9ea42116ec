import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Windows")
struct WindowTests {
  @Test("the first mail goes out, the rest of the window is counted, the first after it says how many")
  func window() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(
      try await store.accept(Shop.report())
        == .forward(.first, RunningCount(heldBack: 0, total: 1, since: nine)))
    #expect(
      try await store.accept(Shop.report(at: nine + .minutes(1)))
        == .suppress(.insideWindow, RunningCount(heldBack: 1, total: 2, since: nine)))
    #expect(
      try await store.accept(Shop.report(at: nine + .minutes(59)))
        == .suppress(.insideWindow, RunningCount(heldBack: 2, total: 3, since: nine)))
    #expect(
      try await store.accept(Shop.report(at: nine + .hours(1)))
        == .forward(.windowElapsed, RunningCount(heldBack: 2, total: 4, since: nine)))
    #expect(try await store.accept(Shop.report(at: nine + .hours(1))).heldBack == 1)
    #expect(try await store.totals() == Totals(passed: 0, doubtful: 0, forwarded: 2, suppressed: 3))
  }

  @Test("mails of one batch see each other: of a hundred that arrive at once one goes out")
  func sameBatch() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let verdicts = await store.acceptTogether((0..<100).map { _ in Shop.report() }).map(\.verdict)
    #expect(verdicts.map { $0?.isForward } == [true] + Array(repeating: false, count: 99))
    #expect(verdicts.map { $0?.heldBack } == (0..<100).map { $0 })
    // The gate, the batch, and perhaps the explanation already, and what is noted each minute.
    #expect((2...4).contains(store.commits))
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine).first)
    #expect(
      row.record
        == WindowRecord(
          firstSeen: nine, lastSeen: nine, windowStart: nine, held: 99, total: 100, suppressed: 99,
          episode: Episode(start: nine, mails: 100, told: 1, milestone: 1), lastReason: "inside-window"))
    #expect(row.hours.last == HourCount(forwarded: 1, suppressed: 99))
  }

  @Test("mail of many senders at once takes far fewer commits than mails")
  func sharing() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let results = await store.acceptTogether((0..<400).map { _ in Shop.ordinary(octets: 2000) })
    #expect(results.allSatisfy { $0.verdict?.isForward == true })
    #expect((2...3).contains(store.commits), "the gate, the batch, and perhaps what is noted each minute")
    #expect(try await store.queueStatus().waiting == 400)
  }

  @Test("the same error in two sites has two windows")
  func sites() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let staging = Site(settingsModule: "shop.settings.staging", subjectPrefix: "[Shop]", envelope: Shop.envelope)
    #expect(try await store.accept(Shop.report()).isForward)
    #expect(try await store.accept(Shop.report(site: staging)).isForward)
    #expect(try await store.accept(Shop.report(site: staging)).isForward == false)
    let found = try await store.fingerprint(idPrefix: "AAAA", now: nine)
    #expect(found.map(\.row.site).sorted() == ["shop.settings", "shop.settings.staging"])
  }

  @Test("ordinary mail and doubts go out every time and are counted as what they are")
  func others() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for _ in 0..<3 { #expect(try await store.accept(Shop.ordinary()) == .forward(.pass("no-error"), nil)) }
    let doubt = Shop.mail(.doubt(DoubtfulReport(reason: "no-frames")))
    #expect(try await store.accept(doubt) == .forward(.doubt("no-frames"), nil))
    #expect(try await store.totals() == Totals(passed: 3, doubtful: 1))
    #expect(try await store.queue(limit: 10).map(\.kind) == [.pass, .pass, .pass, .pass])
  }

  @Test("a new length of the window counts from the next mail on")
  func reload() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    store.setPolicy(WindowPolicy(length: .minutes(10)))
    #expect(try await store.accept(Shop.report(at: nine + .minutes(11))).isForward)
  }

  @Test("after a kill -9 every acknowledged mail is queued or counted, and the window is still open")
  func crash() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<7 { try await store.accept(Shop.report(at: nine + .minutes(minute))) }
    try await store.accept(Shop.ordinary())
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Shop.store(crashed)
    defer { reopened.close() }
    #expect(try await reopened.totals() == Totals(passed: 1, forwarded: 1, suppressed: 6))
    #expect(try await reopened.queue(limit: 10).map(\.kind) == [.report, .pass])
    #expect(
      try await reopened.accept(Shop.report(at: nine + .minutes(8)))
        == .suppress(.insideWindow, RunningCount(heldBack: 7, total: 8, since: nine)))
  }

  @Test(
    "the explanation of a new fingerprint is stored without holding up its mail, and made up for when it is missing")
  func explanation() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder, explain: { mail, _ in "explained: \(mail.count)" })
    let mail = Shop.report()
    try await store.accept(mail)
    // Stored or not yet, it can be asked for.
    let now = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(now.explanation == "explained: \(mail.message.head.count)")
    store.close()
    let stored = try #require(
      try await StoreReader(readingDirectory: folder.path).fingerprint(idPrefix: "v1:aaaa1", now: nine).first)
    #expect(stored.explanation == "explained: \(mail.message.head.count)")
  }

  @Test("the first and the latest mail are kept as they came, and not when they are too large")
  func samples() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.sampleOctets = 5000
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let first = Shop.report(text: "first")
    try await store.accept(first)
    let alone = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(alone.firstSample == .kept(first.message.head) && alone.latestSample == .kept(first.message.head))
    let last = Shop.report(text: "last")
    _ = await store.acceptTogether([Shop.report(text: "second"), last])
    let both = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(both.firstSample == .kept(first.message.head) && both.latestSample == .kept(last.message.head))
    try await store.accept(Shop.report(octets: 6000))
    let large = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(large.firstSample == .kept(first.message.head) && large.latestSample == .notKept)
  }

  @Test(
    "the first mail of each variant is kept, whether it went out or was held back, by itself or within a batch",
    arguments: [0, 1, 9])
  func samplesOfVariants(_ shown: Int) async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.variants = 4
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.variants = shown
    store.setPolicy(policy)
    // At one moment, so that only the sample tells which variant the first mail has.
    let names = ["b", "a", "b", "c", "a", "", "d", "too many"]
    let mails = names.enumerated().map { Shop.variant($1, text: "\($0)") }
    _ = await store.acceptTogether(Array(mails.prefix(3)))
    for mail in mails.dropFirst(3) { try await store.accept(mail) }
    let detail = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first)
    #expect(detail.variants.map(\.name) == ["a", "b", "c", "d"] && detail.variants.map(\.total) == [2, 2, 1, 1])
    #expect(detail.variants.map(\.sample) == [1, 0, 3, 6].map { SampleMail.kept(mails[$0].message.head) })
    #expect(detail.variants.map(\.isOfFirstMail) == [false, true, false, false])
    #expect(detail.firstSample == .kept(mails[0].message.head) && detail.latestSample == .kept(mails[7].message.head))
  }

  @Test("the mails of variants in one answer are bounded; of the rest the answer has name and count")
  func manySamplesOfVariants() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for number in 0..<50 { try await store.accept(Shop.variant("v\(number)", text: "", octets: 200 << 10)) }
    let variants = try #require(try await store.fingerprint(idPrefix: "aaaa", now: nine).first).variants
    let octets = variants.compactMap(\.sample.octets?.count).reduce(0, +)
    #expect(variants.count == 50 && octets >= 8 << 20 && octets < 9 << 20)
  }
}

import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// Episodes, milestones, the storm cap, silences and what the admin merges and splits, in the store that keeps them.
@Suite("Episodes in the store")
struct EpisodeStoreTests {
  private static func store(_ folder: TemporaryFolder, _ change: (inout WindowPolicy) -> Void = { _ in }) throws
    -> SQLiteStore
  {
    let store = try Shop.store(folder)
    var policy = WindowPolicy()
    change(&policy)
    store.setPolicy(policy)
    return store
  }

  private static func subjects(_ store: SQLiteStore) async throws -> [String] {
    var subjects: [String] = []
    for entry in try await store.queue(limit: 1000) {
      let message = try #require(try await store.octets(of: entry.id))
      subjects.append(HeaderEdit.text(of: "subject", in: message)?.trimmingCharacters(in: .whitespaces) ?? "")
    }
    return subjects
  }

  @Test("an episode survives a crash: a day later the error is back, and counts from one")
  func again() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    for _ in 0..<5 { try await store.accept(Shop.report()) }
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Self.store(crashed)
    defer { reopened.close() }
    let verdict = try await reopened.accept(Shop.report(at: nine + .hours(25)))
    let history = RunningCount.History(episodes: 2, total: 6, firstSeen: nine, quiet: .hours(25))
    #expect(
      verdict == .forward(.again, RunningCount(heldBack: 4, total: 1, since: nine + .hours(25), history: history)))
    let row = try #require(try await reopened.fingerprints(FingerprintQuery(), now: nine + .hours(26)).first)
    #expect(row.record.episode.number == 2 && row.record.total == 6 && row.record.suppressed == 4)
  }

  @Test("a summary knows what came back after a quiet time, what was resolved before, and which silences end soon")
  func inASummary() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    let day = nine + .hours(96)
    for digest in ["aaaa1111", "bbbb2222"] { try await store.accept(Shop.report(digest)) }
    try await store.accept(Shop.report("bbbb2222", at: day + .hours(-1)))
    let named = try await store.errors(idPrefix: "bbbb", site: nil)
    try await store.resolve(named.map(\.row), at: day + .minutes(-30))
    for digest in ["aaaa1111", "bbbb2222", "cccc3333"] { try await store.accept(Shop.report(digest, at: day)) }
    let ends = [("soon", Silence.End.at(day + .hours(30))), ("later", .at(day + .hours(80))), ("never", .whenResolved)]
    for (reason, end) in ends {
      for scope in [Silence.Scope.error(named.first?.row ?? 0), .rule("cron")] {
        _ = try await store.silence(
          Silence(createdAt: day, author: "anna", reason: reason, scope: scope, end: end, held: 7))
      }
    }
    let facts = try await store.facts(from: day, to: day + .hours(24))
    #expect(facts.errors.map(\.fingerprint) == ["v1:cccc3333", "v1:bbbb2222", "v1:aaaa1111"])
    #expect(facts.errors.map(\.standing) == [.new, .regression, .again])
    #expect(facts.errors.last?.sites.first?.episode?.quietBefore == .hours(96))
    #expect(facts.silences.map(\.scope) == ["bbbb2222 Error bbbb2222", "rule cron, all sites"])
    #expect(
      facts.silences.map(\.held) == [7, 7] && facts.silences.map(\.endsAt) == [day + .hours(30), day + .hours(30)])
    let elsewhere = try await store.facts(from: day, to: day + .hours(24), sites: [99])
    #expect(elsewhere.errors.isEmpty && elsewhere.silences.map(\.scope) == ["rule cron, all sites"])
  }

  @Test("all mails of an error are one thread, also across episodes and in its milestones")
  func thread() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder) { $0.milestones = [3] }
    defer { store.close() }
    for minute in [0, 1, 2, 61, 5000] { try await store.accept(Shop.threaded(at: nine + .minutes(minute))) }
    let entries = try await store.queue(limit: 10)
    #expect(entries.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.notice, .report, .report, .report])
    var references: [String] = []
    for entry in entries {
      let message = try #require(try await store.octets(of: entry.id))
      references.append(HeaderEdit.text(of: "references", in: message)?.trimmingCharacters(in: .whitespaces) ?? "")
    }
    let root = "<v1aaaa1111.\(nine.milliseconds)@error.maildedup>"
    #expect(Set(references) == [root, "\(root) <mail-0@shop>"])
    #expect(references.count { $0 == root } == 1)
  }

  @Test("milestones of mails that share a batch are told once each, to the people who get the error")
  func milestones() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder) { $0.milestones = [10, 100] }
    defer { store.close() }
    _ = await store.acceptTogether((0..<150).map { _ in Shop.report() })
    let entries = try await store.queue(limit: 10)
    #expect(entries.map(\.kind).sorted { $0.rawValue < $1.rawValue } == [.notice, .notice, .report])
    #expect(entries.allSatisfy { $0.recipients == Shop.envelope.recipients && $0.sender == Shop.envelope.sender })
    let told = try await Self.subjects(store).filter { $0.hasPrefix("[") }
    #expect(told.sorted() == ["[100x aaaa1111] Hi", "[10x aaaa1111] Hi"])
    #expect(try await store.totals() == Totals(forwarded: 1, suppressed: 149))
  }

  @Test("thirty different errors of an hour go out, the others stand in a digest five minutes later, each by its name")
  func storm() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder)
    defer { store.close() }
    let verdicts = await store.acceptTogether((0..<50).map { Shop.report(Self.digest($0)) }).map { $0.verdict?.reason }
    #expect(verdicts.count { $0 == "first" } == 30 && verdicts.count { $0 == "storm-cap" } == 20)
    // Ordinary mail and other sites are not concerned.
    #expect(try await store.accept(Shop.ordinary()).isForward)
    #expect(try await store.accept(Shop.report(site: Shop.staging)).reason == "first")
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(4)) == .minutes(1))
    #expect(try await store.queue(limit: 100).count == 32)
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(5)) == nil)
    let digest = try #require(try await store.queue(limit: 100).last { $0.kind == .notice })
    let text = String(decoding: try #require(try await store.octets(of: digest.id)), as: UTF8.self)
    for error in 30..<50 { #expect(text.contains("Error \(Self.digest(error))")) }
    #expect(!text.contains("Error \(Self.digest(29))\r\n"))
    // The digest opened their windows.
    #expect(try await store.accept(Shop.report(Self.digest(40), at: nine + .minutes(6))).reason == "inside-window")
    #expect(try await store.accept(Shop.report(Self.digest(40), at: nine + .minutes(65))).reason == "window-elapsed")
    #expect(try await store.totals() == Totals(passed: 1, forwarded: 32, suppressed: 21))
  }

  @Test("a digest that is rejected for good opens the windows of all that it named")
  func rejectedDigest() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder) { $0.hourlyForwards = 1 }
    defer { store.close() }
    for error in 0..<3 { try await store.accept(Shop.report(Self.digest(error))) }
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(5)) == nil)
    let digest = try #require(try await store.queue(limit: 10).last { $0.kind == .notice })
    let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    try await store.attempt(digest.id, at: nine + .minutes(6), [gone, gone])
    let verdict = try await store.accept(Shop.report(Self.digest(2), at: nine + .minutes(70)))
    #expect(verdict.reason == "first" && verdict.heldBack == 1)
  }

  @Test("the cap and what waits for a digest survive a crash")
  func stormAfterCrash() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder) { $0.hourlyForwards = 2 }
    defer { store.close() }
    for error in 0..<4 { try await store.accept(Shop.report(Self.digest(error))) }
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Self.store(crashed) { $0.hourlyForwards = 2 }
    defer { reopened.close() }
    #expect(try await reopened.accept(Shop.report(Self.digest(9), at: nine + .minutes(1))).reason == "storm-cap")
    #expect(try await reopened.tellWhatIsDue(now: nine + .minutes(10)) == nil)
    let digest = try #require(try await reopened.queue(limit: 10).last { $0.kind == .notice })
    let text = String(decoding: try #require(try await reopened.octets(of: digest.id)), as: UTF8.self)
    #expect([2, 3, 9].allSatisfy { text.contains("Error \(Self.digest($0))") })
    #expect(try await reopened.tellWhatIsDue(now: nine + .minutes(20)) == nil)
    #expect(try await reopened.queue(limit: 10).count { $0.kind == .notice } == 1)
  }

  @Test("an all-clear goes out once, when the error was quiet for long enough")
  func allClear() async throws {
    let folder = try TemporaryFolder()
    let store = try Self.store(folder) { $0.saysAllClear = true }
    defer { store.close() }
    try await store.accept(Shop.report())
    try await store.accept(Shop.report(at: nine + .minutes(10)))
    let commits = store.commits
    #expect(try await store.tellWhatIsDue(now: nine + .hours(24)) == .minutes(10))
    #expect(try await store.queue(limit: 10).count == 1 && store.commits == commits)
    _ = try await store.tellWhatIsDue(now: nine + .hours(25))
    _ = try await store.tellWhatIsDue(now: nine + .hours(50))
    #expect(try await Self.subjects(store) == ["Hi", "[quiet 2x aaaa1111] Hi"])
    #expect(try await store.accept(Shop.report(at: nine + .hours(50))).reason == "again")
  }

  private static func digest(_ number: Int) -> String { String(number + 0xAAAA_0000, radix: 16) }
}

extension Shop {
  static let staging = Site(settingsModule: "shop.staging", subjectPrefix: "[Shop]", envelope: envelope)

  /// The same error under the name of a later version.
  static func renamed(_ name: String, from previous: String, variant: String = "", at time: Timestamp = nine)
    -> Submission
  {
    var occurrence = occurrence("")
    (occurrence.fingerprint, occurrence.previous, occurrence.variant) = (name, [previous], variant)
    return mail(.report(occurrence), at: time)
  }

  /// One with a Message-ID, numbered by its minute.
  static func threaded(at time: Timestamp) -> Submission {
    var submission = report(at: time)
    let minute = time.since(nine).components.seconds / 60
    submission.message = Message(Array("Message-ID: <mail-\(minute)@shop>\r\nSubject: Hi\r\n\r\nx\r\n".utf8))
    return submission
  }
}

import DedupCore
import MailTestKit
import Testing

@testable import DedupStore

/// What admins of other relays said, in the store of this one.
@Suite("Records of a fleet in the store")
struct FleetRecordsTests {
  private static let naming = FleetNaming { $0 }

  private static func error(_ digest: String) -> FleetErrorName {
    naming.error(site: Shop.site.key, "v1:\(digest)")
  }

  private static func record(
    _ name: String, _ body: FleetRecord.Body, _ number: Int64 = 1, _ writer: String = "other"
  ) -> FleetRecord {
    FleetRecord(name: name, version: .init(number: number, writer: writer), body: body)
  }

  private static func silence(_ scope: Silence.Scope, ended: Bool = false) -> FleetRecord.Body {
    .silence(
      Silence(
        createdAt: nine, author: "ann", reason: "deploy", scope: scope, end: .whenResolved,
        ended: ended ? .init(at: nine, cause: .expired) : nil, uid: "u"))
  }

  private static func row(_ store: SQLiteStore, _ prefix: String) async throws -> Int64 {
    try #require(try await store.reader.errors(idPrefix: prefix, site: nil).first).row
  }

  @Test("a silence holds back the first mail of an error that was not seen here, and is bound to its row then")
  func unseen() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let scope = Silence.Scope.named(Self.error("aaaa1111"))
    #expect(try await store.receive([Self.record("silence/u", Self.silence(scope))], at: nine) == 1)
    #expect(try await store.accept(Shop.report("bbbb1111")).reason == "first")
    #expect(try await store.accept(Shop.report()).reason == "silenced")
    let row = try await Self.row(store, "aaaa")
    #expect(try await store.silences(all: false).map(\.silence.scope) == [.error(row)])
    #expect(try await store.receive([Self.record("silence/u", Self.silence(scope))], at: nine) == 0, "no news")
    #expect(try await store.receive([Self.record("silence/u", Self.silence(scope, ended: true), 2)], at: nine) == 1)
    #expect(try await store.silences(all: false).isEmpty)
    #expect(try await store.receive([Self.record("silence/u", Self.silence(scope), 1, "z")], at: nine) == 0)
    #expect(try await store.silences(all: false).isEmpty, "an earlier version undoes nothing")
  }

  @Test("what is said here is pushed, and again when the engine forgot it; without a fleet there is nothing to push")
  func said() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    let row = try await Self.row(store, "aaaa")
    let silence = Silence(createdAt: nine, author: "ann", reason: "", scope: .error(row), end: .whenResolved)
    _ = try await store.silence(silence)
    try await store.passNext([row])
    try await store.resolve([], at: nine)
    #expect(try await store.fleetRecordsToPush(limit: 10).isEmpty)
    try await store.fleetForgot(at: nine)
    let brought = try await store.fleetRecordsToPush(limit: 10)
    #expect(brought.count == 1 && brought.first?.body.error?.fingerprint == "v1:aaaa1111", "silences come along")
    try await store.passNext([row], sharedAt: nine)
    try await store.resolve([row], at: nine, isShared: true)
    let all = try await store.fleetRecordsToPush(limit: 10)
    #expect(all.count == 3 && all.map(\.body.isOpen) == [true, true, false], "it waited for the resolution")
    try await store.fleetRecordsPushed(brought)
    #expect(try await store.fleetRecordsToPush(limit: 10).count == 3, "a later version of the silence was written")
    try await store.fleetRecordsPushed(all)
    #expect(try await store.fleetRecordsToPush(limit: 10).isEmpty)
    try await store.fleetForgot(at: nine)
    #expect(try await store.fleetRecordsToPush(limit: 10) == all)
  }

  @Test("a request for a pass asks with its mark, and is no more once a mail answered it")
  func pass() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    let name = Self.error("aaaa1111").name
    let asked = Self.record(FleetRecord.pass(name), .pass(.init(error: Self.error("aaaa1111"))), 3)
    #expect(try await store.receive([asked], at: nine) == 1)
    let next = Shop.report(at: nine + .minutes(1))
    #expect(try await store.accept(next).reason == "requested")
    let question = try #require(try await store.fleetQuestion(of: next.id))
    #expect(question.marks == FleetMarks(pass: "3.other"))
    try await store.fleetAnswered(question.marks, of: name, at: nine)
    let said = try #require(try await store.fleetRecordsToPush(limit: 10).first)
    #expect(!said.body.isOpen && said.version.number == 4)
    #expect(try await store.fleetQuestion(of: next.id)?.marks == question.marks, "it still asks for the same")
    let first = Shop.report("bbbb1111", at: nine + .minutes(2))
    try await store.accept(first)
    #expect(try await store.fleetQuestion(of: first.id)?.marks == FleetMarks())
  }

  @Test("a pass of this relay alone leaves without asking")
  func passAlone() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try await store.passNext([try await Self.row(store, "aaaa")])
    let next = Shop.report(at: nine + .minutes(1))
    #expect(try await store.accept(next).reason == "requested")
    #expect(try await store.fleetQuestion(of: next.id) == nil)
  }

  struct Merge: CustomTestStringConvertible {
    /// The errors that were seen here before the news.
    var seen: [String]
    var testDescription: String { seen.isEmpty ? "none" : seen.joined(separator: ", ") }
  }

  @Test(
    "mails of an error that was merged elsewhere count for the other one, whichever was seen here before",
    arguments: [Merge(seen: []), .init(seen: ["aaaa"]), .init(seen: ["bbbb"]), .init(seen: ["aaaa", "bbbb"])])
  func merge(_ test: Merge) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for digest in test.seen { try await store.accept(Shop.report(digest)) }
    let (whole, part) = (Self.error("aaaa"), Self.error("bbbb"))
    let name = FleetRecord.grouping(part.name)
    let merged = Self.record(name, .grouping(.init(error: part, into: whole)))
    #expect(try await store.receive([merged], at: nine) == 1)
    for digest in ["bbbb", "aaaa", "bbbb"] { try await store.accept(Shop.report(digest, at: nine + .minutes(1))) }
    let errors = try await store.fingerprints(FingerprintQuery(), now: nine).filter { $0.record.total > 0 }
    #expect(errors.map(\.fingerprint) == ["v1:aaaa"])
    #expect(errors.first?.record.total == 3 + test.seen.count)
    #expect(try await store.receive([Self.record(name, .grouping(.init(error: part)), 2)], at: nine) == 1)
    try await store.accept(Shop.report("bbbb", at: nine + .minutes(2)))
    #expect(try await store.errors(idPrefix: "bbbb", site: nil).map(\.mergedInto) == [nil])
  }

  @Test("an error that was split elsewhere is split here, seen or not", arguments: [true, false])
  func split(_ isSeen: Bool) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    if isSeen { try await store.accept(Shop.report("aaaa")) }
    let error = Self.error("aaaa")
    let split = Self.record(
      FleetRecord.grouping(error.name), .grouping(.init(error: error, isSplit: true)))
    #expect(try await store.receive([split], at: nine) == 1)
    try await store.accept(Shop.report("aaaa", at: nine + .minutes(1)))
    let part = Grouping.part(of: "v1:aaaa", "")
    #expect(try await store.errors(idPrefix: String(part.dropFirst(3)), site: nil).count == 1)
  }
}

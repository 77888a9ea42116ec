import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("What the admin says about errors")
struct AdminTests {
  private static func row(_ store: SQLiteStore, _ prefix: String) async throws -> Int64 {
    try #require(try await store.reader.errors(idPrefix: prefix, site: nil).first).row
  }

  private static func silence(_ scope: Silence.Scope, _ end: Silence.End) -> Silence {
    Silence(createdAt: nine, author: "ann", reason: "deploy", scope: scope, end: end)
  }

  @Test("a silence holds back to the end of its time, says how many, and survives a crash")
  func silence() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    let row = try await Self.row(store, "aaaa")
    let made = try await store.silence(Self.silence(.error(row), .at(nine + .hours(3))))
    for hour in 1...2 { #expect(try await store.accept(Shop.report(at: nine + .hours(hour))).reason == "silenced") }
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Shop.store(crashed)
    defer { reopened.close() }
    #expect(try await reopened.accept(Shop.report(at: nine + .minutes(150))).reason == "silenced")
    #expect(try await reopened.reader.silences(all: false).map(\.silence.held) == [3])
    let verdict = try await reopened.accept(Shop.report(at: nine + .hours(3)))
    #expect(verdict.reason == "window-elapsed" && verdict.heldBack == 3)
    let ended = try #require(try await reopened.reader.silences(all: true).first).silence
    #expect(ended.id == made.id && ended.ended == .init(at: nine + .hours(3), cause: .time))
    #expect(try await reopened.reader.silences(all: false).isEmpty)
  }

  @Test("a silence for so many mails lets the one behind them out, also within one batch")
  func silenceForMails() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    _ = try await store.silence(Self.silence(.error(try await Self.row(store, "aaaa")), .afterMails(5)))
    let reasons = await store.acceptTogether((0..<8).map { _ in Shop.report() }).map { $0.verdict?.reason }
    #expect(reasons == Array(repeating: "silenced", count: 5) + ["silence-ended", "inside-window", "inside-window"])
  }

  @Test("a pattern silences errors that are not known yet; ending it by hand lets them out")
  func pattern() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let made = try await store.silence(Self.silence(.matching(.init(title: "Error bbbb*")), .whenResolved))
    #expect(try await store.accept(Shop.report("bbbb1111")).reason == "silenced")
    #expect(try await store.accept(Shop.report("cccc1111")).reason == "first")
    #expect(try await store.endSilence(made.id, at: nine)?.held == 1)
    #expect(try await store.endSilence(made.id, at: nine) == nil)
    #expect(try await store.accept(Shop.report("bbbb1111")).reason == "first")
  }

  @Test("resolving ends silences that wait for it, and the next mail is a regression")
  func resolve() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    let row = try await Self.row(store, "aaaa")
    _ = try await store.silence(Self.silence(.error(row), .whenResolved))
    #expect(try await store.accept(Shop.report()).reason == "silenced")
    try await store.resolve([row], at: nine + .minutes(1))
    let verdict = try await store.accept(Shop.report(at: nine + .minutes(2)))
    #expect(verdict.reason == "regression" && verdict.heldBack == 1)
    #expect(try await store.accept(Shop.report(at: nine + .minutes(3))).reason == "inside-window")
  }

  @Test("merged errors share a window and a count, and stay merged when a later version renames them")
  func merge() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for digest in ["aaaa1111", "bbbb1111", "bbbb1111"] { try await store.accept(Shop.report(digest)) }
    let (a, b) = (try await Self.row(store, "aaaa"), try await Self.row(store, "bbbb"))
    #expect(try await store.merge([b, a, 999], into: a) == [b])
    let reasons = await store.acceptTogether(["bbbb1111", "aaaa1111", "bbbb1111"].map { Shop.report($0) })
    #expect(reasons.map { $0.verdict?.heldBack } == [2, 3, 4])
    let rows = try await store.fingerprints(FingerprintQuery(includesUnsuppressed: true), now: nine)
    #expect(rows.map(\.record.total) == [6] && rows.map(\.record.suppressed) == [4])
    #expect(rows.first?.hours.last == HourCount(forwarded: 2, suppressed: 4))
    // The next version calls it otherwise.
    #expect(try await store.accept(Shop.renamed("v2:dddd", from: "v1:bbbb1111")).heldBack == 5)
    #expect(try await store.accept(Shop.renamed("v2:eeee", from: "v1:aaaa1111")).heldBack == 6)
    let groupings = try await store.groupings()
    #expect(groupings.map(\.kind) == [.merged] && groupings.map(\.error.row) == [a])
    #expect(groupings.first?.members.map(\.row) == [b])
    // Let go, its next mail goes out: nobody is told of it by the other's window.
    #expect(try await store.split(b) == .released(1))
    #expect(try await store.accept(Shop.renamed("v2:dddd", from: "v1:bbbb1111")).reason == "first")
    #expect(try await store.totals() == Totals(forwarded: 3, suppressed: 6))
  }

  @Test("what the admin merged stays merged after its name was not seen for longer than history is kept")
  func mergeOutlivesHistory() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for digest in ["aaaa1111", "bbbb1111"] { try await store.accept(Shop.report(digest)) }
    let (a, b) = (try await Self.row(store, "aaaa"), try await Self.row(store, "bbbb"))
    #expect(try await store.merge([b], into: a) == [b])
    let later = nine + .hours(24 * 401)
    try await store.accept(Shop.report("aaaa1111", at: later))
    let purge = Purge(Retention(), windowLength: .hours(1), now: later)
    try await store.commit { batch in
      try batch.windows.settle(batch.db)
      // A step opens a transaction of its own.
      for table in ["sample", "arrival", "tally"] { try batch.db.execute(sql: "DELETE FROM \(table)") }
    }
    try await store.writer.pool.writeWithoutTransaction { db in while try purge.step(db) {} }
    #expect(try await store.accept(Shop.report("bbbb1111", at: later)).reason == "inside-window")
  }

  @Test("errors of two sites cannot be merged: windows never mix sites")
  func mergeAcrossSites() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report("aaaa1111"))
    try await store.accept(Shop.report("bbbb1111", site: Shop.staging))
    let (a, b) = (try await Self.row(store, "aaaa"), try await Self.row(store, "bbbb"))
    #expect(try await store.merge([b], into: a) == [])
  }

  @Test("a split error has a window for each variant, also after a later version renames it")
  func split() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.variant("x", at: nine))
    let row = try await Self.row(store, "aaaa")
    #expect(try await store.split(row) == .singleVariant, "there is nothing to split")
    for variant in ["x", "y"] { try await store.accept(Shop.variant(variant, at: nine)) }
    #expect(try await store.split(row) == .byVariant)
    #expect(try await store.split(row) == .alreadySplit)
    let mails = ["x", "y", "x", "y"].map { Shop.variant($0, at: nine + .minutes(1)) }
    let reasons = await store.acceptTogether(mails).map { $0.verdict?.reason }
    #expect(reasons == ["first", "first", "inside-window", "inside-window"])
    let ids = try await store.fingerprints(FingerprintQuery(includesUnsuppressed: true), now: nine).map(\.id)
    #expect(Set(ids).count == 3)
    let groupings = try await store.groupings()
    #expect(groupings.map(\.kind) == [.split] && groupings.map(\.error.row) == [row])
    #expect(groupings.first.map { Set($0.members.map(\.id)) } == Set(ids.filter { $0 != groupings.first?.error.id }))
    let renamed = Shop.renamed("v2:dddd", from: "v1:aaaa1111", variant: "x", at: nine + .minutes(2))
    #expect(try await store.accept(renamed).reason == "inside-window")
  }
}

import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// Counts while the disk is full.
@Suite("The reserve for counts")
struct CountReserveTests {
  private static let error = ReservedError(Shop.occurrence("aaaa1111"), of: Shop.report())

  @Test("what was counted is there after a crash, and comes into the store once")
  func imports() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    try reserve.add(ReservedArrival(at: nine, fate: .forwarded), of: Self.error)
    for second in 1...5 {
      try reserve.add(ReservedArrival(at: nine + .seconds(second), fate: .suppressed), of: Self.error)
    }
    let again = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    #expect(again.all().count == 6)
    #expect(try await store.importCounts(from: again) == 6)
    #expect(again.isEmpty)
    // The file as it was before it was emptied: a crash in between.
    let stale = try await store.importCounts(from: reserve)
    #expect(stale == 0)
    let totals = try await store.totals()
    #expect(totals == Totals(forwarded: 1, suppressed: 5))
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .minutes(1)).first)
    #expect(row.record.total == 6 && row.record.held == 5 && row.record.windowStart == nine)
    #expect(try await store.accept(Shop.report(at: nine + .minutes(2))).reason == "inside-window")
  }

  @Test("counts of a known error are added to it, and a mail of the spool is counted by its import alone")
  func known() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Shop.report()) }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    for fate in [ReservedArrival.Fate.spooled, .suppressed, .suppressed] {
      try reserve.add(ReservedArrival(at: nine + .minutes(1), fate: fate), of: Self.error)
    }
    #expect(try await store.importCounts(from: reserve) == 2)
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .minutes(2)).first)
    #expect(row.record.total == 5 && row.record.suppressed == 4 && row.record.held == 4)
  }

  @Test(
    "a mail that was offered counts, and opens its window only when the next hop is known to have it",
    arguments: [
      (ReservedArrival.Fate.forwarded, 1, "inside-window", "taken"),
      (.refused, 0, "first", "refused: as if it had never come"),
      (nil, 1, "last-one-rejected", "killed before the answer"),
    ] as [(ReservedArrival.Fate?, Int, String, String)])
  func offered(fate: ReservedArrival.Fate?, count: Int, next: String, sentence: String) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    let place = try reserve.add(ReservedArrival(at: nine, fate: .offered), of: Self.error)
    if let fate { reserve.correct(place, to: fate) }
    let again = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    #expect(try await store.importCounts(from: again) == count, "\(sentence)")
    #expect(try await store.totals() == Totals(forwarded: count, suppressed: 0))
    #expect(try await store.accept(Shop.report(at: nine + .minutes(2))).reason == next, "\(sentence)")
  }

  @Test(
    "a mail that the next hop refused is not counted, but the next ones of its error go as after a rejection",
    arguments: [
      ([ReservedArrival.Fate.refused, .refused, .suppressedAfterRejection], nil, 1, 2, "a new error"),
      ([.forwarded, .suppressed, .refused], 0, 2, nil, "the window is open: the mail that opened it was taken"),
      ([.refused, .suppressedAfterRejection, .forwarded], 0, 2, 1, "one that was taken opens the window"),
    ] as [([ReservedArrival.Fate], Int?, Int, Int?, String)])
  func refused(fates: [ReservedArrival.Fate], start: Int?, total: Int, rejections: Int?, why: String) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    for fate in fates { try reserve.add(ReservedArrival(at: nine, fate: fate), of: Self.error) }
    #expect(try await store.importCounts(from: reserve) == total, "\(why)")
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine).first)
    #expect(row.record.total == total && row.record.rejection?.count == rejections, "\(why)")
    #expect(row.record.windowStart == start.map { nine + .seconds($0) }, "\(why)")
  }

  @Test("an import leaves what is being offered, and what came after it, for the next one")
  func underway() throws {
    let folder = try TemporaryFolder()
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: Self.error)
    let place = try reserve.add(ReservedArrival(at: nine, fate: .offered), of: Self.error)
    try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: Self.error)
    let first = try #require(reserve.content(after: nil))
    #expect(first.errors.flatMap(\.arrivals).map(\.fate) == [.suppressed])
    try reserve.clear(upTo: first.position)
    reserve.correct(place, to: .forwarded)
    let rest = try #require(reserve.content(after: first.position))
    #expect(rest.errors.flatMap(\.arrivals).map(\.fate) == [.forwarded, .suppressed])
    try reserve.clear(upTo: rest.position)
    #expect(reserve.isEmpty)
  }

  @Test(
    "what the store held back before its disk was full is told by the next mail, not lost with the one that went past it"
  )
  func heldBefore() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Shop.report()) }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    for (minute, fate) in [(1, ReservedArrival.Fate.forwarded), (2, .suppressed)] {
      try reserve.add(ReservedArrival(at: nine + .minutes(minute), fate: fate), of: Self.error)
    }
    #expect(try await store.importCounts(from: reserve) == 2)
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .minutes(2)).first)
    #expect(row.record.total == 5 && row.record.held == 3 && row.record.windowStart == nine + .minutes(1))
  }

  @Test("what is added during an import is imported by the next one")
  func during() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: Self.error)
    let content = try #require(reserve.content(after: nil))
    try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: Self.error)
    try reserve.clear(upTo: content.position)
    #expect(!reserve.isEmpty)
    let rest = try #require(reserve.content(after: content.position))
    #expect(rest.errors.map(\.arrivals.count) == [1])
  }

  @Test("a reserve that is used up says so, and known errors can be counted for longer than new ones")
  func usedUp() throws {
    let folder = try TemporaryFolder()
    let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
    var (errors, counts) = (0, 0)
    while true {
      var error = Self.error
      error.fingerprint = "v1:\(errors)"
      do { try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: error) } catch {
        #expect(error.kind == .diskFull)
        break
      }
      errors += 1
    }
    var error = Self.error
    error.fingerprint = "v1:0"
    while (try? reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: error)) != nil { counts += 1 }
    #expect(errors > 50 && counts > 400)
    #expect(try CountReserve(path: folder.file("reserve"), octets: 64 << 10).all().count == errors + counts)
  }

  @Test("a frame that is cut or damaged ends what is believed")
  func damaged() throws {
    let folder = try TemporaryFolder()
    do {
      let reserve = try CountReserve(path: folder.file("reserve"), octets: 64 << 10)
      for _ in 0..<3 { try reserve.add(ReservedArrival(at: nine, fate: .suppressed), of: Self.error) }
    }
    var octets = try SyncedFile.read(folder.file("reserve"))
    let last = try #require(octets.lastIndex { $0 != 0 })
    octets[last] ^= 1
    try SyncedFile.write(Message(octets), named: "reserve", in: folder.path)
    #expect(try CountReserve(path: folder.file("reserve"), octets: 64 << 10).all().count == 2)
  }
}

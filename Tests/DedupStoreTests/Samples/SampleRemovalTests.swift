import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Removing samples")
struct SampleRemovalTests {
  private static let day = Duration.hours(24)

  /// Whether a file in `folder` holds `text`.
  private func holds(_ text: String, _ folder: TemporaryFolder) throws -> [String] {
    let names = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
    return try names.filter { name in
      var isFolder: ObjCBool = false
      let path = folder.file(name)
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
        return false
      }
      return try Data(contentsOf: URL(fileURLWithPath: path)).range(of: Data(text.utf8)) != nil
    }
  }

  /// Two errors of different ages with two mails each, and an ordinary mail.
  private func stock(_ store: SQLiteStore) async throws {
    for (digest, time) in [("aaaa1111", nine), ("bbbb2222", nine + Self.day)] {
      try await store.accept(Shop.report(digest, at: time, text: "marker-\(digest)-first\r\n"))
      try await store.accept(Shop.report(digest, at: time + .minutes(1), text: "marker-\(digest)-latest\r\n"))
    }
    try await store.accept(Shop.ordinary(at: nine + Self.day))
  }

  @Test(
    "what a selection is for, and what is left",
    arguments: [
      (SampleSelection(.all), 4, 2, []), (SampleSelection(.ids(["aaaa"])), 2, 1, []),
      (SampleSelection(.ids(["aaaa", "bbbb2222", "aaaa1"])), 4, 2, []),
      (SampleSelection(.ids(["aaaa", "cccc"])), 2, 1, ["cccc"]), (SampleSelection(.ids([""])), 0, 0, [""]),
      (SampleSelection(.ids([])), 0, 0, []), (SampleSelection(.ids(["%"])), 0, 0, ["%"]),
      (SampleSelection(.all, age: .hours(24)), 2, 1, []), (SampleSelection(.all, age: .hours(72)), 0, 0, []),
      (SampleSelection(.ids(["bbbb"]), age: .hours(24)), 0, 0, []),
      (SampleSelection(.all, age: .zero), 4, 2, []),
    ] as [(SampleSelection, Int, Int, [String])])
  func selections(_ selection: SampleSelection, _ mails: Int, _ errors: Int, _ unknown: [String]) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await stock(store)
    let (now, before) = (nine + .hours(26), try await store.totals())
    let found = try await store.samples(selection, now: now)
    #expect(found.mails == mails && found.errors == errors && found.unknown == unknown)
    #expect((found.octets > 0) == (mails > 0))
    #expect(try await store.purgeSamples(selection, now: now) == found)
    #expect(try await store.samples(selection, now: now).mails == 0)
    #expect(try await store.samples(SampleSelection(.all), now: now).mails == 4 - mails)
    #expect(try await store.totals() == before)
  }

  @Test("removed samples are in no file any more, although the same mails waited, were delivered and replaced")
  func noTrace() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    // So many that pages are used again for other mails.
    for round in 0..<20 {
      _ = await store.acceptTogether(
        (0..<10).map { error in
          Shop.report(
            "\(error)aaa1111", at: nine + .minutes(round), text: "cookie=marker-\(error)\r\n",
            octets: 3000 + 1700 * ((round + error) % 7))
        })
    }
    #expect(try !holds("marker-3", folder).isEmpty, "the test looks in the right place")
    for entry in try await store.queue(limit: 1000) {
      try await store.settle(
        Shop.settlement(of: entry.id, entry.recipients, entry.recipients.map { _ in .delivered(reply: "250") }))
    }
    _ = try await store.purgeSamples(SampleSelection(.ids(["3aaa"])), now: nine + Self.day)
    #expect(try holds("marker-3", folder) == [])
    #expect(try await store.samples(SampleSelection(.all), now: nine).errors == 9)
    _ = try await store.purgeSamples(SampleSelection(.all), now: nine + Self.day)
    #expect(try holds("marker-", folder) == [])
    #expect(try await store.fingerprints(all: true, limit: 100, now: nine).count == 10)
  }

  @Test("a database too large to be written anew gives its free pages back, and what waits stays")
  func large() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for mail in 0..<90 { try await store.accept(Shop.ordinary(at: nine + .seconds(mail), octets: 1_000_000)) }
    _ = await store.acceptTogether((0..<40).map { Shop.report("\($0)error", text: "marker\r\n", octets: 200_000) })
    for entry in try await store.queue(limit: 1000) where entry.kind == .report {
      try await store.settle(
        Shop.settlement(of: entry.id, entry.recipients, entry.recipients.map { _ in .delivered(reply: "250") }))
    }
    let waiting = try await store.queueStatus()
    #expect(try await store.purgeSamples(SampleSelection(.all), now: nine + Self.day).mails == 40)
    #expect(try holds("marker", folder) == [])
    #expect(try await store.queueStatus() == waiting && waiting.waiting == 90)
    let free = try await store.reader.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? -1 }
    #expect(free == 0)
  }

  @Test("mail goes on being taken meanwhile")
  func meanwhile() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((0..<200).map { Shop.report("\($0)error", octets: 20_000) })
    async let removed = store.purgeSamples(SampleSelection(.all), now: nine + Self.day)
    for mail in 0..<30 { try await store.accept(Shop.report("new\(mail)", at: nine + .minutes(mail))) }
    #expect((200...230).contains(try await removed.mails))
    #expect(try await store.totals().accepted == 230)
  }

  @Test("an id that stands for very many errors is refused, before anything is removed")
  func ambiguous() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((10..<40).map { Shop.report("a\($0)error", octets: 100) })
    await #expect(throws: StoreFailure.self) {
      try await store.purgeSamples(SampleSelection(.ids(["a15", "a"])), now: nine)
    }
    #expect(try await store.samples(SampleSelection(.all), now: nine).mails == 30)
  }

  @Test("the files of a store are for the relay alone")
  func modes() async throws {
    let outer = try TemporaryFolder()
    let folder = outer.file("made/by/us")
    let store = try Shop.store(directory: folder)
    defer { store.close() }
    try await store.accept(Shop.ordinary(octets: 2 << 20))
    var seen: [String: Int] = [:]
    for name in [""] + (try FileManager.default.subpathsOfDirectory(atPath: folder)) {
      let facts = try FileManager.default.attributesOfItem(atPath: folder + "/" + name)
      let isFolder = facts[.type] as? FileAttributeType == .typeDirectory
      let mode = (facts[.posixPermissions] as? NSNumber)?.intValue
      #expect(mode == (isFolder ? 0o700 : 0o600), "\(name)")
      seen[isFolder ? "folders" : "files", default: 0] += 1
    }
    #expect(
      seen == ["folders": 2, "files": 6], "the database with its two companions, handovers, the lock, a large mail")
  }
}

import DedupCore
import Foundation
import GRDB
import MailTestKit
import Testing

@testable import DedupStore

/// The failure that `body` throws.
private func failure(_ body: () throws -> Void) -> StoreFailure? {
  do { try body() } catch { return error as? StoreFailure }
  return nil
}

private func mode(_ path: String) throws -> Int {
  (try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? NSNumber)?.intValue ?? 0
}

@Suite("Opening")
struct OpeningTests {
  @Test(
    "each commit is synced: PRAGMA synchronous of the writer is FULL, in WAL mode, and freed pages can be given back")
  func pragmas() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let found = try await store.commit { batch in
      try ["synchronous", "auto_vacuum", "foreign_keys", "secure_delete"].map {
        try Int.fetchOne(batch.db, sql: "PRAGMA \($0)")
      }
    }
    #expect(found == [2, 2, 1, 2])
    #expect(try await store.commit { try String.fetchOne($0.db, sql: "PRAGMA journal_mode") } == "wal")
  }

  @Test("nobody else can read the files: the directory is 0700, every file 0600")
  func modes() async throws {
    let folder = try TemporaryFolder()
    let directory = folder.file("state/relay")
    var limits = StoreLimits()
    limits.inlineOctets = 100
    let store = try Shop.store(directory: directory, limits: limits)
    defer { store.close() }
    let large = Shop.ordinary(octets: 200)
    try await store.accept(large)
    #expect(try mode(directory) == 0o700 && mode(folder.file("state")) == 0o700)
    #expect(try mode(directory + "/bodies") == 0o700)
    for name in ["dedup.sqlite", "dedup.sqlite-wal", "dedup.sqlite-shm", "lock", "bodies/\(large.id)"] {
      #expect(try mode(directory + "/" + name) == 0o600, "\(name)")
    }
  }

  @Test("a second instance is refused and told which process holds the store; after the first is gone it may start")
  func secondInstance() async throws {
    let folder = try TemporaryFolder()
    let first = try Shop.store(folder)
    let refusal = failure { try Shop.store(folder).close() }
    #expect(refusal?.kind == .locked)
    #expect(refusal?.description.contains("process \(getpid())") == true, "\(refusal?.description ?? "")")
    first.close()
    try Shop.store(folder).close()
  }

  @Test("a refused start leaves the store free for the next one")
  func lockIsReleased() async throws {
    let folder = try TemporaryFolder()
    let other = try DatabaseQueue(path: folder.file("dedup.sqlite"))
    try await other.write { try $0.execute(sql: "CREATE TABLE music (title TEXT)") }
    try other.close()
    for _ in 0..<2 { #expect(failure { try Shop.store(folder).close() }?.kind == .other) }
  }

  @Test("who only reads leaves a damaged database where it is, and reports it by name")
  func readingDamaged() throws {
    let folder = try TemporaryFolder()
    let garbage = Data((0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) })
    try garbage.write(to: URL(fileURLWithPath: folder.file("dedup.sqlite")))
    let refusal = failure { _ = try StoreReader(readingDirectory: folder.path) }
    #expect(refusal?.kind == .corrupt && refusal?.description.contains("dedup.sqlite") == true)
    #expect(try Data(contentsOf: URL(fileURLWithPath: folder.file("dedup.sqlite"))) == garbage)
  }

  @Test("a store of a newer version is refused by name rather than misread")
  func newer() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    try await store.commit { try $0.db.execute(sql: "INSERT INTO grdb_migrations VALUES ('9 from the future')") }
    store.close()
    let refusal = failure { try Shop.store(folder).close() }
    #expect(refusal?.kind == .other && refusal?.description.contains("newer version") == true)
    #expect(failure { _ = try StoreReader(readingDirectory: folder.path) }?.description.contains("newer") == true)
  }

  @Test("a queue of the version before status requests is taken over: its mails wait as they did")
  func beforeStatusRequests() async throws {
    let folder = try TemporaryFolder()
    let mail = Shop.ordinary()
    let store = try Shop.store(folder)
    try await store.accept(mail)
    try await store.commit { batch in
      for column in ["entry DROP COLUMN dsn_ret", "entry DROP COLUMN dsn_envid", "recipient DROP COLUMN dsn_notify"] {
        try batch.db.execute(sql: "ALTER TABLE \(column)")
      }
      try batch.db.execute(sql: "ALTER TABLE recipient DROP COLUMN dsn_orcpt")
      try batch.db.execute(sql: "DELETE FROM grdb_migrations WHERE identifier = '5 status requests'")
    }
    store.close()
    let refusal = failure { _ = try StoreReader(readingDirectory: folder.path) }
    #expect(refusal?.description.contains("start maildedup once") == true, "\(refusal?.description ?? "")")
    let newer = try Shop.store(folder)
    defer { newer.close() }
    let entry = try #require(try await newer.due(now: nine, limit: 1).first)
    #expect(entry.id == mail.id && entry.envelope == mail.envelope && entry.statusRequest == nil)
  }

  @Test("the database of another program is not touched")
  func foreign() async throws {
    let folder = try TemporaryFolder()
    let other = try DatabaseQueue(path: folder.file("dedup.sqlite"))
    try await other.write { try $0.execute(sql: "CREATE TABLE music (title TEXT)") }
    try other.close()
    #expect(failure { try Shop.store(folder).close() }?.description.contains("another program") == true)
  }

  @Test("a directory that is a file, and one that cannot be made, are refused with the path and the reason")
  func directory() throws {
    let folder = try TemporaryFolder()
    try Data().write(to: URL(fileURLWithPath: folder.file("file")))
    let refusal = failure { try Shop.store(directory: folder.file("file")).close() }
    #expect(refusal?.description.contains("file: not a directory") == true, "\(refusal?.description ?? "")")
    #expect(failure { try Shop.store(directory: folder.file("file/below")).close() } != nil)
    #expect(
      failure { _ = try StoreReader(readingDirectory: folder.file("nothing")) }?.description.contains("nothing") == true
    )
  }

  @Test("a closed store refuses mail and questions; closing again does nothing")
  func closed() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    try await store.accept(Shop.report())
    store.close()
    store.close()
    await #expect(throws: StoreFailure(.closed, "the store is closed")) { try await store.accept(Shop.report()) }
    await #expect(throws: StoreFailure(.closed, "the store is closed")) { _ = try await store.totals() }
    #expect(try FileManager.default.attributesOfItem(atPath: folder.file("dedup.sqlite-wal"))[.size] as? Int ?? 0 == 0)
  }

  @Test("the store is read while the daemon has it, after it was closed, and after a crash")
  func reading() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    try await store.accept(Shop.report())
    try await store.accept(Shop.report())
    let crashed = try folder.copyAsAfterCrash()
    let expected = Totals(forwarded: 1, suppressed: 1)
    #expect(try await StoreReader(readingDirectory: folder.path).totals() == expected)
    store.close()
    #expect(try await StoreReader(readingDirectory: folder.path).totals() == expected)
    #expect(try await StoreReader(readingDirectory: crashed.path).totals() == expected)
  }
}

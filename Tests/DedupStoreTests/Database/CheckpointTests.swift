import DedupCore
import Foundation
import GRDB
import MailTestKit
import Testing

@testable import DedupStore

/// When pages move from the WAL into the database.
@Suite struct CheckpointPlanTests {
  enum Event {
    case commit(frames: Int, CheckpointPlan.Step)
    case copied
    case copyFailed(frames: Int)
    case finished
    case kept(frames: Int)
  }

  struct Example: CustomTestStringConvertible {
    let testDescription: String
    let events: [Event]

    init(_ sentence: String, _ events: [Event]) { (testDescription, self.events) = (sentence, events) }
  }

  static let examples = [
    Example("a short WAL stays as it is", [.commit(frames: 99, .nothing)]),
    Example(
      "a long one is copied once, what is left is moved by the next commit, and then it has to grow again",
      [
        .commit(frames: 100, .copy), .commit(frames: 150, .nothing), .copied, .commit(frames: 160, .finish), .finished,
        .commit(frames: 10, .nothing), .commit(frames: 99, .nothing), .commit(frames: 101, .copy),
      ]),
    Example(
      "one that grows faster than it is copied is waited for",
      [
        .commit(frames: 100, .copy), .commit(frames: 399, .nothing), .commit(frames: 400, .wait), .copied,
        .commit(frames: 400, .finish),
      ]),
    Example(
      "a failed copying is tried again when the WAL has grown by its length, and waits no sooner",
      [
        .commit(frames: 100, .copy), .copyFailed(frames: 150), .commit(frames: 249, .nothing),
        .commit(frames: 250, .copy), .commit(frames: 549, .nothing), .commit(frames: 550, .wait),
      ]),
    Example(
      "frames that somebody reads stay, and it is tried again when the WAL has grown by its length",
      [
        .commit(frames: 100, .copy), .copied, .commit(frames: 120, .finish), .kept(frames: 120),
        .commit(frames: 219, .nothing), .commit(frames: 220, .copy), .copied, .commit(frames: 230, .finish), .finished,
        .commit(frames: 100, .copy),
      ]),
  ]

  @Test("the plan", arguments: examples)
  func plan(_ example: Example) {
    var plan = CheckpointPlan(length: 100)
    for (index, event) in example.events.enumerated() {
      switch event {
      case .commit(let frames, let step): #expect(plan.next(frames: frames) == step, "event \(index)")
      case .copied: plan.copied()
      case .copyFailed(let frames): plan.copied(failedAt: frames)
      case .finished: plan.finished(keeping: nil)
      case .kept(let frames): plan.finished(keeping: frames)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(5))) struct CheckpointTests {
  private static let pages = 64
  /// Octets that the WAL may have: it is waited for at four times those pages, and a commit may add some, generously.
  private static let longest = (4 * pages + 512) * 4120

  private func database(_ folder: TemporaryFolder) throws -> (DatabasePool, Checkpoints) {
    var limits = StoreLimits()
    limits.walPages = Self.pages
    let pool = try Connection.openForWriting(StoreFiles(directory: folder.path), limits)
    // The messages of these tests belong to no entry.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA foreign_keys = OFF") }
    return (pool, try Checkpoints(of: pool))
  }

  private func size(_ folder: TemporaryFolder, _ file: String) throws -> Int {
    try FileManager.default.attributesOfItem(atPath: folder.file(file))[.size] as? Int ?? 0
  }

  private func add(_ octets: Int, _ pool: DatabasePool) throws {
    try pool.write { db in
      try db.execute(
        sql: "INSERT INTO message (octets, crc32c, file_skip, head) VALUES (?, 0, 0, zeroblob(?))",
        arguments: [octets, octets])
    }
  }

  private func commit(_ times: Int, _ octets: Int, _ pool: DatabasePool, _ checkpoints: Checkpoints) throws {
    for _ in 1...times {
      try add(octets, pool)
      pool.writeWithoutTransaction { checkpoints.step($0) }
    }
  }

  @Test("pages move into the database while commits go on, and the WAL stays short")
  func move() throws {
    let folder = try TemporaryFolder()
    let (pool, checkpoints) = try database(folder)
    try commit(400, 20_000, pool, checkpoints)
    #expect(try size(folder, "dedup.sqlite-wal") <= Self.longest)
    #expect(try size(folder, "dedup.sqlite") > 400 * 20_000 / 2)
    checkpoints.close()
    #expect(try pool.read { try Int.fetchOne($0, sql: "SELECT SUM(length(head)) FROM message") } == 400 * 20_000)
    try pool.close()
  }

  @Test("somebody who reads for long keeps frames in the WAL, and nobody waits for him; afterwards it begins anew")
  func reader() throws {
    let folder = try TemporaryFolder()
    let (pool, checkpoints) = try database(folder)
    try add(20_000, pool)
    let snapshot = try DatabaseQueue(path: pool.path, configuration: .allowingOpenTransactions)
    try snapshot.writeWithoutTransaction { db in
      try db.execute(sql: "BEGIN")
      #expect(try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM message") == 1)
    }
    try commit(100, 20_000, pool, checkpoints)
    let kept = try size(folder, "dedup.sqlite-wal")
    #expect(kept > 100 * 20_000)
    try snapshot.writeWithoutTransaction { db in
      #expect(try Int.fetchOne(db, sql: "SELECT COUNT(*) FROM message") == 1)
      try db.execute(sql: "ROLLBACK")
    }
    try commit(400, 20_000, pool, checkpoints)
    #expect(try size(folder, "dedup.sqlite-wal") <= kept + Self.longest)
    checkpoints.close()
    try pool.close()
  }

  @Test("whoever empties the WAL for good waits for what is being copied, which SQLite would refuse him")
  func empty() throws {
    let folder = try TemporaryFolder()
    let (pool, checkpoints) = try database(folder)
    for _ in 1...100 {
      try commit(1, 300_000, pool, checkpoints)
      // The copying is to have begun. Were it slower to begin, the test would only see less: it never fails by this.
      holdThread(for: .microseconds(300))
      try pool.writeWithoutTransaction { db in
        checkpoints.waitUntilIdle()
        _ = try db.checkpoint(.truncate)
      }
      #expect(try size(folder, "dedup.sqlite-wal") == 0)
    }
    checkpoints.close()
    try pool.close()
  }

  @Test("idle moments move pages as well: the WAL stays short while many old errors are forgotten")
  func idleWork() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.walPages = Self.pages
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let longAgo = nine.advanced(by: .zero - .seconds(5 * 366 * 86_400))
    for batch in 0..<20 {
      let errors = (0..<50).map { Shop.report(String(batch * 50 + $0), at: longAgo, octets: 3000) }
      #expect(await store.acceptTogether(errors).allSatisfy { $0.failure == nil })
    }
    try store.writer.outsideTransaction { _ = try $0.checkpoint(.truncate) }
    var steps = 0
    var committer = Committer(store.writer, .quiet)
    while try committer.tidyStep() { steps += 1 }
    #expect(steps > 10)
    #expect(try await store.fingerprints(FingerprintQuery(), now: nine).isEmpty)
    #expect(try size(folder, "dedup.sqlite-wal") <= Self.longest)
  }

  @Test("mails of a store whose WAL is moved all the time are there after a crash, and after a close, which empties it")
  func crash() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.walPages = 16
    let store = try Shop.store(folder, limits: limits)
    for _ in 1...100 { try await store.accept(Shop.ordinary(octets: 10_000)) }
    let crashed = try folder.copyAsAfterCrash()
    store.close()
    #expect(try size(folder, "dedup.sqlite-wal") == 0)
    for folder in [folder, crashed] {
      let again = try Shop.store(folder)
      #expect(try await again.queueStatus().waiting == 100)
      again.close()
    }
  }
}

extension Configuration {
  fileprivate static var allowingOpenTransactions: Configuration {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    return configuration
  }
}

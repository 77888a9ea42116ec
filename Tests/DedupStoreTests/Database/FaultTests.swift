import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import RelayMail
import Testing

@testable import DedupStore

@Suite("Faults")
struct FaultTests {
  @Test(
    "a full disk refuses mail as such; what was acknowledged stays, suppressed or queued, and later mail is taken again"
  )
  func diskFull() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.commit { batch in
      let pages = try Int.fetchOne(batch.db, sql: "PRAGMA page_count") ?? 0
      _ = try Row.fetchOne(batch.db, sql: "PRAGMA max_page_count = \(pages + 60)")
    }
    var queued: [Submission] = []
    var refusal: StoreFailure?
    while refusal == nil && queued.count < 100 {
      let mail = Shop.ordinary(octets: 10_000)
      do {
        try await store.accept(mail)
        queued.append(mail)
      } catch {
        refusal = error as? StoreFailure
      }
    }
    #expect(refusal?.kind == .diskFull && !queued.isEmpty)
    #expect(try await store.totals() == Totals(passed: queued.count))
    for mail in queued { #expect(try await store.octets(of: mail.id) == mail.received() + mail.message.head) }
    let done = DeliveryOutcome.delivered(reply: "250")
    for mail in queued.prefix(2) { try await store.attempt(mail.id, at: nine, [done, done]) }
    try await store.accept(Shop.ordinary(octets: 10_000))
    #expect(try await store.totals() == Totals(passed: queued.count + 1))
  }

  @Test("the queue is handed out also when nothing can be written, and adapted to the clock once that works again")
  func readingWithoutWriting() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.busyTimeout = .milliseconds(10)
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    let later = Shop.ordinary(at: nine + .hours(1))
    try await store.accept(later)
    let (due, message) = try await folder.whileLocked {
      (try await store.due(now: nine, limit: 10), try await store.octets(of: mail.id))
    }
    #expect(due.map(\.id) == [mail.id] && message != nil)
    #expect(try await store.due(now: nine, limit: 10).map(\.id) == [mail.id, later.id])
  }

  @Test("a database that somebody else holds a lock on is reported as locked, and works again afterwards")
  func locked() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    limits.busyTimeout = .milliseconds(10)
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    try await folder.whileLocked {
      await #expect { try await store.accept(Shop.report()) } throws: { ($0 as? StoreFailure)?.kind == .locked }
    }
    #expect(try await store.accept(Shop.report()) == .forward(.first, RunningCount(heldBack: 0, total: 1, since: nine)))
  }

  @Test("a transaction that could not be rolled back is no part of the next one, and ends nothing")
  func leftOpen() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try store.writer.leaveTransactionOpen { try $0.execute(sql: "INSERT INTO setting VALUES ('ghost', '1')") }
    try await store.accept(Shop.report())
    #expect(try await store.setting("ghost") == nil)
    #expect(try await store.totals() == Totals(forwarded: 1))
  }

  @Test("values that nothing of ours wrote end in a failure and not in a crash")
  func damagedValues() async throws {
    for damage in ["queued_at = -9223372036854775808", "kind = 'odd'", "octets = -1", "next_attempt = 1 << 60"] {
      let folder = try TemporaryFolder()
      let store = try Shop.store(folder)
      defer { store.close() }
      try await store.accept(Shop.report())
      try await store.commit { try $0.db.execute(sql: "UPDATE entry SET \(damage)") }
      await #expect { _ = try await store.queue(limit: 10) } throws: { ($0 as? StoreFailure)?.kind == .corrupt }
    }
  }

  @Test("what cannot be read counts as damaged when that lasts, and not before")
  func unreadable() async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    // The second failure is too long after the first, however soon it comes.
    limits.readPatience = .zero
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let queued = Shop.ordinary()
    try await store.accept(queued)
    func read() async throws {
      try await store.commit { _ in throw DatabaseError(resultCode: .SQLITE_IOERR_READ) }
    }
    await #expect { try await read() } throws: { ($0 as? StoreFailure)?.kind == .unreadable }
    #expect(store.setAside.isEmpty)
    try? await read()
    #expect(store.setAside.count == 1)
    #expect(try await store.octets(of: queued.id) != nil)
  }

  @Test(
    "patience ends when the same cannot be read for so long, and begins anew after it has long worked",
    arguments: [
      ([0, 14], [false, false]), ([0, 15], [false, true]), ([0, 20, 21, 36], [false, true, false, true]),
      ([0, 700, 714, 715], [false, false, false, true]),
    ])
  func patience(_ seconds: [Int], _ expected: [Bool]) {
    let patience = ReadPatience<Int>(.seconds(15))
    let begin = ContinuousClock.now
    #expect(seconds.map { patience.isOver(1, at: begin + .seconds($0)) } == expected)
    #expect(!patience.isOver(2, at: begin + .seconds(1000)))
  }

  @Test(
    "a mail whose envelope is not what was stored goes to nobody, and is set aside; the others are due",
    arguments: [
      "UPDATE recipient SET address = 'bnn@example.org' WHERE address = 'ann@example.org'",
      "DELETE FROM recipient WHERE position = 0",
      "UPDATE recipient SET entry_id = entry_id + 1 WHERE position = 1", "UPDATE entry SET sender = ''",
      "UPDATE entry SET smtputf8 = 1", "UPDATE entry SET body_type = '8BITMIME'", "UPDATE entry SET kind = 'bounce'",
      "UPDATE entry SET recipients = 3",
    ], [10, 1])
  func damagedEnvelope(_ damage: String, limit: Int) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mails = (0..<3).map { Shop.ordinary(at: nine + .seconds($0)) }
    try await store.accept(mails[0])
    try await store.commit {
      try $0.db.execute(sql: "PRAGMA defer_foreign_keys = ON")
      try $0.db.execute(sql: damage)
      // Where the recipient went is nobody's.
      try $0.db.execute(sql: "DELETE FROM recipient WHERE entry_id NOT IN (SELECT id FROM entry)")
    }
    for mail in mails.dropFirst() { try await store.accept(mail) }
    var due: [QueueID] = []
    while let id = try await store.due(now: nine + .minutes(1), limit: limit, excluding: Set(due)).first?.id {
      due.append(id)
    }
    #expect(due == mails.dropFirst().map(\.id))
    let aside = try #require(try await store.queue(limit: 10).first)
    #expect(aside.lastFailure?.contains("set aside: its envelope") == true)
    #expect(try await store.octets(of: mails[0].id) == nil)
  }

  @Test("a mail to many keeps its checksums while recipients leave one by one, and so does one of an earlier version")
  func checksumsStay() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for isOld in [false, true] {
      let mail = Shop.ordinary()
      try await store.accept(mail)
      if isOld {
        try await store.commit {
          try $0.db.execute(sql: "UPDATE entry SET envelope_crc32c = NULL, recipients = NULL")
          try $0.db.execute(sql: "UPDATE recipient SET crc32c = NULL")
        }
      }
      try await store.attempt(mail.id, at: nine, [.delivered(reply: "ok"), .deferred(reason: "later")])
      let entry = try #require(try await store.due(now: nine + .hours(1), limit: 10).first { $0.id == mail.id })
      #expect(entry.recipients == [EmailAddress("bob@example.org")])
      try await store.commit { try $0.db.execute(sql: "UPDATE recipient SET address = 'bo@example.org'") }
      let isDue = try await store.due(now: nine + .hours(1), limit: 10).contains { $0.id == mail.id }
      #expect(isDue == isOld)
    }
  }

  @Test("without a database at the start everything says why, and works as soon as the disk takes one")
  func noDatabase() async throws {
    let folder = try TemporaryFolder()
    let bodies = folder.file("bodies")
    var limits = StoreLimits()
    limits.openingPause = .zero
    let writer = try Writer.withoutDatabase(folder, limits)
    #expect(throws: StoreFailure(.diskFull, "full")) { try writer.pool }
    var committer = Committer(writer, .quiet)
    let isMore = try committer.tidyStep()
    #expect(!isMore)
    var runs = 0
    try committer.commit { _ in runs += 1 }
    #expect(runs == 1 && FileManager.default.fileExists(atPath: bodies))
    committer.finish()
    try writer.close()
  }

  /// What an error of SQLite or of a system call is for a mail.
  @Test(
    "errors have one meaning each",
    arguments: [
      (ResultCode.SQLITE_FULL, StoreFailure.Kind.diskFull), (.SQLITE_IOERR, .ioError), (.SQLITE_IOERR_FSYNC, .ioError),
      (.SQLITE_IOERR_READ, .unreadable), (.SQLITE_IOERR_SHORT_READ, .ioError),
      (.SQLITE_CORRUPT, .corrupt), (.SQLITE_CORRUPT_INDEX, .corrupt), (.SQLITE_NOTADB, .corrupt),
      (.SQLITE_BUSY, .locked), (.SQLITE_BUSY_SNAPSHOT, .locked), (.SQLITE_LOCKED, .locked),
      (.SQLITE_READONLY, .readOnly), (.SQLITE_READONLY_DBMOVED, .readOnly), (.SQLITE_PERM, .readOnly),
      (.SQLITE_CANTOPEN, .other), (.SQLITE_CONSTRAINT_PRIMARYKEY, .other), (.SQLITE_NOMEM, .other),
    ])
  func kinds(_ code: ResultCode, _ kind: StoreFailure.Kind) {
    #expect(Faults.failure(DatabaseError(resultCode: code, message: "m")).kind == kind)
  }

  @Test(
    "system calls have one meaning each",
    arguments: [
      (ENOSPC, StoreFailure.Kind.diskFull), (EDQUOT, .diskFull), (EIO, .ioError), (EROFS, .readOnly), (EACCES, .other),
    ])
  func errnos(_ code: CInt, _ kind: StoreFailure.Kind) {
    let failure = Faults.failure(FileFault("writing", "some/file", code: code))
    #expect(failure.kind == kind && failure.description.contains("some/file"))
  }

  @Test("space of delivered mail is given back in steps, save for what the next burst will need")
  func shrinking() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mails = (0..<30).map { _ in Shop.ordinary(octets: 900_000) }
    _ = await store.acceptTogether(mails)
    // Or it would find an idle moment for the same.
    store.close()
    let pool = try DatabaseQueue(path: folder.file("dedup.sqlite"))
    try await pool.write { try $0.execute(sql: "DELETE FROM entry") }
    func freePages() throws -> Int { try pool.read { try Int.fetchOne($0, sql: "PRAGMA freelist_count") ?? 0 } }
    let before = try freePages()
    #expect(before > 6000)
    func shrink() throws -> Bool { try pool.writeWithoutTransaction(Housekeeping.shrink) }
    #expect(try shrink())
    #expect(try freePages() == before - 512)
    while try shrink() {}
    #expect(try freePages() == 4096)
    #expect(try shrink() == false)
  }
}

extension Writer {
  /// One after a start on a disk that took no database.
  fileprivate static func withoutDatabase(_ folder: TemporaryFolder, _ limits: StoreLimits) throws -> Writer {
    let files = StoreFiles(directory: folder.path)
    let replacer = Replacer(
      files: files, lock: try InstanceLock(path: files.lock), limits: limits,
      logger: .quiet, now: { nine })
    return Writer(
      CurrentDatabase(missing: StoreFailure(.diskFull, "full")), BodyFiles(folder: files.bodies), limits,
      policy: WindowPolicy(), replacer: replacer, letterhead: Letterhead(hostname: "relay.example"),
      naming: FleetNaming { $0 })
  }

  fileprivate func leaveTransactionOpen(_ work: (Database) throws -> Void) throws {
    try pool.writeWithoutTransaction { db in
      try db.beginTransaction(.immediate)
      try work(db)
    }
  }
}

extension TemporaryFolder {
  /// Runs `body` while somebody else holds the lock that every write needs.
  @discardableResult
  fileprivate func whileLocked<T>(_ body: () async throws -> T) async throws -> T {
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: file("dedup.sqlite"), configuration: configuration)
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    let result = try await body()
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    return result
  }
}

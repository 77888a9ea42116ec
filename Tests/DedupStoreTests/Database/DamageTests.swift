import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

@Suite("Damage")
struct DamageTests {
  /// A closed store with windows, counts, and a queue; some of the mails are larger than a page.
  private static func filled() async throws -> (TemporaryFolder, [Submission]) {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let mails = (0..<24).map { Shop.ordinary(at: nine, octets: $0 % 4 == 0 ? 12_000 : 700) }
    _ = await store.acceptTogether(mails)
    let reports = (0..<12).map { Shop.report("error\($0)", octets: 600) }
    _ = await store.acceptTogether(reports + reports.map { Shop.report($0.digest) })
    store.close()
    return (folder, mails + reports)
  }

  @Test("garbage and a truncated file are set aside as they are, a fresh database takes mail, and both are told")
  func unreadable() async throws {
    for damage in [Damage.garbage, .truncated(at: 9000), .truncated(at: 3), .octets([0x41], at: 5)] {
      let (folder, mails) = try await Self.filled()
      try damage.inflict(on: folder.file("dedup.sqlite"))
      let damaged = try Data(contentsOf: URL(fileURLWithPath: folder.file("dedup.sqlite")))
      let store = try Shop.store(folder)
      defer { store.close() }
      try await store.accept(Shop.ordinary())
      let told = try #require(try await store.untoldReplacements().first)
      #expect(told.cause == .damaged && told.at == nine)
      #expect(told.path == folder.file("dedup.sqlite.damaged-20251009T090000Z"))
      #expect(try Data(contentsOf: URL(fileURLWithPath: told.path ?? "")) == damaged)
      #expect(store.setAside == [SetAsideDatabase(path: told.path ?? "", at: nine)])
      #expect(try await store.queue(limit: 100).count == told.recovered + 1)
      #expect(told.lost.map { $0 + told.recovered >= mails.count } ?? true)
    }
  }

  @Test("whatever flips on whatever page: the store opens and takes mail, delivers nothing damaged and knows its loss")
  func flips() async throws {
    let (original, mails) = try await Self.filled()
    let known = Dictionary(uniqueKeysWithValues: mails.map { ($0.id, $0.received() + $0.message.head) })
    let size = try Data(contentsOf: URL(fileURLWithPath: original.file("dedup.sqlite"))).count
    #expect(size > 40 * 4096)
    for page in 0..<(size / 4096) {
      // The kind of the page, the pointers to its cells, the cells at its end.
      let offset = [0, 9, 4000][page % 3]
      let folder = try original.copyAsAfterCrash()
      try Damage.flip(at: page * 4096 + offset).inflict(on: folder.file("dedup.sqlite"))
      try await check(folder, known, "page \(page), octet \(offset)")
    }
  }

  private func check(_ folder: TemporaryFolder, _ known: [QueueID: [UInt8]], _ place: Comment) async throws {
    let store = try Shop.store(folder)
    defer { store.close() }
    let told = try await store.untoldReplacements()
    let queue = try await store.queue(limit: 1000)
    var whole = 0
    for entry in queue {
      guard let message = try await store.octets(of: entry.id) else { continue }
      whole += 1
      // A rendered report has fields of ours on top.
      #expect(known[entry.id].map { message.suffix(500) == $0.suffix(500) } == true, place)
    }
    if let replacement = told.first {
      #expect(replacement.recovered == queue.count && whole == queue.count, place)
      if let lost = replacement.lost { #expect(replacement.recovered + lost >= known.count, place) }
    } else {
      #expect(queue.count == known.count, place)
    }
    try await store.accept(Shop.report("after the damage"))
    _ = try await store.totals()
  }

  @Test("damage that shows in the middle of the work: a fresh database takes the mail at hand and what was queued")
  func whileRunning() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let queued = [Shop.ordinary(), Shop.report()]
    for mail in queued { try await store.accept(mail) }
    let told = AsyncStream<Void>.makeStream()
    store.onReplaced { told.continuation.yield() }
    try await store.commit { try $0.db.execute(sql: "UPDATE fingerprint SET total = 9223372036854775807") }
    #expect(try await store.accept(Shop.report()).isForward)
    #expect(try await store.queue(limit: 10).map(\.id).prefix(2) == queued.map(\.id)[...])
    for mail in queued { #expect(try await store.octets(of: mail.id) != nil) }
    var events = told.stream.makeAsyncIterator()
    await events.next()
    let replacement = try #require(try await store.untoldReplacements().first)
    #expect(replacement.recovered == 2 && replacement.lost == 0 && replacement.errors == 0)
    #expect(store.setAside.count == 1)
    #expect(try await store.totals() == Totals(passed: 1, forwarded: 2))
  }

  @Test("what belonged to a database that the admin removed goes at the next start, and nothing else does")
  func strayCompanions() throws {
    let folder = try TemporaryFolder()
    let stray = ["damaged-20261001T000000Z-wal", "removed-20261001T000000Z-2-shm"].map { "dedup.sqlite.\($0)" }
    let kept = ["dedup.sqlite.damaged-20261002T000000Z", "dedup.sqlite.damaged-20261002T000000Z-wal", "mine-wal"]
    for name in stray + kept { try Data("x".utf8).write(to: URL(fileURLWithPath: folder.file(name))) }
    try Shop.store(folder).close()
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path)
    #expect(kept.allSatisfy(names.contains) && !stray.contains(where: names.contains))
  }

  @Test("damage that only a question meets is seen to as well, once, and no sooner again than after a minute")
  func met() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    for round in 0..<2 {
      try await store.commit { try $0.db.execute(sql: "UPDATE fingerprint SET suppressed = -1") }
      await #expect {
        _ = try await store.fingerprints(FingerprintQuery(includesUnsuppressed: true), now: nine)
      } throws: {
        ($0 as? StoreFailure)?.kind == .corrupt
      }
      _ = try? await store.setSetting("any", "thing")
      #expect(store.setAside.count == 1, "round \(round)")
      if round == 0 { try await store.accept(Shop.report()) }
    }
  }

  @Test(
    "a database file that is removed while in use is there again, complete, with the next mail",
    arguments: [true, false])
  func removed(withCompanions: Bool) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    let first = Shop.report()
    try await store.accept(first)
    let names = ["dedup.sqlite"] + (withCompanions ? ["dedup.sqlite-wal", "dedup.sqlite-shm"] : [])
    for name in names { try FileManager.default.removeItem(atPath: folder.file(name)) }
    #expect(try await store.accept(Shop.report()).heldBack == 1)
    let told = try #require(try await store.untoldReplacements().first)
    let left = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.contains("removed-") }
    #expect(left == [])
    #expect(told.cause == .removed && told.path == nil && told.recovered == 1 && told.lost == 0 && told.errors == 1)
    #expect(store.setAside.isEmpty)
    store.close()
    let again = try Shop.store(folder)
    defer { again.close() }
    #expect(try await again.totals() == Totals(forwarded: 1, suppressed: 1))
    #expect(try await again.octets(of: first.id) != nil)
  }

  @Test("a database that is put in the place of ours while in use is set aside, and ours goes on")
  func exchanged() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    try FileManager.default.removeItem(atPath: folder.file("dedup.sqlite"))
    try Data("a backup".utf8).write(to: URL(fileURLWithPath: folder.file("dedup.sqlite")))
    #expect(try await store.accept(Shop.report()).heldBack == 1)
    let place = try #require(store.setAside.first?.path)
    #expect(try String(contentsOfFile: place, encoding: .utf8) == "a backup")
  }

  @Test("the whole directory is removed while in use: it is made again, and locked")
  func directoryRemoved() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(directory: folder.file("store"))
    defer { store.close() }
    try await store.accept(Shop.report())
    try FileManager.default.removeItem(atPath: folder.file("store"))
    #expect(try await store.accept(Shop.report()).heldBack == 1)
    #expect(throws: StoreFailure.self) { try Shop.store(directory: folder.file("store")).close() }
    try await store.accept(Shop.ordinary(octets: 2_000_000))
  }

  @Test("body files stay while a database that was set aside may refer to them")
  func bodies() async throws {
    let folder = try TemporaryFolder()
    let large = Shop.ordinary(octets: 2_000_000)
    var store = try Shop.store(folder)
    try await store.accept(large)
    store.close()
    try Damage.garbage.inflict(on: folder.file("dedup.sqlite"))
    for _ in 0..<2 {
      store = try Shop.store(folder)
      store.close()
      #expect(FileManager.default.fileExists(atPath: folder.file("bodies/\(large.id)")))
    }
    for database in store.setAside { try FileManager.default.removeItem(atPath: database.path) }
    try Shop.store(folder).close()
    #expect(!FileManager.default.fileExists(atPath: folder.file("bodies/\(large.id)")))
  }

  @Test("a replacement that a crash interrupted is finished by the next start")
  func interrupted() async throws {
    let (folder, mails) = try await Self.filled()
    try FileManager.default.moveItem(
      atPath: folder.file("dedup.sqlite"), toPath: folder.file("dedup.sqlite.fresh"))
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(try await store.queue(limit: 100).count == mails.count)
  }

  @Test("two databases of one second get names of their own; what was told is told no more")
  func names() async throws {
    let folder = try TemporaryFolder()
    for _ in 0..<2 {
      try Damage.garbage.inflict(on: folder.file("dedup.sqlite"))
      try Shop.store(folder).close()
    }
    let store = try Shop.store(folder)
    defer { store.close() }
    #expect(store.setAside.map { $0.path.suffix(2) } == ["0Z", "-2"])
    #expect(try await store.untoldReplacements().count == 1)
    let mail = Shop.bounce(of: Shop.id(at: nine))
    try await store.notify(mail, of: 1)
    #expect(try await store.untoldReplacements().isEmpty)
    #expect(try await store.queue(limit: 10).map(\.id) == [mail.id])
  }
}

/// What can happen to a file.
private enum Damage {
  case garbage
  case truncated(at: Int)
  case octets([UInt8], at: Int)
  case flip(at: Int)

  func inflict(on path: String) throws {
    let url = URL(fileURLWithPath: path)
    if case .garbage = self {
      return try Data((0..<20_000).map { UInt8(truncatingIfNeeded: $0 &* 7) }).write(to: url)
    }
    var octets = [UInt8](try Data(contentsOf: url))
    switch self {
    case .garbage: break
    case .truncated(let count): octets.removeSubrange(count...)
    case .octets(let wrong, let place): octets.replaceSubrange(place..<(place + wrong.count), with: wrong)
    case .flip(let place): for index in place..<min(place + 4, octets.count) { octets[index] ^= 0x24 }
    }
    try Data(octets).write(to: url)
  }
}

extension Submission {
  fileprivate var digest: String { judge().occurrence.map { String($0.fingerprint.dropFirst(3)) } ?? "" }
}

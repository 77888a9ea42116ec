import DedupCore
import Foundation
import GRDB
import MailMessage
import MailTestKit
import Synchronization
import Testing

@testable import DedupStore

/// Counts how often mails are judged, and remembers the threads.
private final class Judge: Sendable {
  private let threads = Mutex<[QueueID: [pthread_t]]>([:])

  /// Returns the mail with a judgement that says how often it was asked for.
  func watch(_ mail: Submission) -> Submission {
    var watched = mail
    watched.judge = { [self] in
      threads.withLock { threads in
        threads[mail.id, default: []].append(pthread_self())
        return .pass(reason: "judgement-\(threads[mail.id]?.count ?? 0)")
      }
    }
    return watched
  }

  /// The threads that judged `mail`, in order.
  func threads(of mail: Submission) -> [pthread_t] { threads.withLock { $0[mail.id] ?? [] } }
}

/// A mail is judged once, whatever the store has to do to keep it.
@Suite struct JudgingTests {
  private static let first = Judged.pass(reason: "judgement-1")
  private let folder: TemporaryFolder
  private let judge = Judge()

  init() throws { folder = try TemporaryFolder() }

  private func answer(
    of store: SQLiteStore, to mail: Submission
  ) async -> (judged: Judged, result: Result<Verdict, StoreFailure>) {
    await withCheckedContinuation { done in store.accept(mail) { done.resume(returning: ($0, $1)) } }
  }

  /// Returns the thread that commits.
  private func committing(_ store: SQLiteStore) async throws -> pthread_t {
    try await store.share(isPatient: false) { _ in pthread_self() }
  }

  @Test("the mails of a batch are judged by the thread that commits, when their turn comes")
  func together() async throws {
    let store = try Shop.store(folder)
    defer { store.close() }
    let mails = (0..<20).map { _ in judge.watch(Shop.ordinary()) }
    let (entered, gate) = (DispatchSemaphore(value: 0), DispatchSemaphore(value: 0))
    store.queue.submit(octets: 0) { _ in
      entered.signal()
      gate.wait()
    } completion: { _ in
    }
    await Task.detached { entered.wait() }.value
    let answers = mails.map { mail in Task { await answer(of: store, to: mail) } }
    #expect(mails.allSatisfy { judge.threads(of: $0).isEmpty })
    gate.signal()
    for answer in answers {
      #expect(await answer.value.judged == Self.first)
      #expect(await answer.value.result.verdict == .forward(.pass("judgement-1"), nil))
    }
    let committing = try await committing(store)
    #expect(mails.allSatisfy { judge.threads(of: $0) == [committing] })
  }

  @Test("a mail whose batch failed is not judged again when it is tried alone")
  func alone() async throws {
    let store = try Shop.store(folder)
    defer { store.close() }
    let tries = Atomic(0)
    let mails = (0..<3).map { _ in judge.watch(Shop.ordinary()) }
    let answers = await store.acceptTogether(mails) {
      store.queue.submit(octets: 0) { _ in
        tries.add(1, ordering: .relaxed)
        throw StoreFailure(.other, "a bad job")
      } completion: { (_: Result<Void, StoreFailure>) in
      }
    }
    #expect(answers.allSatisfy { $0.failure == nil })
    let committing = try await committing(store)
    #expect(tries.load(ordering: .relaxed) == 2, "with the mails, and alone")
    #expect(mails.allSatisfy { judge.threads(of: $0) == [committing] })
  }

  @Test("a mail that met a database that was removed is not judged again for the one that replaces it")
  func replaced() async throws {
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.ordinary())
    for name in ["dedup.sqlite", "dedup.sqlite-wal", "dedup.sqlite-shm"] {
      try FileManager.default.removeItem(atPath: folder.file(name))
    }
    let mail = judge.watch(Shop.ordinary())
    let (judged, result) = await answer(of: store, to: mail)
    #expect(judged == Self.first && result.failure == nil)
    #expect(judge.threads(of: mail) == [try await committing(store)])
    #expect(try await store.untoldReplacements().count == 1)
  }

  @Test("a failure comes with the judgement: of a locked database, an unwritable file, and a closed store")
  func failures() async throws {
    var limits = StoreLimits()
    limits.inlineOctets = 1000
    limits.busyTimeout = .milliseconds(10)
    let store = try Shop.store(folder, limits: limits)
    try await store.accept(Shop.ordinary())
    // The transaction meets a lock, and the preparation a file in place of the folder for large messages.
    var configuration = Configuration()
    configuration.allowsUnsafeTransactions = true
    let other = try DatabaseQueue(path: folder.file("dedup.sqlite"), configuration: configuration)
    try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
    try FileManager.default.removeItem(atPath: folder.file("bodies"))
    try Data().write(to: URL(filePath: folder.file("bodies")))
    func fails(_ mail: Submission, _ kind: StoreFailure.Kind) async {
      let mail = judge.watch(mail)
      let (judged, result) = await answer(of: store, to: mail)
      #expect(judged == Self.first && result.failure?.kind == kind)
      #expect(judge.threads(of: mail).count == 1)
    }
    await fails(Shop.ordinary(), .locked)
    await fails(Shop.ordinary(octets: 5000), .other)
    try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
    store.close()
    await fails(Shop.ordinary(), .closed)
    await fails(Shop.ordinary(octets: 5000), .closed)
  }

  @Test("a large mail with a file is judged once as well, and so is one that comes from the emergency spool")
  func withFile() async throws {
    var limits = StoreLimits()
    limits.inlineOctets = 1000
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    let mail = judge.watch(Shop.ordinary(octets: 5000))
    #expect(await answer(of: store, to: mail).judged == Self.first)
    #expect(judge.threads(of: mail).count == 1)
    let spooled = judge.watch(Shop.ordinary())
    for isNew in [true, false] {
      let verdict = try await store.importSpooled(spooled, transactions: [])
      #expect((verdict != nil) == isNew)
      #expect(judge.threads(of: spooled).count == 1, "a mail that is there already is not judged")
    }
  }
}

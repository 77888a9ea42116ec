import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Synchronization
import Testing

@testable import DedupStore

@Suite("What one batch leaves to the next")
struct BatchMemoryTests {
  /// Somebody who changes what the windows stand on.
  struct Change: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// The reason for what becomes of the next mail.
    let reason: String
    let make: @Sendable (SQLiteStore, TemporaryFolder) async throws -> Void

    init(
      _ description: String, _ reason: String,
      _ make: @escaping @Sendable (SQLiteStore, TemporaryFolder) async throws -> Void
    ) {
      (testDescription, self.reason, self.make) = (description, reason, make)
    }

    static let all = [
      Change("nobody", "inside-window") { _, _ in },
      Change("an admin who silences", "silenced") { store, _ in
        _ = try await store.silence(
          Silence(
            createdAt: nine, author: "ann", reason: "known", scope: .error(try await row(store)), end: .whenResolved))
      },
      Change("an admin who resolves", "regression") { store, _ in
        try await store.resolve([try await row(store)], at: nine + .minutes(2))
      },
      Change("an admin who wants the next mail", "requested") { store, _ in
        try await store.passNext([try await row(store)])
      },
      Change("an admin who splits", "first") { store, _ in
        for name in ["x", "y"] { try await store.accept(Shop.variant(name, at: nine + .minutes(2))) }
        #expect(try await store.split(try await row(store)) == .byVariant)
      },
      Change("a next hop that rejects the mail of the window", "last-one-rejected") { store, _ in
        let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
        let entry = try #require(try await store.queue(limit: 1).first)
        try await store.attempt(entry.id, at: nine + .minutes(2), [gone, gone])
      },
      Change("our own connection between two batches", "first") { store, _ in
        try store.writer.outsideTransaction { try $0.execute(sql: "DELETE FROM fingerprint") }
      },
      Change("somebody with another connection", "last-one-rejected") { _, folder in
        let other = try DatabaseQueue(path: folder.file("dedup.sqlite"))
        try await other.write { try $0.execute(sql: "UPDATE fingerprint SET window_start = NULL") }
        try other.close()
      },
    ]

    private static func row(_ store: SQLiteStore) async throws -> Int64 {
      try #require(try await store.errors(idPrefix: "aaaa", site: nil).first).row
    }
  }

  @Test("a mail behind a change meets what a store meets that was opened since", arguments: Change.all)
  func changes(_ change: Change) async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for minute in 0..<2 {
      try await store.accept(Shop.report(at: nine + .minutes(minute)))
      // The explanation makes the next batch read anew, and comes at any time.
      store.explainer.finish()
    }
    #expect(try await Self.known(store) == 1, "without it the test shows nothing")
    try await change.make(store, folder)
    let opened = try Shop.store(try folder.copyAsAfterCrash())
    defer { opened.close() }
    let next = Shop.report(at: nine + .minutes(3))
    let verdict = try await store.accept(next)
    #expect(verdict.reason == change.reason)
    #expect(try await opened.accept(next) == verdict)
  }

  @Test("what a batch that failed knew is forgotten, and its mails are counted once")
  func failure() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    try await store.accept(Shop.report())
    await withCheckedContinuation { done in
      store.queue.submit(octets: 0) { batch in
        _ = try batch.accept(Shop.report(at: nine + .minutes(1)))
        throw StoreFailure(.other, "no")
      } completion: { (_: Result<Void, StoreFailure>) in
        done.resume()
      }
    }
    #expect(try await Self.known(store) == 0)
    let verdict = try await store.accept(Shop.report(at: nine + .minutes(2)))
    #expect(verdict == .suppress(.insideWindow, RunningCount(heldBack: 1, total: 2, since: nine)))
  }

  @Test("an error is explained once, however many mails of it come")
  func explained() async throws {
    let folder = try TemporaryFolder()
    let explanations = Atomic(0)
    let store = try Shop.store(folder) { _, _ in "explanation \(explanations.add(1, ordering: .relaxed).newValue)" }
    try await store.accept(Shop.report())
    for second in 1...5 {
      // Until it is stored, the next mail may ask for it again.
      store.explainer.finish()
      try await store.accept(Shop.report(at: nine + .seconds(second)))
    }
    store.close()
    #expect(explanations.load(ordering: .relaxed) == 1)
  }

  @Test("what is known is bounded: of very many errors none stays in memory")
  func bounded() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    for count in [200, 201] {
      // What explains an error makes the next batch read anew, and not all of so many are explained at once.
      // On a busy machine retention may look as well, once a second.
      let expected = count > 200 ? 0 : 200
      for second in 0..<60 {
        let isKnown = try await Self.known(store) == expected
        if second >= 6, isKnown { break }
        store.explainer.finish()
        _ = await store.acceptTogether((0..<count).map { Shop.report("\($0)", at: nine + .seconds(second)) })
      }
      #expect(try await Self.known(store) == expected)
    }
  }

  @Test("so are the mails that a site without a cap sends")
  func uncapped() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy(length: .zero)
    policy.hourlyForwards = 0
    store.setPolicy(policy)
    for count in [400, 800] {
      _ = await store.acceptTogether((0..<count).map { _ in Shop.report() })
      store.explainer.finish()
      try await store.accept(Shop.report())
      let known = try await Self.known(store)
      #expect(known == (count == 400 ? 1 : 0), "after \(count)")
    }
  }

  /// How many errors the next batch knows before it reads any.
  private static func known(_ store: SQLiteStore) async throws -> Int {
    try await withCheckedContinuation { done in
      store.queue.submit(octets: 0) {
        $0.windows.errors
      } completion: {
        done.resume(returning: $0)
      }
    }.get()
  }
}

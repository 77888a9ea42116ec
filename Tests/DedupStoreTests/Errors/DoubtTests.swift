import DedupCore
import GRDB
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

/// A visitor of a site may cause doubts as he likes (finds V4 and R3).
@Suite("Doubts are bounded") struct DoubtTests {
  private static func doubt(
    _ reason: String = "odd", type: String? = nil, place: String? = nil, at time: Timestamp = nine, octets: Int = 0,
    subject: String = "Hi"
  ) -> Submission {
    var mail = Shop.mail(
      .doubt(DoubtfulReport(reason: reason, type: type, place: place)), at: time, octets: octets)
    mail.message = Message(Array("Subject: \(subject)\r\n".utf8) + mail.message.head.dropFirst(13))
    return mail
  }

  private static func store(
    _ folder: TemporaryFolder, hasReports: Bool = true, _ change: (inout WindowPolicy) -> Void = { _ in }
  ) async throws -> SQLiteStore {
    let store = try Shop.store(folder)
    var policy = WindowPolicy()
    change(&policy)
    store.setPolicy(policy)
    if hasReports { try await store.accept(Shop.report()) }
    return store
  }

  private static func purge(_ store: SQLiteStore, at now: Timestamp) throws {
    let purge = Purge(Retention(), windowLength: .hours(1), now: now)
    try store.writer.pool.writeWithoutTransaction { db in while try purge.step(db) {} }
  }

  private static func digests(_ store: SQLiteStore) async throws -> [String] {
    var texts: [String] = []
    for entry in try await store.queue(limit: 2000) where entry.kind == .notice {
      texts.append(String(decoding: try #require(try await store.octets(of: entry.id)), as: UTF8.self))
    }
    return texts
  }

  @Test("V4: 500 requests that make every report a doubt are ten mails and a digest, and none is lost")
  func flood() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder)
    defer { store.close() }
    let verdicts = await store.acceptTogether((0..<500).map { _ in Self.doubt("ambiguous-report") })
    #expect(verdicts.count { $0.verdict?.reason == "doubt/ambiguous-report" } == 10)
    #expect(verdicts.count { $0.verdict?.reason == "doubt-flood" } == 490)
    #expect(verdicts.last?.verdict?.heldBack == 490)
    #expect(try await store.totals() == Totals(doubtful: 10, forwarded: 1, suppressed: 490))
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(4)) == .minutes(1))
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(5)) == nil)
    let digests = try await Self.digests(store)
    let subject = "Subject: [MailDedup] 490 unclear mails held back: ambiguous-report"
    #expect(digests.count == 1 && digests[0].contains(subject))
    #expect(digests[0].contains("480 of them are not kept any more"))
    // The next window.
    #expect(try await store.accept(Self.doubt("ambiguous-report", at: nine + .minutes(61))).isForward)
  }

  @Test("V4: doubts do not use up the storm cap of a new outage, nor the other way round")
  func ownCap() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder)
    defer { store.close() }
    let kinds = (0..<200).map { Self.doubt("odd", place: "shop/views.py in view\($0)") }
    let verdicts = await store.acceptTogether(kinds)
    #expect(verdicts.count { $0.verdict?.isForward == true } == WindowSettings().hourlyForwards)
    #expect(try await store.accept(Shop.report("outage")).reason == "first")
    // Of so many keys one counts for most.
    let keys = try await store.commit { try Int.fetchOne($0.db, sql: "SELECT COUNT(*) FROM doubt") }
    #expect(keys == DoubtKey.mostOfEnvelope + 2)
  }

  @Test("R3: a doubt costs the same whatever the number of sites, and uses up the cap of none")
  func manySites() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder)
    defer { store.close() }
    try await store.commit { batch in
      try batch.db.execute(
        sql: """
          WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300)
          INSERT INTO site (key, name, sender, recipients, envelope)
          SELECT 'k' || i, 'n', sender, recipients, envelope FROM n, site WHERE site.id = 1
          """)
    }
    func changes(_ mail: Submission) async throws -> Int {
      let before = try await store.commit { $0.db.totalChangesCount }
      try await store.accept(mail)
      return try await store.commit { $0.db.totalChangesCount } - before
    }
    // An idle moment between two commits may tidy up, so the least of some counts.
    var least = Int.max
    for _ in 0..<4 { least = min(least, try await changes(Self.doubt())) }
    #expect(least < 40)
    #expect(try await store.commit { try Int.fetchOne($0.db, sql: "SELECT COUNT(*) FROM sent") } == 1)
  }

  @Test("where no certain report came from, each doubt goes out, and nothing is counted")
  func unknownEnvelope() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder, hasReports: false)
    defer { store.close() }
    let verdicts = await store.acceptTogether((0..<40).map { _ in Self.doubt() })
    #expect(verdicts.allSatisfy { $0.verdict?.isForward == true })
    #expect(try await store.commit { try Int.fetchOne($0.db, sql: "SELECT COUNT(*) FROM doubt") } == 0)
  }

  @Test(
    "an admin who wants all of them gets all of them",
    arguments: [(0, Duration.hours(1), WindowSettings.Mode.dedup), (10, .zero, .dedup), (10, .hours(1), .pass)])
  func unbounded(_ doubts: Int, _ length: Duration, _ mode: WindowSettings.Mode) async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { ($0.doubts, $0.length, $0.mode) = (doubts, length, mode) }
    defer { store.close() }
    let verdicts = await store.acceptTogether((0..<50).map { _ in Self.doubt() })
    #expect(verdicts.allSatisfy { $0.verdict?.isForward == true })
  }

  @Test("a digest names each key once, what was never told first, five Subjects at most")
  func digest() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    for number in 0..<8 { try await store.accept(Self.doubt("old", subject: "Old \(number)")) }
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(5)) == nil)
    let later = nine + .minutes(6)
    for number in 0..<20 { try await store.accept(Self.doubt("old", at: later, subject: "Old \(number)")) }
    for number in 0..<3 {
      try await store.accept(
        Self.doubt("new", type: "KeyError", place: "shop/cart.py in add", at: later, subject: "New \(number)"))
    }
    #expect(try await store.tellWhatIsDue(now: later + .minutes(5)) == nil)
    let text = try #require(try await Self.digests(store).last)
    let lines = text.split(separator: "\r\n").map(String.init)
    let titles = lines.filter { $0.hasPrefix("1. ") || $0.hasPrefix("2. ") }
    #expect(titles == ["1. NEW KeyError at shop/cart.py in add (new)", "2. old"])
    #expect(lines.count { $0.contains(" Old ") } == 5 && lines.count { $0.contains(" New ") } == 2)
    #expect(text.contains("2 mails held back, 3 since") && text.contains("20 mails held back, 28 since"))
  }

  @Test("what is held back can be listed, read, released and deleted, and waits for nothing meanwhile")
  func release() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    let mails = (0..<3).map { Self.doubt(subject: "Number \($0)") }
    for mail in mails { try await store.accept(mail) }
    let status = try await store.queueStatus()
    #expect(status.waiting == 2 && status.held == 0 && status.doubts == 2)
    #expect(try await store.due(now: nine, limit: 10).map(\.id).contains(mails[1].id) == false)
    let held = try await store.queue(QueueFilter(state: .held, limit: 10))
    #expect(held.map(\.id) == [mails[1].id, mails[2].id])
    #expect(try await store.change(.release, .ids([mails[1].id]), now: nine) == [mails[1].id])
    #expect(try await store.due(now: nine, limit: 10).map(\.id).contains(mails[1].id))
    let text = String(decoding: try #require(try await store.octets(of: mails[1].id)), as: UTF8.self)
    #expect(text.contains("X-MailDedup-Reason: doubt/odd\r\nSubject: Number 1\r\n"))
    #expect(try await store.change(.delete, .ids([mails[2].id]), now: nine) == [mails[2].id])
    #expect(try await store.queueStatus().doubts == 0)
  }

  @Test("Subjects that begin alike are told by their ends, also of large mails", arguments: [false, true])
  func subjectsOfDigest(areLarge: Bool) async throws {
    let folder = try TemporaryFolder()
    var limits = StoreLimits()
    (limits.inlineOctets, limits.reservedOctets) = (1000, 0)
    let store = try Shop.store(folder, limits: limits)
    defer { store.close() }
    try await store.accept(Shop.report())
    for number in 0..<13 {
      var mail = Self.doubt("text-too-large", at: nine + .seconds(number))
      let subject = "[Shop] ERROR (EXTERNAL IP): Internal Server Error: /cart/\(number)/"
      let octets = Array("Subject: \(subject)\r\n\r\n".utf8) + [UInt8](repeating: 0x78, count: 2000)
      mail.message = areLarge ? try Self.onDisk(octets, store) : Message(octets)
      #expect((mail.message.tail != nil) == areLarge)
      try await store.accept(mail)
    }
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(6)) == nil)
    let text = try #require(try await Self.digests(store).last)
    for number in 10..<13 { #expect(text.contains(" =E2=80=A6/cart/\(number)/\r\n")) }
  }

  private static func onDisk(_ octets: [UInt8], _ store: SQLiteStore) throws -> Message {
    let growing = store.largeMessages.begin()
    try growing.append(octets)
    return try growing.finish()
  }

  @Test("counts, what is kept and what waits for a digest survive a crash")
  func crash() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder)
    defer { store.close() }
    _ = await store.acceptTogether((0..<15).map { _ in Self.doubt() })
    let crashed = try folder.copyAsAfterCrash()
    let reopened = try Shop.store(crashed)
    defer { reopened.close() }
    #expect(try await reopened.accept(Self.doubt()).heldBack == 6)
    #expect(try await reopened.totals() == Totals(doubtful: 10, forwarded: 1, suppressed: 6))
    #expect(try await reopened.queueStatus().doubts == 6)
    _ = try await reopened.tellWhatIsDue(now: nine + .minutes(5))
    #expect(try await Self.digests(reopened).first?.contains("6 unclear mails held back") == true)
  }

  @Test("ten mails of a key are kept, large ones in their files, and the oldest go with theirs")
  func kept() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    for _ in 0..<14 { try await store.accept(Self.doubt()) }
    #expect(try await store.queueStatus().doubts == DoubtTable.mostMails)
    for _ in 0..<5 { try await store.accept(Self.doubt("large", octets: 3 << 20)) }
    #expect(try await store.queueStatus().doubts == DoubtTable.mostMails + 2)
    // One that went out and the two that are kept.
    #expect(try SyncedFile.names(in: folder.file("bodies")).count == 3)
    let dropped = try await store.commit {
      try Int.fetchOne($0.db, sql: "SELECT SUM(number) FROM dropped WHERE what = 'doubts'")
    }
    #expect(dropped == 3 + 2)
  }

  @Test("what a rejected digest told is told again")
  func rejected() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Self.doubt()) }
    _ = try await store.tellWhatIsDue(now: nine + .minutes(5))
    let digest = try #require(try await store.queue(limit: 10).last { $0.kind == .notice })
    let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    try await store.attempt(digest.id, at: nine + .minutes(6), [gone, gone])
    #expect(try await store.tellWhatIsDue(now: nine + .minutes(7)) == .minutes(9))
    _ = try await store.tellWhatIsDue(now: nine + .minutes(16))
    #expect(try await Self.digests(store).first?.contains("2 unclear mails held back") == true)
  }

  @Test("digests that are rejected one after the other come ever more rarely: four within two hours, not one a round")
  func rejectedAgain() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Self.doubt()) }
    let gone = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    var digests = 0
    for minute in 0..<120 {
      _ = try await store.tellWhatIsDue(now: nine + .minutes(minute))
      for digest in try await store.queue(limit: 10) where digest.kind == .notice {
        digests += 1
        try await store.attempt(digest.id, at: nine + .minutes(minute), [gone, gone])
      }
    }
    #expect(digests == 4)
  }

  @Test("kept doubts go when they are as old as samples may be, and their keys later")
  func retention() async throws {
    let folder = try TemporaryFolder()
    let store = try await Self.store(folder) { $0.doubts = 1 }
    defer { store.close() }
    for _ in 0..<3 { try await store.accept(Self.doubt()) }
    _ = try await store.tellWhatIsDue(now: nine + .minutes(5))
    func left(_ days: Int) async throws -> [Int] {
      try Self.purge(store, at: nine + .hours(24 * days))
      return try await store.commit { batch in
        try ["doubt", "entry WHERE aside = 2"].map { table in
          try Int.fetchOne(batch.db, sql: "SELECT COUNT(*) FROM \(table)") ?? -1
        }
      }
    }
    #expect(try await left(29) == [2, 2])
    #expect(try await left(91) == [0, 0])
  }
}

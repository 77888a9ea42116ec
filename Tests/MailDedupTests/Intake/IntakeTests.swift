import DedupCore
import DedupStore
import MailMessage
import MailTestKit
import SMTPProtocol
import Synchronization
import Testing

@testable import MailDedup

/// A store that judges like the real one, answers what it is told to, and remembers what it was given.
private final class ScriptedStore: MailStore {
  let result: Result<Verdict, StoreFailure>
  let submissions = Mutex<[Submission]>([])
  let judged = Mutex<[Judged]>([])
  /// The number of reports without a list of packages that were judged so far.
  let reports = Atomic(0)
  /// What `reports` was when each mail came.
  let reportsBefore = Mutex<[Int]>([])

  init(_ result: Result<Verdict, StoreFailure>) { self.result = result }

  func accept(
    _ submission: Submission, completion: @escaping @Sendable (Judged, Result<Verdict, StoreFailure>) -> Void
  ) {
    submissions.withLock { $0.append(submission) }
    reportsBefore.withLock { $0.append(reports.load(ordering: .relaxed)) }
    let judged = submission.judge()
    self.judged.withLock { $0.append(judged) }
    completion(judged, result)
  }

  func packages(of envelope: Envelope) -> [String] {
    reports.add(1, ordering: .relaxed)
    return []
  }
}

/// Stands in for a message that waits in a file.
private final class MemoryFile: OctetFile {
  let octets: [UInt8]

  init(octets: [UInt8]) { self.octets = octets }

  var count: Int { octets.count }
  var message: Message { Message([], tail: FileSlice(self, count: count, isEightBit: false)) }

  func read(at offset: Int, count: Int) -> [UInt8] { Array(octets[offset..<offset + count]) }
}

private let transaction = Transaction(
  client: .init(address: "127.0.0.1", helo: "web1", transmission: "ESMTP", session: "s1"),
  envelope: Envelope(
    sender: EmailAddress("django@shop.example"), recipients: [EmailAddress("customer@example.org")]),
  message: Message(Array("Subject: Your order\r\n\r\nThank you.\r\n".utf8)))

/// For tests in which the store never fails.
private var unusedNet: SafetyNet {
  SafetyNet(
    spool: EmergencySpool(directory: "/dev/null/never"),
    destinations: FixedTransport(outcome: .deferred(reason: "never")).destinations,
    logger: .quiet)
}

private func handle(_ transaction: Transaction, _ store: ScriptedStore) -> Reply? {
  let intake = Intake(store: store, safetyNet: unusedNet, hostname: "relay.example", logger: .quiet)
  let replies = Mutex<[Reply]>([])
  intake.handle(transaction) { reply in replies.withLock { $0.append(reply) } }
  let all = replies.withLock { $0 }
  return all.count == 1 ? all[0] : nil
}

@Suite struct IntakeTests {
  private static let count = RunningCount(heldBack: 41, total: 42, since: Timestamp(seconds: 0))

  @Test(
    "the reply says what became of the mail that the store made durable",
    arguments: [
      (Result<Verdict, StoreFailure>.success(.forward(.first, Self.count)), 250, "queued as "),
      (.success(.suppress(.insideWindow, Self.count)), 250, "41 held back"),
    ])
  func replies(result: Result<Verdict, StoreFailure>, code: Int, words: String) throws {
    let reply = try #require(handle(transaction, ScriptedStore(result)))
    #expect(reply.code == code)
    #expect(reply.lines.joined().contains(words))
  }

  @Test("ordinary mail reaches the store as it came, with one Received field that names client, host and recipient")
  func ordinaryMail() throws {
    let store = ScriptedStore(.success(.forward(.pass("no-report-structure"), nil)))
    _ = handle(transaction, store)
    let submission = try #require(store.submissions.withLock { $0.first })
    #expect(submission.message == transaction.message)
    #expect(submission.envelope == transaction.envelope)
    let received = String(decoding: submission.received(), as: UTF8.self)
    for part in ["Received: from web1 ", "127.0.0.1", "by relay.example", "id \(submission.id)", "for <customer@"] {
      #expect(received.contains(part), "no \(part) in \(received)")
    }
    #expect(store.judged.withLock { $0 } == [.pass(reason: "no-report-structure")])
  }

  /// A report of cron, which lists no packages, with `octets` of output before its traceback.
  private static func report(octets: Int) -> [UInt8] {
    let output = String(repeating: String(repeating: "x", count: 70) + "\r\n", count: octets / 72)
    return Array(
      """
      From: root@web1 (Cron Daemon)\r
      Subject: Cron <shop@web1> ./manage.py send_queue\r
      X-Cron-Env: <LOGNAME=shop>\r
      \r
      \(output)Traceback (most recent call last):\r
        File "/srv/shop/orders/mail.py", line 17, in send\r
          connection.open()\r
      ConnectionRefusedError: [Errno 111] Connection refused\r

      """.utf8)
  }

  @Test(
    "small mail is judged when the store asks, large mail before it is handed to the store, each once",
    arguments: [
      (octets: 0, isInFile: false, isJudgedBefore: false, "a small one, by the thread that commits"),
      (100_000, false, true, "a large one in memory"), (100_000, true, true, "a large one in a file"),
    ])
  func judgedOnce(octets: Int, isInFile: Bool, isJudgedBefore: Bool, which: Comment) async {
    let store = ScriptedStore(.success(.forward(.first, Self.count)))
    let intake = Intake(store: store, safetyNet: unusedNet, hostname: "relay.example", logger: .quiet)
    var report = transaction
    report.message = Message(Self.report(octets: octets))
    if isInFile { report.message = MemoryFile(octets: report.message.head).message }
    for _ in 1...2 {
      let reply = await withCheckedContinuation { done in intake.handle(report) { done.resume(returning: $0) } }
      #expect(reply.code == 250, which)
    }
    #expect(store.judged.withLock { $0.allSatisfy { $0.occurrence != nil } }, which)
    #expect(store.reportsBefore.withLock { $0 } == (isJudgedBefore ? [1, 2] : [0, 1]), which)
    #expect(store.reports.load(ordering: .relaxed) == 2, which)
  }

  @Test("a mail that the store could not take is not judged again: the net counts it by what the store found")
  func judgedOnceForTheNet() async throws {
    let folder = try TemporaryFolder()
    let hop = RecordingTransport("hop:25")
    let net = SafetyNet(
      spool: EmergencySpool(directory: "/dev/null/spool"),
      counting: DiskFullCounting(
        reserve: try CountReserve(directory: folder.path), policy: { WindowPolicy() }, logger: .quiet),
      destinations: Live(Destinations(hop)), logger: .quiet)
    let store = ScriptedStore(.failure(StoreFailure(.diskFull, "no space")))
    let intake = Intake(store: store, safetyNet: net, hostname: "relay.example", logger: .quiet)
    var report = transaction
    report.message = Message(Self.report(octets: 0))
    for words in ["sent on", "counted as"] {
      let reply = await withCheckedContinuation { done in intake.handle(report) { done.resume(returning: $0) } }
      #expect(reply.code == 250 && reply.lines.joined().contains(words))
    }
    #expect(hop.envelopes.count == 1 && net.counts == SafetyNet.Counts(cutThrough: 1, counted: 1))
    #expect(store.reports.load(ordering: .relaxed) == 2)
  }

  @Test("two mails of the same millisecond get different ids")
  func ids() {
    let store = ScriptedStore(.success(.forward(.first, Self.count)))
    let intake = Intake(store: store, safetyNet: unusedNet, hostname: "relay.example", logger: .quiet)
    for _ in 0..<100 { intake.handle(transaction) { _ in } }
    #expect(Set(store.submissions.withLock { $0 }.map(\.id)).count == 100)
  }
}

import DedupCore
import DedupStore
import MailMessage
import MailTestKit
import SMTPProtocol
import Synchronization
import Testing

@testable import MailDedup

/// A store that answers what it is told to, and remembers what it was given.
private final class ScriptedStore: MailStore {
  let result: Result<Verdict, StoreFailure>
  let submissions = Mutex<[Submission]>([])

  init(_ result: Result<Verdict, StoreFailure>) { self.result = result }

  func accept(_ submission: Submission, completion: @escaping @Sendable (Result<Verdict, StoreFailure>) -> Void) {
    submissions.withLock { $0.append(submission) }
    completion(result)
  }

  func packages(of envelope: Envelope) -> [String] { [] }
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
    let received = String(decoding: submission.received, as: UTF8.self)
    for part in ["Received: from web1 ", "127.0.0.1", "by relay.example", "id \(submission.id)", "for <customer@"] {
      #expect(received.contains(part), "no \(part) in \(received)")
    }
    guard case .pass = submission.judged else { Issue.record("judged \(submission.judged)"); return }
  }

  @Test("two mails of the same millisecond get different ids")
  func ids() {
    let store = ScriptedStore(.success(.forward(.first, Self.count)))
    let intake = Intake(store: store, safetyNet: unusedNet, hostname: "relay.example", logger: .quiet)
    for _ in 0..<100 { intake.handle(transaction) { _ in } }
    #expect(Set(store.submissions.withLock { $0 }.map(\.id)).count == 100)
  }
}

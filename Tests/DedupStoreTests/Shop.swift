import DedupCore
import Foundation
import MailMessage
import MailTestKit
import Synchronization

@testable import DedupStore

extension TemporaryFolder {
  /// What a `kill -9` would leave: the files as they are while the store is open, without the shared memory.
  func copyAsAfterCrash() throws -> TemporaryFolder {
    let copy = try TemporaryFolder()
    for name in try FileManager.default.contentsOfDirectory(atPath: path) where !name.hasSuffix("-shm") {
      try FileManager.default.copyItem(atPath: file(name), toPath: copy.file(name))
    }
    return copy
  }
}

/// 2025-10-09T09:00:00Z, the first moment of an hour.
let nine = Timestamp(seconds: 1_760_000_400)

extension Timestamp {
  static func + (time: Timestamp, duration: Duration) -> Timestamp { time.advanced(by: duration) }
}

extension Duration {
  static func minutes(_ count: Int) -> Duration { .seconds(60 * count) }
  static func hours(_ count: Int) -> Duration { .seconds(3600 * count) }
}

/// Makes the mails of a web shop.
enum Shop {
  private static let lastSalt = Atomic<UInt32>(0)

  static let envelope = Envelope(
    sender: EmailAddress("root@shop.example"),
    recipients: [EmailAddress("ann@example.org"), EmailAddress("bob@example.org")])
  static let site = Site(settingsModule: "shop.settings", subjectPrefix: "[Shop]", envelope: envelope)
  static let received = Array("Received: from shop.example\r\n".utf8)

  static func id(at time: Timestamp) -> QueueID {
    QueueID(at: time, salt: lastSalt.add(1, ordering: .relaxed).newValue)
  }

  static func mail(
    _ judged: Judged, at time: Timestamp = nine, text: String = "Out of slots.\r\n", octets: Int = 0,
    envelope: Envelope = envelope
  ) -> Submission {
    let padding = String(repeating: "x", count: max(0, octets - text.utf8.count - 16))
    return Submission(
      id: id(at: time), receivedAt: time, envelope: envelope, received: { received },
      message: Message(Array("Subject: Hi\r\n\r\n\(text)\(padding)".utf8)), judge: { judged })
  }

  static func report(
    _ digest: String = "aaaa1111", at time: Timestamp = nine, text: String = "Out of slots.\r\n", octets: Int = 0,
    site: Site = site
  ) -> Submission {
    mail(.report(occurrence(digest, site)), at: time, text: text, octets: octets)
  }

  static func ordinary(at time: Timestamp = nine, octets: Int = 0) -> Submission {
    mail(.pass(reason: "no-error"), at: time, octets: octets)
  }

  static func occurrence(_ digest: String, _ site: Site = site) -> Occurrence {
    Occurrence(site: site, fingerprint: "v1:\(digest)", variant: "", title: "Error \(digest)", place: "shop/views.py")
  }

  static func bounce(of id: QueueID, octets: Int = 10) -> OwnMail {
    OwnMail(
      id: Shop.id(at: id.time), envelope: Envelope(sender: .null, recipients: [EmailAddress("root@shop.example")]),
      message: [UInt8](repeating: 0x62, count: octets), kind: .bounce)
  }

  /// What an attempt of a report at nine means that did `outcomes`.
  static func settlement(of id: QueueID, _ recipients: [EmailAddress], _ outcomes: [DeliveryOutcome]) -> Settlement {
    let entry = QueueEntry(
      id: id, sender: envelope.sender, recipients: recipients, body: .unspecified, usesSMTPUTF8: false, size: 1,
      queuedAt: nine, attempts: 0, nextAttempt: nine, lastFailure: nil, kind: .report, delayNotified: false)
    return RetryPolicy().settle(
      entry, DeliveryAttempt(entry: id, at: nine, outcomes: outcomes, nextHop: "test"), random: 0)
  }

  static func store(
    _ folder: TemporaryFolder, limits: StoreLimits = StoreLimits(),
    explain: @escaping @Sendable ([UInt8], [String]) -> String = { _, _ in "" }
  ) throws(StoreFailure) -> SQLiteStore {
    try store(directory: folder.path, limits: limits, explain: explain)
  }

  static func store(
    directory: String, limits: StoreLimits = StoreLimits(),
    explain: @escaping @Sendable ([UInt8], [String]) -> String = { _, _ in "" }
  ) throws(StoreFailure) -> SQLiteStore {
    try SQLiteStore(
      directory: directory, policy: WindowPolicy(), explain: explain, logger: .quiet, limits: limits,
      now: { nine })
  }
}

extension SQLiteStore {
  /// Accepts and waits for the answer.
  @discardableResult
  func accept(_ submission: Submission) async throws -> Verdict {
    try await withCheckedContinuation { continuation in
      accept(submission) { continuation.resume(returning: $1) }
    }.get()
  }

  /// Makes all of `submissions` wait until they share one batch, and returns their answers in order.
  ///
  /// - Parameter andThen: adds more to the batch.
  func acceptTogether(
    _ submissions: [Submission], andThen: () -> Void = {}
  ) async -> [Result<Verdict, StoreFailure>] {
    let answers = Answers(submissions.count)
    let gate = DispatchSemaphore(value: 0)
    await withCheckedContinuation { entered in
      queue.submit(octets: 0) { _ in
        entered.resume()
        gate.wait()
      } completion: { _ in
      }
    }
    return await withCheckedContinuation { continuation in
      for (index, submission) in submissions.enumerated() {
        accept(submission) { _, result in
          if let all = answers.put(result, at: index) { continuation.resume(returning: all) }
        }
      }
      andThen()
      gate.signal()
    }
  }

  /// The settlement of an attempt that did what `fates` says for each recipient, in order.
  func attempt(
    _ id: QueueID, at time: Timestamp, _ fates: [DeliveryOutcome], bounce: OwnMail? = nil
  ) async throws {
    guard let entry = try await queue(limit: 1000).first(where: { $0.id == id }) else { throw Missing() }
    let attempt = DeliveryAttempt(entry: id, at: time, outcomes: fates, nextHop: "test")
    try await settle(RetryPolicy().settle(entry, attempt, random: 0), bounce: bounce)
  }
}

struct Missing: Error {}

extension Batch {
  /// Judges a small mail and decides about it.
  func accept(_ submission: Submission) throws -> Verdict {
    try accept(submission, submission.judge(), file: nil)
  }
}

/// Collects answers that arrive on other threads.
final class Answers: Sendable {
  private let results: Mutex<[Result<Verdict, StoreFailure>?]>

  init(_ count: Int) { results = Mutex(Array(repeating: nil, count: count)) }

  /// All of them, once the last one is there.
  func put(_ result: Result<Verdict, StoreFailure>, at index: Int) -> [Result<Verdict, StoreFailure>]? {
    results.withLock { results in
      results[index] = result
      let known = results.compactMap { $0 }
      return known.count == results.count ? known : nil
    }
  }
}

extension Verdict {
  var heldBack: Int? {
    switch self {
    case .forward(_, let count): count?.heldBack
    case .suppress(_, let count): count.heldBack
    }
  }
}

extension Result<Verdict, StoreFailure> {
  var failure: StoreFailure? { if case .failure(let failure) = self { failure } else { nil } }
  var verdict: Verdict? { try? get() }
}

extension SQLiteStore {
  /// Does all the work of idle moments.
  func tidyAll() throws {
    var committer = Committer(writer, .quiet)
    while try committer.tidyStep() {}
  }

  /// All that is to be delivered for an entry.
  func octets(of id: QueueID) async throws -> [UInt8]? { try await message(of: id)?.octets() }
}

extension SQLiteStore {
  func facts(from: Timestamp, to: Timestamp, sites: Set<Int64>? = nil, listed: Int = 100) async throws -> SummaryFacts {
    try await summaryFacts(SummaryQuery(SummaryPeriod(from: from, to: to), sites: sites, listed: listed))
  }
}

extension SQLiteStore {
  /// The entries that are due, without their messages.
  func due(now: Timestamp, limit: Int, excluding: Set<QueueID> = []) async throws(StoreFailure) -> [QueueEntry] {
    try await due(now: now, limit: limit, octets: 0, excluding: excluding).entries
  }

  func nextDue(excluding: Set<QueueID> = []) async throws(StoreFailure) -> Timestamp? {
    try await reader.due(now: nine, limit: 0, octets: 0, excluding: excluding).mail.next
  }
}

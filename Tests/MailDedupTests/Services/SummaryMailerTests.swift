import ControlAPI
import DedupConfig
import DedupCore
import DedupStore
import Foundation
import HostSystem
import MailMessage
import MailTestKit
import Testing

@testable import MailDedup

@Suite("Sending the summaries that are due")
final class SummaryMailerTests {
  private let folder: TemporaryFolder
  private let store: SQLiteStore
  private let now = WallClock.now()

  init() throws {
    folder = try TemporaryFolder()
    store = try SQLiteStore(
      directory: folder.path, policy: WindowPolicy(), explain: { _, _ in "" }, logger: .quiet, now: WallClock.now)
  }

  deinit { store.close() }

  /// The last full day.
  private var day: SummaryPeriod { SummaryPeriod(from: now.advanced(by: .seconds(-86_400)), to: now) }

  private func mailer(_ change: (inout Configuration.Summary) -> Void) -> SummaryMailer {
    var settings = Configuration.Summary()
    change(&settings)
    return SummaryMailer(store: store, settings: Live(settings), hostname: "relay.example")
  }

  private func report(_ digest: String, of site: String, to recipients: [String], hoursAgo: Int = 1) async throws {
    let envelope = Envelope(
      sender: EmailAddress("root@\(site)"), recipients: recipients.map { EmailAddress($0) })
    let time = now.advanced(by: .seconds(-3600 * hoursAgo))
    let occurrence = Occurrence(
      site: Site(settingsModule: site, subjectPrefix: nil, envelope: envelope), fingerprint: "v1:\(digest)",
      variant: "", title: "Error \(digest)", place: "views.py")
    let submission = Submission(
      id: QueueID(at: time, salt: .random(in: 0...UInt32.max)), receivedAt: time, envelope: envelope, received: { [] },
      message: Message(Array("Subject: x\r\n\r\nx\r\n".utf8)), judge: { .report(occurrence) })
    _ = try await withCheckedContinuation { continuation in
      store.accept(submission) { continuation.resume(returning: $1) }
    }.get()
    try await deliverAll()
  }

  /// What waits for long is trouble of its own.
  private func deliverAll() async throws {
    for entry in try await store.queue(limit: 100) {
      let attempt = DeliveryAttempt(
        entry: entry.id, at: now, outcomes: entry.recipients.map { _ in .delivered(reply: "250 OK") }, nextHop: "test")
      try await store.settle(RetryPolicy().settle(entry, attempt, random: 0))
    }
  }

  /// Recipients and content of each summary that waits.
  private func summaries() async throws -> [String: String] {
    var summaries: [String: String] = [:]
    for entry in try await store.queue(limit: 100) where entry.kind == .summary {
      let octets = try await store.message(of: entry.id)?.octets() ?? []
      summaries[entry.recipients.map(\.text).joined(separator: " ")] = String(decoding: octets, as: UTF8.self)
    }
    return summaries
  }

  @Test(
    "each reads of the errors of its own sites, and of no other",
    arguments: [
      (SummarySplit.no, ["ann@x bob@x": ["aaaa1111", "bbbb2222"]]),
      (.site, ["ann@x bob@x": ["aaaa1111"], "ann@x": ["bbbb2222"]]),
      (.recipient, ["ann@x": ["aaaa1111", "bbbb2222"], "bob@x": ["aaaa1111"]]),
    ])
  func split(_ split: SummarySplit, _ expected: [String: [String]]) async throws {
    try await report("aaaa1111", of: "shop", to: ["ann@x", "bob@x"])
    try await report("bbbb2222", of: "blog", to: ["ann@x"])
    let sent = try await mailer { $0.split = split }.send(.daily, day)
    #expect(sent.count == expected.count)
    let summaries = try await summaries()
    #expect(Set(summaries.keys) == Set(expected.keys))
    for (reader, errors) in expected {
      let named = ["aaaa1111", "bbbb2222"].filter { summaries[reader]?.contains("Error \($0)") ?? false }
      #expect(named == errors)
    }
  }

  @Test("a quiet site gets nothing, unless it wants a sign of life", arguments: [false, true])
  func quietSite(_ sendWhenQuiet: Bool) async throws {
    try await report("aaaa1111", of: "shop", to: ["ann@x"])
    try await report("bbbb2222", of: "blog", to: ["bob@x"], hoursAgo: 100)
    let mailer = mailer {
      $0.split = .site
      $0.sendWhenQuiet = sendWhenQuiet
    }
    let sent = try await mailer.send(.daily, day)
    #expect(sent.flatMap(\.recipients) == (sendWhenQuiet ? ["bob@x", "ann@x"] : ["ann@x"]))
  }

  @Test("what is due is sent once, the week beside the day; nothing to tell is remembered as well")
  func once() async throws {
    let time = TimeOfDay(hour: 0, minute: 0) ?? .seven
    let mailer = mailer {
      $0.time = time
      $0.weekly = .monday
      $0.to = [EmailAddress("ops@x")]
    }
    let service = SummaryService(mailer: mailer, logger: .quiet)
    let before = now.advanced(by: .seconds(-20 * 86_400))
    try await report("aaaa1111", of: "shop", to: ["ann@x"], hoursAgo: 15 * 24)
    for kind in SummaryMailer.Kind.allCases { try await mailer.remember(end: before, of: kind) }
    for _ in 0..<4 { for kind in SummaryMailer.Kind.allCases { _ = await service.step(kind, now: now) } }
    #expect(try await store.queue(limit: 100).map(\.kind) == [.summary, .summary])
    try await deliverAll()
    for kind in SummaryMailer.Kind.allCases {
      let end = try #require(try await mailer.lastEnd(of: kind))
      #expect(end <= now && now.since(end) < .seconds(8 * 86_400))
      // Two weeks on, nothing has come since.
      #expect(await service.step(kind, now: now.advanced(by: .seconds(14 * 86_400))) == .zero)
    }
    #expect(try await store.queue(limit: 100).isEmpty)
  }

  @Test("a relay in trouble is not quiet: a summary tells of it although no error came")
  func trouble() async throws {
    var settings = Configuration.Summary()
    settings.to = [EmailAddress("ops@x")]
    for (spooled, mails) in [(0, 0), (3, 1)] {
      let mailer = SummaryMailer(store: store, settings: Live(settings), hostname: "relay.example") {
        RelayHealth(spoolWaiting: spooled)
      }
      #expect(try await mailer.send(.daily, day).count == mails)
    }
  }
}

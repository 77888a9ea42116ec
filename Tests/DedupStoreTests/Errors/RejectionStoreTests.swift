import DedupCore
import MailMessage
import MailTestKit
import Testing

@testable import DedupStore

private let no = DeliveryOutcome.rejected(reason: "550 5.7.1 spam", status: "5.7.1")
private let yes = DeliveryOutcome.delivered(reply: "250 ok")

/// A next hop that rejects mails about errors: no flood, exact counts, one digest in place of bounces.
@Suite("Rejections in the store")
struct RejectionStoreTests {
  /// Rejects all that is queued, as the runner would, and returns how many mails that were.
  private static func rejectAll(
    _ store: SQLiteStore, _ watch: inout RejectionWatch, at now: Timestamp, _ outcome: DeliveryOutcome = no
  ) async throws -> Int {
    let entries = try await store.queue(limit: 1000)
    for entry in entries {
      let attempt = DeliveryAttempt(
        entry: entry.id, at: now, outcomes: entry.recipients.map { _ in outcome }, nextHop: "smtp:25")
      var settlement = RetryPolicy().settle(entry, attempt, random: 0)
      _ = watch.note(&settlement, of: entry, at: now)
      let gathered = settlement.failed.filter { _ in entry.kind.isAboutErrors }.map {
        GatheredBounce(
          sender: entry.sender, recipient: $0.recipient, status: $0.status, reason: $0.reason, nextHop: "smtp:25",
          subject: "Error", at: now, postmaster: EmailAddress("postmaster@shop.example"))
      }
      try await store.settle(settlement, gathered: gathered)
    }
    return entries.count
  }

  @Test("1,000 reports of one error within the hour, all rejected: at most 10 submissions, and the count is exact")
  func storm() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var (watch, submissions) = (RejectionWatch(), 0)
    for number in 0..<1000 {
      let now = nine + .milliseconds(3500 * number)
      try await store.accept(Shop.report(at: now))
      submissions += try await Self.rejectAll(store, &watch, at: now)
      if number % 20 == 0 {
        _ = try await store.sendWhatIsDue(now: now)
        submissions += try await Self.rejectAll(store, &watch, at: now)
      }
    }
    #expect(submissions <= 10)
    let totals = try await store.totals()
    #expect(totals.accepted == 1000 && totals.forwarded == 8 && totals.suppressed == 992)
    let row = try #require(try await store.fingerprints(FingerprintQuery(), now: nine + .hours(1)).first)
    #expect(row.record.total == 1000 && row.record.suppressed == 992)
  }

  @Test("what is known of rejections survives a crash")
  func crash() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var watch = RejectionWatch()
    for number in 0..<3 {
      try await store.accept(Shop.report(at: nine + .seconds(number)))
      _ = try await Self.rejectAll(store, &watch, at: nine + .seconds(number))
    }
    let reopened = try Shop.store(try folder.copyAsAfterCrash())
    defer { reopened.close() }
    // Rejected twice by then: the next one but one goes.
    #expect(try await reopened.accept(Shop.report(at: nine + .seconds(9))).reason == "last-one-rejected")
  }

  @Test("rejected mails do not use up the storm cap: the next outage is told at once")
  func places() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var policy = WindowPolicy()
    policy.hourlyForwards = 3
    store.setPolicy(policy)
    var watch = RejectionWatch()
    for error in 0..<5 {
      try await store.accept(Shop.report("dead000\(error)", at: nine + .seconds(error)))
      _ = try await Self.rejectAll(store, &watch, at: nine + .seconds(error))
    }
    let totals = try await store.totals()
    #expect(totals.forwarded == 5)
    // What a next hop took counts, also when it is not in the queue any more.
    for error in 5..<8 {
      try await store.accept(Shop.report("dead000\(error)", at: nine + .seconds(error)))
      _ = try await Self.rejectAll(store, &watch, at: nine + .seconds(error), yes)
    }
    #expect(try await store.accept(Shop.report("dead0009", at: nine + .seconds(9))).reason == "storm-cap")
  }

  @Test("bounces of reports are one digest, five minutes after the first and then hourly at most")
  func digest() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    var watch = RejectionWatch()
    for error in 0..<4 {
      try await store.accept(Shop.report("dead000\(error)", at: nine + .minutes(error)))
      _ = try await Self.rejectAll(store, &watch, at: nine + .minutes(error))
    }
    #expect(try await store.sendWhatIsDue(now: nine + .minutes(4)) == .minutes(1))
    _ = try await store.sendWhatIsDue(now: nine + .minutes(5))
    let bounces = try await store.queue(limit: 10)
    let bounce = try #require(bounces.first)
    #expect(bounces.count == 1 && bounce.kind == .bounce && bounce.sender.isNull)
    #expect(bounce.recipients.map(\.text) == ["root@shop.example", "postmaster@shop.example"])
    let text = String(decoding: try #require(try await store.octets(of: bounce.id)), as: UTF8.self)
    #expect(text.contains("Subject: [MailDedup] 8 mails about errors not delivered"))
    #expect(text.contains("To <ann@example.org>, 5.7.1") && text.contains("4 mails from <root@shop.example>"))
    #expect(text.contains("smtp:25 said: 550 5.7.1 spam"))

    try await store.accept(Shop.report("dead0009", at: nine + .minutes(10)))
    for entry in try await store.queue(limit: 10) where entry.kind == .report {
      _ = try await Self.rejectAll(store, &watch, at: nine + .minutes(10))
    }
    #expect(try await store.sendWhatIsDue(now: nine + .minutes(20)) == .minutes(45))
    _ = try await store.sendWhatIsDue(now: nine + .minutes(65))
    #expect(try await store.queue(limit: 10).count == 1)
  }

  @Test("a mail that waits for a limit keeps its tries and shows the time when it leaves")
  func postponed() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    _ = try await store.due(now: nine, limit: 10)
    try await store.postpone(mail.id, until: nine + .minutes(7), reason: "50/min to smtp:25")
    let entry = try #require(try await store.queue(limit: 1).first)
    #expect(entry.nextAttempt == nine + .minutes(7) && entry.pacedBy == "50/min to smtp:25" && entry.attempts == 0)
    #expect(try await store.due(now: nine + .minutes(6), limit: 10).isEmpty)
    #expect(try await store.due(now: nine + .minutes(7), limit: 10).map(\.id) == [mail.id])
  }

  @Test("what went out is known after a crash, and an alert comes before all that is due")
  func departuresAndAlerts() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    let mail = Shop.ordinary()
    try await store.accept(mail)
    var settlement = Shop.settlement(of: mail.id, Shop.envelope.recipients, [yes, yes])
    settlement.departures = [Departures(nextHop: "smtp:25", minute: nine.minute, ordinary: 2, other: 0)]
    try await store.settle(settlement)
    let reopened = try Shop.store(try folder.copyAsAfterCrash())
    defer { reopened.close() }
    #expect(try await reopened.departures() == settlement.departures)
    try await reopened.accept(Shop.ordinary(at: nine))
    let alert = OwnMail(
      id: Shop.id(at: nine + .minutes(1)), envelope: Shop.envelope, message: Array("Subject: x\r\n\r\n".utf8),
      kind: .alert)
    try await reopened.enqueue([alert])
    #expect(try await reopened.due(now: nine + .minutes(2), limit: 1).map(\.kind) == [.alert])
  }

  @Test("with the limits near, new errors wait for a digest, which comes as rarely as the limits say")
  func inDigests() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    store.setNoticeMode(.inDigests(every: .hours(2)))
    #expect(try await store.accept(Shop.report()).reason == "storm-cap")
    #expect(try await store.sendWhatIsDue(now: nine + .hours(1)) == .hours(1))
    store.setNoticeMode(.oneByOne)
    #expect(try await store.accept(Shop.report("bbbb2222", at: nine + .hours(1))).reason == "first")
  }

  @Test("a burst of new errors is told one by one as far as the limits allow, and the others in a digest")
  func burst() async throws {
    let folder = try TemporaryFolder()
    let store = try Shop.store(folder)
    defer { store.close() }
    store.setNoticeMode(.oneByOne, room: 2 * Shop.envelope.recipients.count)
    var reasons: [String] = []
    for number in 0..<6 { reasons.append(try await store.accept(Shop.report("aaaa000\(number)")).reason) }
    #expect(reasons == ["first", "first", "storm-cap", "storm-cap", "storm-cap", "storm-cap"])
    #expect(try await store.accept(Shop.report("aaaa0000")).reason == "inside-window", "a known error needs no room")
    store.setNoticeMode(.oneByOne)
    #expect(try await store.accept(Shop.report("bbbb2222")).reason == "first")
  }
}

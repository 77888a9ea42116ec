import DedupCore
import MailMessage
import MailTestKit
import Testing

@Suite struct SettlementTests {
  static let a = EmailAddress("a@example.org")
  static let b = EmailAddress("b@example.org")
  static let ok = DeliveryOutcome.delivered(reply: "250 ok")
  static let later = DeliveryOutcome.deferred(reason: "421 busy")
  static let never = DeliveryOutcome.rejected(reason: "550 no such user", status: "5.1.1")
  static let failedA = Settlement.Failure(recipient: a, reason: "550 no such user", status: "5.1.1")
  static let failedB = Settlement.Failure(recipient: b, reason: "550 no such user", status: "5.1.1")

  static func expired(_ recipient: EmailAddress) -> Settlement.Failure {
    .init(recipient: recipient, reason: "not delivered in time; last: 421 busy", status: "4.4.7")
  }

  struct Case: CustomTestStringConvertible {
    var shows: String
    var outcomes: [DeliveryOutcome]
    /// Attempts before this one.
    var attempts = 0
    var ageInDays: Int64 = 0
    var kind = QueueEntry.Kind.report
    /// An earlier attempt reached somebody.
    var hasDelivered = false
    var remaining: [EmailAddress] = []
    var delivered: [EmailAddress] = []
    var failed: [Settlement.Failure] = []
    var reopens = false
    var testDescription: String { shows }
  }

  @Test(
    "an attempt settles what becomes of each recipient",
    arguments: [
      Case(shows: "all taken", outcomes: [ok, ok], delivered: [a, b]),
      Case(shows: "all deferred", outcomes: [later, later], remaining: [a, b]),
      Case(
        shows: "all rejected: the window opens again", outcomes: [never, never], failed: [failedA, failedB],
        reopens: true
      ),
      Case(
        shows: "all that were left are rejected, but somebody saw it before", outcomes: [never, never], attempts: 1,
        hasDelivered: true, failed: [failedA, failedB]),
      Case(shows: "ordinary mail has no window", outcomes: [never, never], kind: .pass, failed: [failedA, failedB]),
      Case(
        shows: "one taken, one rejected: somebody saw it", outcomes: [ok, never], delivered: [a], failed: [failedB]),
      Case(shows: "one taken, one deferred", outcomes: [ok, later], remaining: [b], delivered: [a]),
      Case(shows: "one rejected, one deferred", outcomes: [never, later], remaining: [b], failed: [failedA]),
      Case(
        shows: "too old", outcomes: [later, ok], attempts: 100, ageInDays: 5, delivered: [b], failed: [expired(a)]),
      Case(
        shows: "too old for all: nobody saw it", outcomes: [later, later], attempts: 100, ageInDays: 5,
        failed: [expired(a), expired(b)], reopens: true),
      Case(shows: "a day short of too old", outcomes: [later, later], attempts: 100, ageInDays: 4, remaining: [a, b]),
      Case(
        shows: "the clock jumped, or the relay was off: hardly tried yet", outcomes: [later, later], attempts: 6,
        ageInDays: 400, remaining: [a, b]),
      Case(
        shows: "the eighth attempt is the last for an old mail", outcomes: [later, later], attempts: 7, ageInDays: 5,
        failed: [expired(a), expired(b)], reopens: true),
      Case(
        shows: "rejected is final at any age", outcomes: [never, ok], ageInDays: 400, delivered: [b], failed: [failedA]),
      Case(shows: "too few outcomes: nobody vanishes", outcomes: [ok], remaining: [b], delivered: [a]),
      Case(shows: "no outcome at all", outcomes: [], remaining: [a, b]),
      Case(shows: "too many outcomes", outcomes: [ok, ok, never], delivered: [a, b]),
    ])
  func settles(_ test: Case) {
    var entry = QueueEntry.fixture(attempts: test.attempts, kind: test.kind)
    entry.hasDelivered = test.hasDelivered
    let now = noon.advanced(by: .seconds(test.ageInDays * 86_400))
    let attempt = DeliveryAttempt(entry: entry.id, at: now, outcomes: test.outcomes, nextHop: "smtp.example.org:25")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    #expect(settlement.remaining == test.remaining)
    #expect(settlement.delivered == test.delivered)
    #expect(settlement.failed == test.failed)
    #expect(settlement.reopensWindow == test.reopens)
    #expect(settlement.attempts == test.attempts + 1)
    #expect(settlement.nextAttempt == now.advanced(by: RetryPolicy().wait(after: test.attempts + 1, random: 0)))
    #expect((settlement.lastFailure == nil) == test.outcomes.starts(with: [Self.ok, Self.ok]))
  }

  @Test(
    "each recipient has exactly one fate, whatever the next hop says how often",
    arguments: 0..<20)
  func everyRecipientIsAccountedFor(seed: UInt64) {
    var random = SplitMix(seed: seed)
    let names = (0..<10).map { "r\($0)@example.org" }
    var entry = QueueEntry.fixture(recipients: names)
    var fates: [EmailAddress] = []
    var now = noon
    for _ in 0..<400 where !entry.recipients.isEmpty {
      let outcomes = entry.recipients.map { _ in
        [Self.later, Self.later, Self.later, Self.later, Self.later, Self.later, Self.ok, Self.never].randomElement(
          using: &random) ?? Self.later
      }
      let attempt = DeliveryAttempt(entry: entry.id, at: now, outcomes: outcomes, nextHop: "x")
      let settlement = RetryPolicy().settle(entry, attempt, random: 0)
      fates += settlement.delivered + settlement.failed.map(\.recipient)
      (entry.recipients, entry.attempts) = (settlement.remaining, settlement.attempts)
      now = settlement.nextAttempt
    }
    #expect(entry.recipients.isEmpty)
    #expect(fates.map(\.text).sorted() == names.sorted())
  }

  @Test("a mail that was not offered waits as before, however often; after days with the way closed it is given up")
  func notOffered() {
    let entry = QueueEntry.fixture(recipients: ["a@example.org"], attempts: 1)
    var attempt = DeliveryAttempt(
      entry: entry.id, at: noon.advanced(by: .seconds(7200)), outcomes: [Self.later], nextHop: "next")
    attempt.wasOffered = false
    let waiting = RetryPolicy().settle(entry, attempt, random: 0)
    #expect(waiting.attempts == 1 && waiting.nextAttempt == entry.nextAttempt && waiting.remaining == [Self.a])
    attempt.at = noon.advanced(by: .seconds(6 * 86_400))
    attempt.closedFor = .seconds(3599)
    #expect(RetryPolicy().settle(entry, attempt, random: 0).failed.isEmpty, "it may be the clock")
    attempt.closedFor = .seconds(3600)
    #expect(RetryPolicy().settle(entry, attempt, random: 0).failed == [Self.expired(Self.a)])
  }

  @Test("the sender of a mail that waits for a closed way hears that it is late")
  func heldUp() {
    let late = noon.advanced(by: .seconds(4 * 3600))
    #expect(!RetryPolicy().isDelayNoticeDue(for: .fixture(), now: late))
    #expect(RetryPolicy().isDelayNoticeDue(for: .fixture(), now: late, isHeldUp: true))
  }

  @Test(
    "a notice of delay has the status that the next hop gave, and 4.4.1 where it gave none",
    arguments: [
      ("452 4.2.2 mailbox full (in reply to RCPT)", "4.2.2"), ("451 4.7.500 later", "4.7.500"),
      ("451 try again later", "4.4.1"), ("connection to a:25 refused", "4.4.1"), ("421 4.3 later", "4.4.1"),
      ("550 5.1.1 no such user (in reply to RCPT)", "4.4.1"), ("452 5.2.2 of another class", "4.4.1"),
      ("452 4.2.1234 too long", "4.4.1"), ("", "4.4.1"),
    ])
  func delayStatus(reason: String, status: String) {
    let entry = QueueEntry.fixture(recipients: ["a@example.org"], attempts: 9)
    let late = noon.advanced(by: .seconds(4 * 3600))
    let attempt = DeliveryAttempt(
      entry: entry.id, at: late, outcomes: [.deferred(reason: reason)], nextHop: "next")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    #expect(RetryPolicy().reports(on: settlement, of: entry, at: late).map(\.status) == [status])
  }

  @Test("the first retry after a lost answer does not wait long")
  func lostAnswer() {
    var attempt = DeliveryAttempt(entry: QueueID(rawValue: 1), at: noon, outcomes: [Self.later], nextHop: "next")
    attempt.lostAnswer = true
    let waits = [0, 1].map { attempts in
      RetryPolicy().settle(.fixture(attempts: attempts), attempt, random: 0).nextAttempt.since(noon)
    }
    #expect(waits == [.seconds(2), .seconds(60)])
  }

  @Test("damaged counters do not trap")
  func damagedCountersDoNotTrap() {
    let entry = QueueEntry.fixture(queuedAt: Timestamp(milliseconds: .min), attempts: .max)
    let attempt = DeliveryAttempt(
      entry: entry.id, at: Timestamp(milliseconds: .max), outcomes: [Self.later], nextHop: "x")
    #expect(RetryPolicy().settle(entry, attempt, random: 1).attempts == .max)
  }
}

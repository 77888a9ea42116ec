import DedupCore
import MailMessage
import Testing

/// Clocks that jump neither expire nor erase (find R6).
@Suite("Seen time") struct SeenTimeTests {
  struct Case: CustomTestStringConvertible {
    var shows: String
    var remembered: Int?
    /// Where the wall clock stands, and seconds that passed since the look before.
    var looks: [(wall: Int, elapsed: Int)]
    var time: Int
    var testDescription: String { shows }
  }

  private static let day = 86_400

  @Test(
    "the time for ages",
    arguments: [
      Case(shows: "goes with the clock", looks: [(10, 10), (3610, 3600)], time: 3610),
      Case(shows: "follows corrections", looks: [(40, 10), (35, 10), (100, 10)], time: 100),
      Case(
        shows: "R6: does not follow 6 days ahead for 4 s", looks: [(10, 10), (6 * day, 2), (6 * day + 2, 2)], time: 14),
      Case(shows: "is right again after that", looks: [(6 * day, 2), (6 * day + 2, 2), (14, 10)], time: 14),
      Case(shows: "follows a jump that lasts for an hour", looks: [(day, 0), (day + 3600, 3600)], time: day + 3600),
      Case(shows: "not one that lasts for less", looks: [(day, 0), (day + 3599, 3599)], time: 3599),
      Case(shows: "follows a jump back at once", looks: [(-day, 1)], time: -day),
      Case(shows: "and does not follow it forth again", looks: [(-day, 1), (10, 1)], time: -day + 1),
      Case(shows: "counts the sleep of the machine", looks: [(day, day)], time: day),
      Case(shows: "believes a clock after some hours down", remembered: -3600, looks: [], time: 0),
      Case(shows: "but not one that is 500 days ahead", remembered: -500 * day, looks: [(5, 5)], time: -500 * day + 5),
      Case(
        shows: "until an hour has passed", remembered: -500 * day, looks: [(3600, 3600)], time: 3600),
      Case(shows: "begins where the clock stands when it was set back", remembered: day, looks: [], time: 0),
    ])
  func looks(_ test: Case) {
    var seen = SeenTime(
      remembered: test.remembered.map { Timestamp(seconds: Int64($0)) }, wall: Timestamp(seconds: 0))
    for look in test.looks {
      seen.look(wall: Timestamp(seconds: Int64(look.wall)), elapsed: .seconds(look.elapsed))
    }
    #expect(seen.time == Timestamp(seconds: Int64(test.time)))
  }

  @Test("R6: a mail with 8 tries is not given up by a clock that is 6 days ahead")
  func expiry() {
    let queued = Timestamp(seconds: 1_760_000_400)
    let entry = QueueEntry(
      id: QueueID(at: queued, salt: 1), sender: .null, recipients: [EmailAddress("a@b.example")], body: .unspecified,
      usesSMTPUTF8: false, size: 1, queuedAt: queued, attempts: 8, nextAttempt: queued, lastFailure: nil, kind: .pass,
      delayNotified: false)
    let ahead = queued.advanced(by: .seconds(6 * 86_400))
    let attempt = DeliveryAttempt(entry: entry.id, at: ahead, outcomes: [.deferred(reason: "later")], nextHop: "test")
    let seen = queued.advanced(by: .seconds(7200))
    #expect(RetryPolicy().settle(entry, attempt, random: 0, age: seen).failed.isEmpty)
    #expect(RetryPolicy().settle(entry, attempt, random: 0, age: ahead).failed.count == 1)
  }
}

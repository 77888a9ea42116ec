import MailTestKit
import Testing

@testable import DedupCore

/// What went out to a smarthost, and what of it an admin and a restart get to know.
@Suite struct DepartureTests {
  private static let hop = "smtp.example.org:587"
  private static let limits = DeliveryLimits(rate: DeliveryRate(10, per: .hour), daily: 100)

  private static func request(_ id: Int64) -> DeliveryPacing.Request {
    DeliveryPacing.Request(
      id: QueueID(rawValue: id), recipients: 1, priority: .ordinary, limits: limits, nextHops: [hop])
  }

  private static func departures(minutesAgo: Int64, ordinary: Int, other: Int) -> Departures {
    Departures(nextHop: hop, minute: noon.minute - minutesAgo, ordinary: ordinary, other: other)
  }

  @Test("a restart knows what left within the hour for the rate, and within the day for the daily limit")
  func restart() throws {
    var pacing = DeliveryPacing(
      [
        Self.departures(minutesAgo: 90, ordinary: 5, other: 2), Self.departures(minutesAgo: 30, ordinary: 3, other: 1),
        Self.departures(minutesAgo: 1500, ordinary: 50, other: 0),
      ], now: noon)
    #expect(pacing.ask(Self.request(1), now: noon) == .go(1))
    _ = pacing.finished(Self.request(1), at: Self.hop, recipients: 1, now: noon)
    let standing = try #require(pacing.standings(now: noon).first)
    #expect(standing.nextHop == Self.hop && standing.limits == Self.limits)
    #expect(standing.ofPeriod == 5 && standing.ofDay == 12)
    #expect(standing.waiting == 0 && standing.lastLeaves == nil)
  }

  @Test("a smarthost whose rate is used up shows what waits for it and when the last of it leaves")
  func waiting() throws {
    var pacing = DeliveryPacing([Self.departures(minutesAgo: 10, ordinary: 10, other: 0)], now: noon)
    guard case .wait(let until, _) = pacing.ask(Self.request(1), now: noon) else {
      Issue.record("the eleventh of an hour goes")
      return
    }
    #expect(until > noon && until.since(noon) <= .seconds(3600))
    let standing = try #require(pacing.standings(now: noon).first)
    #expect(standing.waiting == 1 && standing.lastLeaves == until && standing.ofPeriod == 10)
  }

  @Test("a smarthost without limits is not shown")
  func unlimited() {
    var pacing = DeliveryPacing([Self.departures(minutesAgo: 10, ordinary: 10, other: 0)], now: noon)
    #expect(pacing.standings(now: noon) == [])
  }
}

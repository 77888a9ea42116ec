import DedupCore
import MailMessage
import MailTestKit
import Testing

/// Whole notifications, as a person gets them.
@Suite struct NotificationGoldenTests {
  private typealias Fixture = DeliveryStatusNotificationTests

  @Test("a notification of a failure looks as agreed")
  func failedLooksAsAgreed() {
    let expired = Fixture.failure(
      "b@example.org", "not delivered in time; last: 451 4.7.1 Greylisted, please try again later, thank you",
      status: "4.4.7")
    expectGolden(
      "dsn-failed.eml",
      Fixture.text(
        Fixture.notification([Fixture.failure(), expired])))
  }

  @Test("a notification of a delay looks as agreed")
  func delayedLooksAsAgreed() {
    let late = Fixture.failure(
      "a@example.org", "connection to smtp.example.org:25 refused", status: "4.4.1", action: .delayed)
    let until = noon.advanced(by: .seconds(5 * 86_400))
    expectGolden(
      "dsn-delayed.eml",
      Fixture.text(Fixture.notification([late], retryUntil: until)))
  }

  @Test("a notification of a relayed mail looks as agreed")
  func relayedLooksAsAgreed() {
    let relayed = Fixture.failure(
      "a@example.org", "250 2.0.0 queued as 4711", status: "2.1.9", action: .relayed)
    let entry = Fixture.entry(.full, original: "rfc822;Ann+2Bx@Example.net")
    expectGolden(
      "dsn-relayed.eml",
      Fixture.text(Fixture.notification([relayed], entry: entry)))
  }

  @Test("a notification of a delivery looks as agreed")
  func deliveredLooksAsAgreed() {
    let delivered = Fixture.failure("a@example.org", nil, status: "2.0.0", action: .delivered)
    expectGolden(
      "dsn-delivered.eml",
      Fixture.text(
        Fixture.notification([delivered], entry: Fixture.entry())))
  }

  @Test("one mail tells all that one attempt brought, the failures first")
  func severalFatesLookAsAgreed() {
    let reports = [
      Fixture.failure(
        "c@example.org", "250 2.0.0 queued as 4711", status: "2.1.9", action: .relayed),
      Fixture.failure("b@example.org", "451 4.3.0 later", status: "4.4.1", action: .delayed),
      Fixture.failure(),
    ]
    let original = Array(Fixture.header.utf8)
    let entry = Fixture.entry(.full, original: "utf-8;änn@example.net", size: original.count)
    expectGolden(
      "dsn-several.eml",
      Fixture.text(
        Fixture.notification(reports, entry: entry, original: original)))
  }
}

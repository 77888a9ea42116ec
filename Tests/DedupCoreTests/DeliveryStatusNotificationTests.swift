import DedupCore
import MailMessage
import Testing

@Suite struct DeliveryStatusNotificationTests {
  static let header = """
    Received: from web1 ([192.0.2.7])\r
    \tby relay.example.org (MailDedup) with ESMTP id 01KAN5GZJ4V3M;\r
    \tSun, 22 Nov 2026 14:03:05 +0000\r
    From: root@shop.example.org\r
    Message-ID:\r
     <20261122140305.1@web1>\r
    Subject: [Django] ERROR (EXTERNAL IP): Internal Server Error: /checkout/\r
    \r
    the secret body\r

    """

  static func notification(
    _ kind: DeliveryStatusNotification.Kind, _ failures: [Settlement.Failure], entry: QueueEntry = .fixture(),
    header: [UInt8] = Array(header.utf8), retryUntil: Timestamp? = nil
  ) -> DeliveryStatusNotification {
    DeliveryStatusNotification(
      kind: kind, entry: entry, failures: failures, originalHeader: header, hostname: "relay.example.org",
      at: noon.advanced(by: .seconds(14_400)), retryUntil: retryUntil)
  }

  static func failure(
    _ recipient: String = "a@example.org", _ reason: String = "550 5.1.1 No such user here", status: String = "5.1.1"
  ) -> Settlement.Failure {
    .init(recipient: EmailAddress(recipient), reason: reason, status: status)
  }

  static func text(_ notification: DeliveryStatusNotification) -> String {
    notification.message(id: QueueID(at: noon, salt: 9)).text
  }

  @Test func failedLooksAsAgreed() {
    let expired = Self.failure(
      "b@example.org", "not delivered in time; last: 451 4.7.1 Greylisted, please try again later, thank you",
      status: "4.4.7")
    expectGolden("dsn-failed.eml", Self.text(Self.notification(.failed, [Self.failure(), expired])))
  }

  @Test func delayedLooksAsAgreed() {
    let late = Self.failure("a@example.org", "connection to smtp.example.org:25 refused", status: "4.4.1")
    let until = noon.advanced(by: .seconds(5 * 86_400))
    expectGolden("dsn-delayed.eml", Self.text(Self.notification(.delayed, [late], retryUntil: until)))
  }

  @Test func neverReturnsTheBody() {
    #expect(!Self.text(Self.notification(.failed, [Self.failure()])).contains("secret"))
  }

  @Test(arguments: [
    (DeliveryStatusNotification.Kind.failed, "5.1.1", "5.1.1"), (.failed, "4.4.7", "4.4.7"),
    (.failed, "2.0.0", "5.0.0"),
    (.failed, "", "5.0.0"), (.failed, "5.1", "5.0.0"), (.failed, "5.1.1\r\nX: y", "5.0.0"),
    (.delayed, "4.4.1", "4.4.1"),
    (.delayed, "5.0.0", "4.0.0"), (.delayed, "4.1234.0", "4.0.0"),
  ])
  func statusFitsTheAction(_ kind: DeliveryStatusNotification.Kind, _ status: String, _ expected: String) {
    let text = Self.text(Self.notification(kind, [Self.failure(status: status)]))
    #expect(text.contains("\nAction: \(kind.rawValue)\nStatus: \(expected)\n"))
  }

  @Test func repliesAndOurOwnWordsAreToldApart() {
    #expect(Self.text(Self.notification(.failed, [Self.failure()])).contains("\nDiagnostic-Code: smtp; 550 5.1.1 No"))
    let own = Self.failure("a@example.org", "no route ü")
    #expect(Self.text(Self.notification(.failed, [own])).contains("\nDiagnostic-Code: x-maildedup; no route ?\n"))
  }

  @Test func addressesOutsideASCIIAreWrittenInSevenBits() {
    let text = Self.text(Self.notification(.failed, [Self.failure("jürgen+x@example.org")]))
    #expect(text.contains("\nFinal-Recipient: utf-8; j\\x{FC}rgen\\x{2B}x@example.org\n"))
    let entry = QueueEntry.fixture(sender: "jürgen@example.org")
    #expect(Self.notification(.failed, [], entry: entry).envelope.usesSMTPUTF8)
    #expect(
      Self.notification(.failed, []).envelope
        == Envelope(
          sender: .null, recipients: [EmailAddress("root@shop.example.org")]))
  }

  @Test(arguments: [
    [UInt8](), [0xFF, 0x00, 0x0D], Array("Subject: ü\nX: y\r\n\r\nbody".utf8), Array(repeating: 0x41, count: 200_000),
    Array(String(repeating: "X: \(String(repeating: "y", count: 100))\r\n", count: 5000).utf8),
    Array(("X: " + String(repeating: "y", count: 200_000)).utf8),
  ])
  func anyOriginalMakesACleanMail(_ header: [UInt8]) {
    let message = Self.notification(.failed, [Self.failure()], header: header).message(id: QueueID(rawValue: 1))
    #expect(message.count < 300_000)
    #expect(message.allSatisfy { $0 < 0x80 && $0 != 0 })
    let lines = message.split(separator: 0x0A, omittingEmptySubsequences: false)
    #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && $0.count <= 999 })
  }

  @Test func anOddMessageIDIsNotReferredTo() {
    for id in ["", "x", "<a b>", "<ü@x>", "<\(String(repeating: "x", count: 300))>"] {
      let header = Array("Message-ID: \(id)\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n".utf8)
      let text = Self.text(Self.notification(.failed, [Self.failure()], header: header))
      #expect(!text.contains("In-Reply-To") && text.contains("\"caf=C3=A9\""))
    }
  }

  @Test func noReasonCanAddAField() {
    let evil = Self.failure("a@b\r\nBcc: x", "550 a\r\n\r\nAction: delivered\r\n")
    let text = Self.text(Self.notification(.failed, [evil]))
    #expect(!text.contains("\nBcc") && !text.contains("\nAction: delivered"))
  }

  @Test func isNeverAnsweredToNobodyOrToItself() {
    #expect(DeliveryStatusNotification.isDue(for: .fixture()))
    #expect(DeliveryStatusNotification.isDue(for: .fixture(kind: .summary)))
    #expect(!DeliveryStatusNotification.isDue(for: .fixture(sender: "")))
    #expect(!DeliveryStatusNotification.isDue(for: .fixture(kind: .bounce)))
  }
}

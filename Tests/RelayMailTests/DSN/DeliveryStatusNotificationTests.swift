import DedupCore
import MailMessage
import MailTestKit
import RelayMail
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

  typealias Report = DeliveryStatusReport

  static func notification(
    _ reports: [Report], entry: QueueEntry = .fixture(), original: [UInt8] = Array(header.utf8),
    retryUntil: Timestamp? = nil
  ) -> DeliveryStatusNotification {
    DeliveryStatusNotification(
      entry: entry, reports: reports, original: original, hostname: "relay.example.org",
      at: noon.advanced(by: .seconds(14_400)), retryUntil: retryUntil)
  }

  /// What was asked of the mail to a@example.org.
  static func entry(
    _ returns: DeliveryStatusRequest.Returns? = nil, original: String? = nil, size: Int = 12_345
  ) -> QueueEntry {
    var entry = QueueEntry.fixture(kind: .pass)
    entry.size = size
    let wish = DeliveryStatusRequest.Wish(
      notify: [.success, .failure], original: original.flatMap { OriginalRecipient($0, allowingUTF8: true) })
    entry.statusRequest = DeliveryStatusRequest(
      returns: returns, envelopeID: Xtext("QQ+2B314159"),
      wishes: [EmailAddress("a@example.org"): wish])
    return entry
  }

  static func failure(
    _ recipient: String = "a@example.org", _ reason: String? = "550 5.1.1 No such user here", status: String = "5.1.1",
    action: DeliveryStatusReport.Action = .failed
  ) -> Report {
    Report(recipient: EmailAddress(recipient), action: action, reason: reason, status: status)
  }

  static func text(_ notification: DeliveryStatusNotification) -> String {
    notification.message(id: QueueID(at: noon, salt: 9)).text
  }

  struct Return: Sendable, CustomTestStringConvertible {
    let returns: DeliveryStatusRequest.Returns?
    var action = DeliveryStatusReport.Action.failed
    var message = header
    /// Octets of the mail that are not at hand.
    var missing = 0
    /// Whether the mail comes back whole.
    let isWhole: Bool
    var says = "header is attached"
    let shows: String
    var testDescription: String { shows }
  }

  static let large = header + String(repeating: String(repeating: "x", count: 62) + "\r\n", count: 1 << 14)
  static let returns: [Return] = [
    Return(returns: nil, isWhole: false, shows: "nothing was said: an error mail may hold secrets"),
    Return(returns: .headers, isWhole: false, shows: "the header was asked for"),
    Return(returns: .full, isWhole: true, says: "It is attached", shows: "the whole was asked for"),
    Return(
      returns: .full, message: header + "café\r\n", isWhole: true, says: "It is attached",
      shows: "the whole in 8 bits"),
    Return(returns: .full, action: .delayed, isWhole: false, shows: "only a failure returns the whole"),
    Return(returns: .full, action: .relayed, isWhole: false, shows: "a success even less"),
    Return(returns: .full, missing: 1, isWhole: false, says: "too large", shows: "not all of it is at hand"),
    Return(returns: .full, message: large, isWhole: false, says: "too large", shows: "above a mebibyte"),
    Return(
      returns: .full, message: header + String(repeating: "x", count: 999) + "\r\n", isWhole: false,
      says: "cannot be returned", shows: "a line that is too long"),
    Return(
      returns: .full, message: "X: é\r\n" + header, isWhole: false, says: "cannot be returned",
      shows: "a header in UTF-8"),
  ]

  @Test(
    "the mail comes back whole or as its header, and the text says which",
    arguments: returns)
  func returned(_ example: Return) {
    let original = Array(example.message.utf8)
    let entry = Self.entry(example.returns, size: original.count + example.missing)
    let report = Self.failure(action: example.action)
    let notification = Self.notification([report], entry: entry, original: original)
    let bytes = notification.message(id: QueueID(at: noon, salt: 9))
    let text = String(decoding: bytes, as: UTF8.self)
    #expect(text.contains("secret") == example.isWhole, "\(example.shows)")
    #expect(text.contains("Content-Type: message/rfc822\r\n") == example.isWhole)
    #expect(text.contains("Content-Type: text/rfc822-headers\r\n") == !example.isWhole)
    #expect(text.replacing("\r\n", with: " ").contains(example.says))
    if example.isWhole { #expect(text.contains(example.message)) }
    let isEightBit = bytes.contains { $0 >= 0x80 }
    #expect(notification.envelope.body == (isEightBit ? .eightBitMIME : .unspecified))
    #expect((text.ranges(of: "Content-Transfer-Encoding: 8bit").count == 2) == isEightBit)
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let notify: DeliveryStatusRequest.Notify?
    var outcome = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    var sender = "root@shop.example.org"
    var kind = QueueEntry.Kind.pass
    let told: DeliveryStatusReport.Action?
    let shows: String
    var testDescription: String { shows }
  }

  static let later = DeliveryOutcome.deferred(reason: "451 later")
  static func taken(_ handover: Handover) -> DeliveryOutcome { .delivered(reply: "250 ok", handover: handover) }
  static let cases: [Case] = [
    Case(notify: nil, told: .failed, shows: "who says nothing hears of failures"),
    Case(notify: [.failure, .delay], told: .failed, shows: "and who asks for them"),
    Case(notify: .never, told: nil, shows: "NEVER is never"),
    Case(notify: [.success, .delay], told: nil, shows: "a failure that was not asked for"),
    Case(notify: nil, sender: "", told: nil, shows: "mail from nobody"),
    Case(notify: .failure, sender: "", told: nil, shows: "mail from nobody that asks"),
    Case(notify: .failure, kind: .bounce, told: nil, shows: "our own bounce"),
    Case(notify: nil, outcome: later, told: .delayed, shows: "who says nothing hears of delays"),
    Case(notify: .delay, outcome: later, told: .delayed, shows: "and who asks for them"),
    Case(notify: [.success, .failure], outcome: later, told: nil, shows: "a delay that was not asked for"),
    Case(notify: .never, outcome: later, told: nil, shows: "NEVER is never for delays"),
    Case(notify: nil, outcome: taken(.relayed), told: nil, shows: "who says nothing hears of no success"),
    Case(notify: .failure, outcome: taken(.relayed), told: nil, shows: "a success that was not asked for"),
    Case(notify: .success, outcome: taken(.relayed), told: .relayed, shows: "relayed to a host without DSN"),
    Case(notify: .success, outcome: taken(.dutyPassedOn), told: nil, shows: "a host with DSN tells itself"),
    Case(notify: .success, outcome: taken(.mailbox), told: .delivered, shows: "into a mailbox"),
    Case(notify: .success, outcome: taken(.discarded), told: nil, shows: "thrown away: nothing true to tell"),
    Case(notify: .success, outcome: taken(.mailbox), sender: "", told: nil, shows: "a success for nobody"),
  ]

  @Test(
    "what each sender is told of an attempt, five hours after it handed in the mail",
    arguments: cases)
  func told(_ example: Case) {
    var entry = QueueEntry.fixture(
      sender: example.sender, recipients: ["a@example.org"], attempts: 9, kind: example.kind)
    if let notify = example.notify {
      entry.statusRequest = DeliveryStatusRequest(wishes: [EmailAddress("a@example.org"): .init(notify: notify)])
    }
    let now = noon.advanced(by: .seconds(5 * 3600))
    let attempt = DeliveryAttempt(entry: entry.id, at: now, outcomes: [example.outcome], nextHop: "x")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    let reports = RetryPolicy().reports(on: settlement, of: entry, at: now)
    #expect(reports.map(\.action) == [example.told].compactMap { $0 }, "\(example.shows)")
  }

  @Test("only recipients for whom it was asked for are told of")
  func tellsOnlyOfThoseForWhomItWasAskedFor() {
    var entry = QueueEntry.fixture(attempts: 9)
    entry.statusRequest = DeliveryStatusRequest(wishes: [EmailAddress("a@example.org"): .init(notify: .never)])
    let no = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    let attempt = DeliveryAttempt(entry: entry.id, at: noon, outcomes: [no, no], nextHop: "x")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    #expect(settlement.failed.count == 2)
    let reports = RetryPolicy().reports(on: settlement, of: entry, at: noon)
    #expect(reports.map(\.recipient) == [EmailAddress("b@example.org")])
  }

  @Test(
    "the status fits the action",
    arguments: [
      (DeliveryStatusReport.Action.failed, "5.1.1", "5.1.1"), (.failed, "4.4.7", "4.4.7"),
      (.failed, "2.0.0", "5.0.0"),
      (.failed, "", "5.0.0"), (.failed, "5.1", "5.0.0"), (.failed, "5.1.1\r\nX: y", "5.0.0"),
      (.delayed, "4.4.1", "4.4.1"),
      (.delayed, "5.0.0", "4.0.0"), (.delayed, "4.1234.0", "4.0.0"),
      (.relayed, "2.1.9", "2.1.9"), (.relayed, "5.0.0", "2.0.0"), (.delivered, "", "2.0.0"),
    ])
  func statusFitsTheAction(_ action: DeliveryStatusReport.Action, _ status: String, _ expected: String) {
    let text = Self.text(Self.notification([Self.failure(status: status, action: action)]))
    #expect(text.contains("\nAction: \(action.rawValue)\nStatus: \(expected)\n"))
  }

  @Test("replies of servers and our own words are told apart")
  func repliesAndOurOwnWordsAreToldApart() {
    #expect(Self.text(Self.notification([Self.failure()])).contains("\nDiagnostic-Code: smtp; 550 5.1.1 No"))
    let own = Self.failure("a@example.org", "no route ü")
    #expect(Self.text(Self.notification([own])).contains("\nDiagnostic-Code: x-maildedup; no route ?\n"))
  }

  @Test("the mail server that was asked is named")
  func theMailServerThatWasAskedIsNamed() {
    var notification = Self.notification([Self.failure()])
    notification.remote = Smarthost(host: "smtp.example.org", port: 587)
    let text = Self.text(notification)
    #expect(text.contains("\nStatus: 5.1.1\nRemote-MTA: dns; smtp.example.org\nDiagnostic-Code: "))
    #expect(text.replacing("\n", with: " ").contains("that was asked is smtp.example.org:587."))
  }

  @Test(
    "the postmaster hears of bounces only",
    arguments: [
      (QueueEntry.Kind.bounce, "root@shop.example.org", true), (.bounce, "postmaster@example.org", false),
      (.pass, "root@shop.example.org", false), (.summary, "root@shop.example.org", false),
    ])
  func thePostmasterHearsOfBouncesOnly(_ kind: QueueEntry.Kind, _ recipient: String, _ isTold: Bool) {
    let postmaster = EmailAddress("postmaster@example.org")
    let entry = QueueEntry.fixture(sender: "", recipients: [recipient], attempts: 9, kind: kind)
    let no = DeliveryOutcome.rejected(reason: "550 no", status: "5.1.1")
    let attempt = DeliveryAttempt(entry: entry.id, at: noon, outcomes: [no], nextHop: "x")
    let settlement = RetryPolicy().settle(entry, attempt, random: 0)
    #expect(RetryPolicy().reports(on: settlement, of: entry, to: postmaster).isEmpty != isTold)
    #expect(RetryPolicy().reports(on: settlement, of: entry, to: nil).isEmpty)
  }

  @Test("addresses outside ASCII are written in seven bits")
  func addressesOutsideASCIIAreWrittenInSevenBits() {
    let text = Self.text(Self.notification([Self.failure("jürgen+x@example.org")]))
    #expect(text.contains("\nFinal-Recipient: utf-8; j\\x{FC}rgen\\x{2B}x@example.org\n"))
    let entry = QueueEntry.fixture(sender: "jürgen@example.org")
    #expect(Self.notification([], entry: entry).envelope.usesSMTPUTF8)
    #expect(
      Self.notification([]).envelope
        == Envelope(
          sender: .null, recipients: [EmailAddress("root@shop.example.org")]))
  }

  @Test(
    "any original makes a clean mail",
    arguments: [
      [UInt8](), [0xFF, 0x00, 0x0D], Array("Subject: ü\nX: y\r\n\r\nbody".utf8), Array(repeating: 0x41, count: 200_000),
      Array(String(repeating: "X: \(String(repeating: "y", count: 100))\r\n", count: 5000).utf8),
      Array(("X: " + String(repeating: "y", count: 200_000)).utf8),
    ])
  func anyOriginalMakesACleanMail(_ header: [UInt8]) {
    let message = Self.notification([Self.failure()], original: header).message(id: QueueID(rawValue: 1))
    #expect(message.count < 300_000)
    #expect(message.allSatisfy { $0 < 0x80 && $0 != 0 })
    let lines = message.split(separator: 0x0A, omittingEmptySubsequences: false)
    #expect(lines.dropLast().allSatisfy { $0.last == 0x0D && $0.count <= 999 })
  }

  @Test("an odd Message-ID is not referred to")
  func anOddMessageIDIsNotReferredTo() {
    for id in ["", "x", "<a b>", "<ü@x>", "<\(String(repeating: "x", count: 300))>"] {
      let header = Array("Message-ID: \(id)\r\nSubject: =?utf-8?q?caf=C3=A9?=\r\n\r\n".utf8)
      let text = Self.text(Self.notification([Self.failure()], original: header))
      #expect(!text.contains("In-Reply-To") && text.contains("\"caf=C3=A9\""))
    }
  }

  @Test("no reason can add a field")
  func noReasonCanAddAField() {
    let evil = Self.failure("a@b\r\nBcc: x", "550 a\r\n\r\nAction: delivered\r\n")
    let text = Self.text(Self.notification([evil]))
    #expect(!text.contains("\nBcc") && !text.contains("\nAction: delivered"))
  }

  @Test("nobody is told of a mail from nobody, or of a notification")
  func isNeverAnsweredToNobodyOrToItself() {
    #expect(DeliveryStatusReport.isDue(for: .fixture()))
    #expect(DeliveryStatusReport.isDue(for: .fixture(kind: .summary)))
    #expect(!DeliveryStatusReport.isDue(for: .fixture(sender: "")))
    #expect(!DeliveryStatusReport.isDue(for: .fixture(kind: .bounce)))
  }
}

import DedupCore
import MailMessage
import Testing

@Suite struct DiscardTests {
  @Test("every recipient is done with, and nobody is told that the mail arrived")
  func takesEverything() async {
    let envelope = Envelope(sender: EmailAddress("a@b"), recipients: [EmailAddress("c@d"), EmailAddress("e@f")])
    let result = await DiscardTransport().deliver(envelope, message: Message([]), id: QueueID(rawValue: 1))
    let gone = DeliveryOutcome.delivered(reply: "discarded", handover: .discarded)
    #expect(result == DeliveryResult([gone, gone], nextHop: "discard"))
  }
}

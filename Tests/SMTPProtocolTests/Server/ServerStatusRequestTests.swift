import MailMessage
import SMTPProtocol
import Testing

/// What a session makes of the parameters of RFC 3461; the dialogue files only show that it takes them.
struct ServerStatusRequestTests {
  private func envelopes(_ text: String) -> [Envelope] {
    var session = ServerSession(
      hostname: "mx.example", address: "192.0.2.1", name: "s1", limits: SessionLimits())
    var actions = session.open()
    for line in text.split(separator: "\n") {
      actions += session.receive(Array("\(line)\r\n".utf8))
      if line == "." { actions += session.finish(Reply(250, .init(2, 0, 0), "Accepted")) }
    }
    return actions.compactMap { if case .commit(let transaction) = $0 { transaction.envelope } else { nil } }
  }

  @Test("each transaction is handed over with what was said in it, and with nothing of the one before")
  func handsOver() {
    let taken = envelopes(
      """
      EHLO c
      MAIL FROM:<a@b> RET=HDRS ENVID=Q+2B1
      RCPT TO:<c@d> NOTIFY=NEVER
      RCPT TO:<e@f>
      RCPT TO:<c@d> NOTIFY=SUCCESS,BAD
      DATA
      .
      MAIL FROM:<a@b>
      RCPT TO:<c@d>
      DATA
      .
      MAIL FROM:<a@b>
      RCPT TO:<c@d> ORCPT=rfc822;x@y
      DATA
      .
      """)
    let (c, e) = (EmailAddress("c@d"), EmailAddress("e@f"))
    #expect(taken.map(\.recipients) == [[c, e], [c], [c]])
    let first = DeliveryStatusRequest(
      returns: .headers, envelopeID: Xtext("Q+2B1"), wishes: [c: .init(notify: .never)])
    let original = OriginalRecipient("rfc822;x@y", allowingUTF8: false)
    #expect(
      taken.map(\.statusRequest) == [first, nil, DeliveryStatusRequest(wishes: [c: .init(original: original)])])
  }
}

import MailMessage
import RelayMail
import Testing

/// What a mail says of its fleet.
@Suite struct FleetMarkTests {
  private static let top =
    "X-MailDedup-Fingerprint: 4:3f2a9c51d0e4b677\r\nX-MailDedup-Count: 7\r\nX-MailDedup-Held-Back: 6\r\n"
  private static let rest = "X-MailDedup-Count: 99\r\n\r\nbody \u{FC}\n"

  private func marked(_ mark: FleetMark, subject: String, tagsSubject: Bool = true) -> String {
    let message = Message(Array((Self.top + "Subject: \(subject)\r\n" + Self.rest).utf8))
    return String(decoding: mark.applied(to: message, tagsSubject: tagsSubject).head, as: UTF8.self)
  }

  private func expected(_ fleet: String, _ counts: (Int, Int), subject: String) -> String {
    "X-MailDedup-Fleet: \(fleet)\r\nX-MailDedup-Fingerprint: 4:3f2a9c51d0e4b677\r\n"
      + "X-MailDedup-Count: \(counts.0)\r\nX-MailDedup-Held-Back: \(counts.1)\r\nSubject: \(subject)\r\n" + Self.rest
  }

  @Test func countsAreThoseOfTheFleet() {
    #expect(
      marked(.counted(mails: 300, heldBack: 298, relays: 3), subject: "[still 7x 3f2a9c51]\r\n [Shop] ERROR")
        == expected("3 relays", (300, 298), subject: "[still 300x 3f2a9c51]\r\n [Shop] ERROR"))
  }

  @Test func aSubjectWithoutACountGetsOneIfOthersHeldMailsBack() {
    #expect(
      marked(.counted(mails: 30, heldBack: 29, relays: 2), subject: "[Shop] ERROR")
        == expected("2 relays", (30, 29), subject: "[30x 3f2a9c51]\r\n [Shop] ERROR"))
    #expect(
      marked(.counted(mails: 3, heldBack: 0, relays: 2), subject: "[Shop] ERROR")
        == expected("2 relays", (3, 0), subject: "[Shop] ERROR"))
    #expect(
      marked(.counted(mails: 30, heldBack: 29, relays: 2), subject: "[Shop] ERROR", tagsSubject: false)
        == expected("2 relays", (30, 29), subject: "[Shop] ERROR"))
  }

  @Test func aMailOfOneRelayStaysAsItIs() {
    #expect(
      marked(.counted(mails: 300, heldBack: 298, relays: 1), subject: "[7x 3f2a9c51]\r\n x")
        == Self.top + "Subject: [7x 3f2a9c51]\r\n x\r\n" + Self.rest)
  }

  @Test func aMailSentAloneSaysWhy() {
    #expect(
      marked(.alone("fleet-away"), subject: "[7x 3f2a9c51]\r\n x")
        == expected("fleet-away", (7, 6), subject: "[7x 3f2a9c51]\r\n x"))
  }

  @Test func aSignedSubjectStays() {
    let text = Self.top + "DKIM-Signature: v=1\r\nSubject: [7x 3f2a9c51] x\r\n\r\nbody"
    let mark = FleetMark.counted(mails: 30, heldBack: 29, relays: 2)
    let head = mark.applied(to: Message(Array(text.utf8)), tagsSubject: true).head
    #expect(String(decoding: head, as: UTF8.self).hasSuffix("Subject: [7x 3f2a9c51] x\r\n\r\nbody"))
  }
}

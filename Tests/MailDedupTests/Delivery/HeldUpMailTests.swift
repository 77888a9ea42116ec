import DedupCore
import Testing

@testable import MailDedup

/// Mail that waits for a way and not for itself.
@Suite struct HeldUpMailTests {
  private let one = QueueID(rawValue: 1)
  private let other = QueueID(rawValue: 2)

  @Test("what was not offered goes each time that the way opens; what was offered goes once, however often that is")
  func once() {
    var mail = HeldUpMail()
    for round in 1...3 {
      mail.note(one, isHeldUp: true, wasOffered: false)
      mail.note(other, isHeldUp: true, wasOffered: true)
      #expect(
        mail.opened() == (round == 1 ? [one, other] : [one]), "a provider that says 421 to it and takes all else")
    }
    #expect(mail.all == [other], "it may still show whether the way is open")
  }

  @Test("one that was settled, or failed for itself, is known no more, and begins anew")
  func forgotten() {
    var mail = HeldUpMail()
    mail.note(one, isHeldUp: true, wasOffered: true)
    #expect(mail.opened() == [one])
    mail.note(one, isHeldUp: false, wasOffered: true)
    #expect(mail.all.isEmpty)
    mail.note(one, isHeldUp: true, wasOffered: true)
    #expect(mail.opened() == [one] && mail.opened().isEmpty)
  }
}

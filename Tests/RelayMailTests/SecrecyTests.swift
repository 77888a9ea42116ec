import DedupCore
import MailMessage
import Testing

@testable import RelayMail

@Suite struct SecrecyTests {
  @Test(
    "what is about errors may hold secrets; what may be for a customer is never made unreadable",
    arguments: [
      (QueueEntry.Kind.report, true), (.notice, true), (.summary, true), (.pass, false), (.bounce, false),
    ])
  func kinds(_ kind: QueueEntry.Kind, _ mayHoldSecrets: Bool) { #expect(kind.mayHoldSecrets == mayHoldSecrets) }

  @Test(
    "the Subject outside names the error by its id and the site, as our topmost fields do",
    arguments: [
      ("", "Error report"),
      ("X-MailDedup-Fingerprint: 2:0123456789abcdef0123456789abcdef\r\n", "Error report [01234567]"),
      (
        "X-MailDedup-Fingerprint: 2:0123456789abcdef\r\nX-MailDedup-Site: shop.settings\r\n"
          + "X-MailDedup-Site: forged\r\n",
        "Error report [01234567] of shop.settings"
      ),
    ])
  func subject(_ fields: String, _ subject: String) {
    let message = Array("\(fields)Subject: secret\r\n\r\n".utf8)
    #expect(QueueEntry.Kind.report.neutralSubject(of: message) == subject)
    // A milestone stands in the thread of its error; a digest is about several.
    #expect(QueueEntry.Kind.notice.neutralSubject(of: message) == (fields.isEmpty ? "News of errors" : subject))
  }
}

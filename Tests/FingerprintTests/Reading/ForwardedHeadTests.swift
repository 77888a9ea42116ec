import Fingerprint
import Testing

/// Mail that somebody sent on without a field that says so.
@Suite struct ForwardedHeadTests {
  static let heads: [(String, String)] = [
    (
      "Outlook's",
      "-----Original Message-----\nFrom: django@a.example <django@a.example>\nSent: Monday\nTo: admin@a.example"
    ),
    ("Apple's", "Begin forwarded message:\n\nFrom: django@a.example\nSubject: x\nDate: 30 November 2026"),
    (
      "Apple's, in German",
      "Anfang der weitergeleiteten Nachricht:\n\nVon: d@a.example\nBetreff: x\nDatum: 30. November"
    ),
    (
      "Outlook's, in Chinese", "________________________________\n发件人: d@a.example\n发送时间: 2026年11月30日\n收件人: k@a.example"
    ),
    (
      "Gmail's",
      "---------- Forwarded message ---------\nFrom: <django@a.example>\nDate: Mon, Nov 30\nSubject: x\nTo: k@a.example"
    ),
    ("fields alone", "De : d@a.example\nEnvoyé : lundi 30 novembre\nÀ : k@a.example"),
  ]

  @Test("a report that a person sent on is a person's, below the head of another mail:", arguments: heads)
  func persons(_ shows: String, _ head: String) {
    let mail = SampleMail()
    func sent(_ from: String, _ id: String, _ body: String) -> String {
      SampleMail.outcome(OwnLayout(mail.subject, body, from: from, id: id).bytes)
    }
    let body = head + "\nX: y\n\n" + mail.report
    #expect(sent("Kim <kim@a.example>", OwnLayout.random, body) == "quoted-traceback")
    #expect(sent("Kim <kim@a.example>", OwnLayout.random, head + "\n\n" + OwnLayout.traceback) == "quoted-traceback")
    #expect(sent("Kim <kim@a.example>", OwnLayout.random, mail.report) == "report")
    #expect(sent("django@a.example", OwnLayout.numbered, body) != "quoted-traceback", "a program may print such fields")
    let visitors = "From: kim@a.example, thanks\nSent: x\nTo: k@a.example"
    let logged = OwnLayout(
      "[Shop] ERROR: " + visitors.replacing("\n", with: "\\n"), visitors + "\n\n" + mail.report,
      from: "Shop <kim@a.example>", id: OwnLayout.random)
    #expect(SampleMail.outcome(logged.bytes) != "quoted-traceback", "what the Subject says was logged")
  }
}

import MailTestKit
import Testing

@testable import MailMessage

@Suite struct EnvelopedMailTests {
  private static let envelope =
    "MIME-Version: 1.0\r\n"
    + "Content-Type: application/pkcs7-mime; smime-type=enveloped-data;\r\n name=\"smime.p7m\"\r\n"
    + "Content-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"smime.p7m\"\r\n"

  private func enveloped(_ message: String, hiding neutral: String? = nil) -> (outside: String, inside: String)? {
    guard let mail = EnvelopedMail(Array(message.utf8), hidingSubjectBehind: neutral) else { return nil }
    return (
      String(decoding: mail.message(around: Array("QUJD\r\n".utf8)), as: UTF8.self),
      String(decoding: mail.content, as: UTF8.self)
    )
  }

  struct Case: CustomTestStringConvertible {
    var why: String
    var message: String
    var outside: String
    var inside: String
    var testDescription: String { why }
  }

  private static let cases = [
    Case(
      why: "what describes the body goes inside, in its order, the rest stays as it stands, folds and all",
      message: "Received: by x\r\n\tfor y\r\nSubject: a\r\n b\r\nMIME-Version: 1.0\r\n"
        + "Content-Type: text/plain;\r\n charset=utf-8\r\nFrom: z\r\ncontent-transfer-encoding: 8BIT\r\n\r\nGrüße\r\n",
      outside: "Received: by x\r\n\tfor y\r\nSubject: a\r\n b\r\nFrom: z\r\n",
      inside: "Content-Type: text/plain;\r\n charset=utf-8\r\ncontent-transfer-encoding: 8BIT\r\n\r\nGrüße\r\n"),
    Case(
      why: "a mail that describes nothing is a body below an empty line",
      message: "Subject: a\r\n\r\nb", outside: "Subject: a\r\n", inside: "\r\nb"),
    Case(why: "a mail without a body", message: "Subject: a\r\n\r\n", outside: "Subject: a\r\n", inside: "\r\n"),
    Case(why: "a mail that ends with its header", message: "Subject: a\r\n", outside: "Subject: a\r\n", inside: "\r\n"),
    Case(
      why: "a line that is no field ends the header, and is body",
      message: "Subject: a\r\nTraceback (most recent call last)\r\nx: y\r\n", outside: "Subject: a\r\n",
      inside: "\r\nTraceback (most recent call last)\r\nx: y\r\n"),
    Case(
      why: "an empty line at the start of the body stays",
      message: "Subject: a\r\n\r\n\r\nb\r\n", outside: "Subject: a\r\n", inside: "\r\n\r\nb\r\n"),
    Case(
      why: "a mail without any header is all body", message: "\r\nb\r\n", outside: "", inside: "\r\nb\r\n"),
    Case(
      why: "signed mail is encrypted with its signature",
      message: "Content-Type: multipart/signed; boundary=x\r\nSubject: a\r\n\r\n--x\r\n", outside: "Subject: a\r\n",
      inside: "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\n"),
  ]

  @Test(
    "the fields of the content go inside and all others stay outside",
    arguments: cases) func split(_ expected: Case) throws
  {
    let (outside, inside) = try #require(enveloped(expected.message))
    #expect(outside == expected.outside + Self.envelope + "\r\nQUJD\r\n")
    #expect(inside == expected.inside)
  }

  @Test(
    "mail that only its readers can read is left alone",
    arguments: [
      ("multipart/encrypted; protocol=\"application/pgp-encrypted\"", true),
      ("application/pkcs7-mime; name=x; SMIME-Type=\"enveloped-data\"", true),
      ("application/pkcs7-mime;\r\n smime-type = authEnveloped-data", true),
      ("application/x-pkcs7-mime; smime-type=enveloped-data; name=\"smime.p7m\"", true),
      ("application/pkcs7-mime; smime-type=signed-data", false), ("application/pkcs7-mime", false),
      ("multipart/signed; boundary=x", false), ("text/plain; x=\"multipart/encrypted\"", false),
    ])
  func encryptedAlready(_ type: String, _ isEncrypted: Bool) {
    #expect((enveloped("Content-Type: \(type)\r\n\r\nx") == nil) == isEncrypted)
  }

  @Test("whatever the mail is made of, each octet of it is outside or inside, and the body is inside")
  func nothingIsLost() throws {
    let pieces = [
      "Subject: a\r\n", "Content-Type: text/plain\r\n", "content-", ": x", " folded\r\n", "\r\n", "\n", "From you\r\n",
      "MIME-Version: 1.0\r\n", "Content-Type: multipart/mixed;\r\n boundary=x\r\n", "\u{0}\u{FF}", "X: y\r\n", "-",
      "\r",
    ].map { Array($0.utf8) }
    var random = SplitMix(seed: 1)
    for _ in 0..<5000 {
      var message: [UInt8] = []
      for _ in 0..<12 { message += pieces[random.next(below: pieces.count)] }
      let mail = try #require(EnvelopedMail(message))
      let octets = Array("\r\n".utf8) + message
      let body = mail.content.suffix(from: try #require(Self.end(ofHeader: mail.content)))
      #expect(octets.suffix(body.count) == body)
      let kept = mail.content.count + mail.message(around: []).count - Self.envelope.utf8.count - 2
      // The end of a last line and the empty line behind the header may be added; MIME-Version goes.
      #expect(((message.count - 12 * 19)...(message.count + 4)).contains(kept))
      _ = EnvelopedMail(message, hidingSubjectBehind: "n")
    }
  }

  /// Where the body of an entity begins that we made.
  private static func end(ofHeader entity: [UInt8]) -> Int? {
    var start = 0
    while start < entity.count {
      if entity[start...].starts(with: [0x0D, 0x0A]) { return start + 2 }
      guard let lineEnd = entity[start...].firstIndex(of: 0x0A) else { return nil }
      start = lineEnd + 1
    }
    return nil
  }

  @Test("a hidden Subject goes inside, with the fields that a reader is shown and what they are outside")
  func hiddenSubject() throws {
    let message =
      "Received: by x\r\nSubject: [Shop] ERROR: /reset/s3cret\r\nFrom: a@x\r\nX-Own: 1\r\nMIME-Version: 1.0\r\n"
      + "Content-Type: text/plain; charset=\"utf-8\";\r\n\r\nbody\r\n"
    let (outside, inside) = try #require(enveloped(message, hiding: "Error report"))
    #expect(
      outside == "Received: by x\r\nSubject: Error report\r\nFrom: a@x\r\nX-Own: 1\r\n" + Self.envelope
        + "\r\nQUJD\r\n")
    #expect(
      inside == "Subject: [Shop] ERROR: /reset/s3cret\r\nFrom: a@x\r\n"
        + "HP-Outer: Subject: Error report\r\nHP-Outer: From: a@x\r\n"
        + "Content-Type: text/plain; charset=\"utf-8\";\r\n hp=\"cipher\"; protected-headers=\"v1\"\r\n\r\nbody\r\n")
  }

  @Test(
    "whatever stands in front of the body, the marks of a hidden Subject get their own field or join the one there",
    arguments: [
      ("", "Content-Type: text/plain;\r\n hp=\"cipher\"; protected-headers=\"v1\"\r\n"),
      (
        "Content-Type: text/html\r\n\t; charset=x ; \r\nContent-Language: de\r\n",
        "Content-Type: text/html\r\n\t; charset=x;\r\n hp=\"cipher\"; protected-headers=\"v1\"\r\nContent-Language: de\r\n"
      ),
    ])
  func marks(_ fields: String, _ expected: String) throws {
    let (_, inside) = try #require(enveloped("\(fields)Subject: s\r\n\r\nb", hiding: "n"))
    #expect(inside == "Subject: s\r\nHP-Outer: Subject: n\r\n\(expected)\r\nb")
  }
}

import MailMessage
import Testing

@Suite struct MessageBuilderTests {
  static func builder(_ content: OutgoingPart) -> MessageBuilder {
    MessageBuilder(
      fromName: "MailDedup", from: EmailAddress("relay@example.org"), to: [EmailAddress("admin@example.org")],
      subject: "Grüße", date: CivilTime(secondsSinceEpoch: 1_795_356_185, offsetMinutes: 60), messageID: "1A@relay",
      fields: [.init("Precedence", "bulk")], content: content)
  }

  static func text(_ builder: MessageBuilder) -> String { String(decoding: builder.build(), as: UTF8.self) }

  @Test("text and HTML are an alternative")
  func writesAnAlternative() {
    let expected = """
      From: "MailDedup" <relay@example.org>
      To: admin@example.org
      Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
      Date: Sun, 22 Nov 2026 15:03:05 +0100
      Message-ID: <1A@relay>
      Auto-Submitted: auto-generated
      Precedence: bulk
      MIME-Version: 1.0
      Content-Type: multipart/alternative; boundary="=_1_1Arelay"

      --=_1_1Arelay
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      caf=C3=A9

      --=_1_1Arelay
      Content-Type: text/html; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      <b>caf=C3=A9</b>

      --=_1_1Arelay--

      """
    let message = Self.text(Self.builder(MessageBuilder.alternative(text: "café", html: "<b>café</b>")))
    #expect(message == expected.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\r\n"))
  }

  @Test("octets go as they are only if they may")
  func bytesGoAsTheyAreOnlyIfTheyMay() {
    func encoding(_ bytes: [UInt8]) -> Bool {
      String(decoding: OutgoingPart.bytes(bytes, type: "x/y").render(seed: ""), as: UTF8.self).contains("7bit")
    }
    #expect(encoding(Array("a: b\r\n".utf8)))
    #expect(encoding([]))
    for text in ["a", "a\n", "a\r\r\n", "ü\r\n", "\u{0}\r\n", "a\rb\r\n", String(repeating: "x", count: 999) + "\r\n"] {
      #expect(!encoding(Array(text.utf8)))
    }
  }

  @Test("a returned header may hold what looks like our boundary: somebody may have guessed it")
  func boundariesAreNotInTheParts() {
    let hostile = Array("X: y\r\n--=_1_1Arelay\r\n--=_1_1Arelayx--\r\n".utf8)
    let part = OutgoingPart.multipart(
      subtype: "report", parameters: ["report-type=delivery-status"], parts: [.bytes(hostile, type: "text/plain")])
    let text = Self.text(Self.builder(part))
    #expect(
      text.contains("Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"=_1_1Arelayxx\""))
    #expect(text.hasSuffix("\r\n--=_1_1Arelayxx--\r\n"))
  }

  @Test("nested boundaries differ")
  func nestedBoundariesDiffer() {
    let inner = OutgoingPart.multipart(subtype: "alternative", parameters: [], parts: [.text("a", type: "text/plain")])
    let outer = OutgoingPart.multipart(subtype: "mixed", parameters: [], parts: [inner, inner])
    let text = String(decoding: outer.render(seed: "a-b@c"), as: UTF8.self)
    for boundary in ["=_1_abc", "=_2_abc", "=_3_abc"] { #expect(text.contains("boundary=\"\(boundary)\"")) }
  }

  @Test("no value can add a field")
  func noValueCanAddAField() {
    var builder = Self.builder(.text("", type: "text/plain"))
    builder.fromName = "a\"\r\nBcc: x"
    builder.from = EmailAddress("a>\r\nBcc: x")
    builder.to = []
    builder.subject = "a\r\nBcc: x"
    builder.messageID = "a>\r\nBcc: x"
    let text = Self.text(builder)
    #expect(!text.contains("\r\nBcc"))
    #expect(!text.contains("To:"))
  }
}

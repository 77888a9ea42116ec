import MailMessage
import Testing

/// What a mail becomes for a server that takes only 7 bits.
struct SevenBitFormTests {
  private func form(_ text: String) throws -> String {
    let bytes = Array(text.replacing("\n", with: "\r\n").utf8)
    return String(decoding: try SevenBitForm.of(bytes), as: UTF8.self).replacing("\r\n", with: "\n")
  }

  @Test("a text becomes quoted-printable, and its field says so")
  func text() throws {
    let mail = """
      Subject: x
      MIME-Version: 1.0
      Content-Type: text/plain; charset="utf-8"
      Content-Transfer-Encoding: 8bit
      X-After: y

      Grüße = 1
      .

      """
    let expected = """
      Subject: x
      MIME-Version: 1.0
      Content-Type: text/plain; charset="utf-8"
      Content-Transfer-Encoding: quoted-printable
      X-After: y

      Gr=C3=BC=C3=9Fe =3D 1
      =2E

      """
    #expect(try form(mail) == expected)
  }

  @Test("the field is added where there is none, behind the others")
  func addsField() throws {
    let mail = "MIME-Version: 1.0\nContent-Type: text/plain;\n charset=utf-8\n\né\n"
    let field = "Content-Transfer-Encoding: quoted-printable"
    #expect(try form(mail) == "MIME-Version: 1.0\nContent-Type: text/plain;\n charset=utf-8\n\(field)\n\n=C3=A9\n")
  }

  @Test("of a multipart only the leaves with 8 bits change, and line ends before boundaries stay")
  func parts() throws {
    let mail = """
      MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary="b"
      Content-Transfer-Encoding: 8bit

      preamble
      --b
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: 8bit

      é
      --b
      Content-Type: multipart/alternative; boundary=c

      --c

      plain
      --c
      Content-Type: text/html; charset=utf-8

      ü

      --c--
      --b
      Content-Type: image/png
      Content-Transfer-Encoding: base64

      AAAA
      --b--
      the end

      """
    let expected = """
      MIME-Version: 1.0
      Content-Type: multipart/mixed; boundary="b"
      Content-Transfer-Encoding: 7bit

      preamble
      --b
      Content-Type: text/plain; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      =C3=A9
      --b
      Content-Type: multipart/alternative; boundary=c

      --c

      plain
      --c
      Content-Type: text/html; charset=utf-8
      Content-Transfer-Encoding: quoted-printable

      =C3=BC

      --c--
      --b
      Content-Type: image/png
      Content-Transfer-Encoding: base64

      AAAA
      --b--
      the end

      """
    #expect(try form(mail) == expected)
  }

  @Test("a mail in a mail is converted inside")
  func nested() throws {
    let type = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n"
    let inner = "Subject: y\n\(type)Content-Transfer-Encoding: 8bit\n\né\n"
    let mail = "MIME-Version: 1.0\nContent-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n" + inner
    let expected = mail.replacing("8bit\n\nSubject", with: "7bit\n\nSubject").replacing(
      "8bit", with: "quoted-printable"
    )
    .replacing("é", with: "=C3=A9")
    #expect(try form(mail) == expected)
  }

  @Test("what is 7-bit stays as it is, whatever it claims")
  func sevenBit() throws {
    let mail = "Subject: é\nContent-Transfer-Encoding: 8bit\n\nplain\n"
    #expect(try form(mail) == mail)
  }

  @Test(
    "what cannot be changed without harm stays as it is",
    arguments: [
      (
        "Content-Type: multipart/signed; boundary=b\nMIME-Version: 1\n\n--b\n\né\n--b--\n", SevenBitForm.Obstacle.signed
      ),
      ("DKIM-Signature: x\nMIME-Version: 1.0\n\né\n", .signed),
      ("Subject: x\n\né\n", .notMIME),
      ("é\n", .notMIME),
      ("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\né\n", .malformed),
      ("MIME-Version: 1.0\nContent-Type: multipart/mixed\n\né\n", .malformed),
      ("MIME-Version: 1.0\nContent-Transfer-Encoding: base64\n\né\n", .malformed),
    ])
  func obstacles(mail: String, obstacle: SevenBitForm.Obstacle) {
    #expect(throws: obstacle) { try form(mail) }
  }

  @Test("mails that nest too deep stay as they are")
  func depth() {
    let mail = String(repeating: "MIME-Version: 1.0\nContent-Type: message/rfc822\n\n", count: 30) + "é\n"
    #expect(throws: SevenBitForm.Obstacle.malformed) { try form(mail) }
  }
}

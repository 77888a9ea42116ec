import MailMessage
import Testing

@Suite struct HeaderWriterTests {
  static func text(_ value: String, name: String = "Subject") -> String {
    String(decoding: HeaderWriter.text(name, value), as: UTF8.self)
  }

  @Test("plain text stays plain")
  func plainTextStaysPlain() {
    #expect(Self.text("shop.settings") == "Subject: shop.settings\r\n")
    #expect(Self.text("") == "Subject:\r\n")
  }

  @Test("long lines are folded at spaces")
  func foldsAtSpaces() {
    let field = Self.text(String(repeating: "word ", count: 40))
    let lines = field.split(separator: "\r\n")
    #expect(lines.count > 2)
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    #expect(lines.dropFirst().allSatisfy { $0.hasPrefix(" ") })
  }

  @Test("a value cannot break out of its field")
  func valueCannotBreakOut() {
    #expect(Self.text("a\r\nBcc: b\u{0}\u{1B}[2J") == "Subject: a Bcc: b[2J\r\n")
    #expect(Self.text("a\u{85}\u{2028}b") == "Subject: ab\r\n")
  }

  @Test("other text becomes encoded words")
  func otherTextBecomesEncodedWords() {
    #expect(Self.text("Caf\u{E9} – zu") == "Subject: =?utf-8?q?Caf=C3=A9_=E2=80=93_zu?=\r\n")
    #expect(Self.text("=?x") == "Subject: =?utf-8?q?=3D=3Fx?=\r\n")
  }

  @Test(
    "encoded words stay short and keep scalars whole",
    arguments: ["ü", "日", "👩‍👩‍👧‍👦", "x"])
  func encodedWordsStayShortAndKeepScalarsWhole(_ unit: String) {
    let field = Self.text(String(repeating: unit, count: 1500), name: "X-MailDedup-Site")
    for line in field.split(separator: "\r\n") {
      #expect(line.utf8.count <= 76)
      let word = line.split(separator: " ").last ?? ""
      #expect(word.hasPrefix("=?utf-8?q?") && word.hasSuffix("?=") && word.utf8.count <= 75)
    }
  }

  @Test("addresses are listed")
  func listsAddresses() {
    let field = HeaderWriter.addresses("To", (1...6).map { EmailAddress("administrator\($0)@example.org") })
    let lines = String(decoding: field, as: UTF8.self).split(separator: "\r\n")
    #expect(lines.allSatisfy { $0.utf8.count <= 78 })
    #expect(lines.last == " administrator5@example.org, administrator6@example.org")
    let evil = HeaderWriter.addresses("To", [EmailAddress("a\r\nBcc: b")])
    #expect(String(decoding: evil, as: UTF8.self) == "To: a Bcc: b\r\n")
  }
}

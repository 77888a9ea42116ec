import MailMessage
import Testing

@Suite struct TraceHeaderTests {
  static func received(
    helo: String = "web1.example.org", address: String = "192.0.2.7", by: String = "relay.example.org",
    transmission: String = "ESMTP", id: String = "01KAN5GZJ4V3M", to recipients: [String] = ["admin@example.org"]
  ) -> String {
    let bytes = TraceHeader.received(
      helo: helo, address: address, by: by, transmission: transmission, id: id,
      recipients: recipients.map { EmailAddress($0) }, date: CivilTime(secondsSinceEpoch: 1_795_356_185))
    return String(decoding: bytes, as: UTF8.self)
  }

  @Test("the trace header names client, host, id and recipient")
  func namesClientHostIdAndRecipient() {
    let expected = """
      Received: from web1.example.org ([192.0.2.7])\r
      \tby relay.example.org (MailDedup) with ESMTP id 01KAN5GZJ4V3M\r
      \tfor <admin@example.org>;\r
      \tSun, 22 Nov 2026 14:03:05 +0000\r

      """
    #expect(Self.received() == expected)
  }

  /// Two admins would learn of each other, and a hundred would make a line of 4 kB.
  @Test(
    "no recipient is named but an only, plain one",
    arguments: [
      [], ["a@example.org", "b@example.org"], [""], ["a\r\nBcc: x@y@example.org"], ["jürgen@example.org"],
    ])
  func namesNoRecipientButAnOnlyPlainOne(_ recipients: [String]) {
    let field = Self.received(to: recipients)
    #expect(!field.contains("for <"))
    #expect(field.contains("id 01KAN5GZJ4V3M;\r\n\tSun"))
  }

  @Test(
    "what HELO said is cleaned",
    arguments: [
      ("[192.0.2.7]", "from [192.0.2.7] ("),
      ("[IPv6:2001:db8::1]", "from [IPv6:2001:db8::1] ("),
      ("", "from unknown ("),
      ("a(b)c", "from a?b?c ("),
      ("a\r\nX-Evil: 1", "from a??X-Evil:?1 ("),
      ("a;b<c>\"d\"\\", "from a?b?c??d?? ("),
      ("[a]b[c]", "from [a?b?c] ("),
      ("m\u{FC}n", "from m??n ("),
      ("\u{0}\u{7F}", "from ?? ("),
    ])
  func cleansWhatHeloSaid(_ helo: String, _ expected: String) {
    #expect(Self.received(helo: helo).contains(expected))
  }

  /// RFC 5321 section 4.4 lets only an address stand as TCP-info; the word is a comment, which may stand there too.
  @Test(
    "an address literal stands as TCP-info, and other words as a comment",
    arguments: [("::1", "([IPv6:::1])"), ("127.0.0.1", "([127.0.0.1])"), ("unix", "(unix)"), ("", "(unknown)")])
  func writesAddressLiterals(_ address: String, _ expected: String) {
    #expect(Self.received(address: address).contains(expected))
  }

  @Test("whatever is long is cut and folded")
  func cutsAndFoldsWhateverIsLong() {
    let long = String(repeating: "x", count: 4000)
    let field = Self.received(
      helo: long, address: long, by: long, transmission: long, id: long, to: [String(repeating: "r", count: 300)])
    let lines = field.split(separator: "\r\n", omittingEmptySubsequences: false)
    #expect(lines.allSatisfy { $0.utf8.count <= 330 })
    #expect(lines.dropFirst().dropLast().allSatisfy { $0.hasPrefix("\t") })
    #expect(lines.last == "")
  }

  @Test("a line is folded where it would pass 78 columns")
  func foldsWhereTheLineWouldPass78Columns() {
    let host = String(repeating: "h", count: 60) + ".example.org"
    let field = Self.received(helo: host, by: host)
    #expect(
      field.hasPrefix("Received: from \(host)\r\n\t([192.0.2.7])\r\n\tby \(host)\r\n\t(MailDedup) with"),
      "the first line holds more than the name of the field, however long that is")
  }
}

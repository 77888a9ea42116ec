import MailMessage
import Testing

/// The grammar of RFC 5321 section 4.1.2 as MAIL, RCPT and the configuration use it.
struct EmailAddressTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let text: String
    var direction = EmailAddress.Direction.forward
    var allowingUTF8 = false
    let expected: Result<String, EmailAddress.SyntaxFault>
    let shows: String

    var testDescription: String { "\(text): \(shows)" }

    static func ok(_ text: String, _ address: String, _ shows: String) -> Case {
      Case(text: text, expected: .success(address), shows: shows)
    }
    static func no(_ text: String, _ fault: EmailAddress.SyntaxFault, _ shows: String) -> Case {
      Case(text: text, expected: .failure(fault), shows: shows)
    }
    static func sender(_ text: String, _ expected: Result<String, EmailAddress.SyntaxFault>, _ shows: String) -> Case {
      Case(text: text, direction: .reverse, expected: expected, shows: shows)
    }
    static func utf8(_ text: String, _ address: String, _ shows: String) -> Case {
      Case(text: text, allowingUTF8: true, expected: .success(address), shows: shows)
    }

    func check() {
      let outcome: Result<String, EmailAddress.SyntaxFault>
      do throws(EmailAddress.SyntaxFault) {
        let bytes = Array(text.utf8)
        outcome = .success(try EmailAddress.parsePath(bytes[...], direction, allowingUTF8: allowingUTF8).address.text)
      } catch { outcome = .failure(error) }
      #expect(outcome == expected, "\(shows)")
    }
  }

  static let cases: [Case] = [
    .ok("<a@b.example>", "a@b.example", "the ordinary form"),
    .ok("<Mixed.Case+tag@B.Example>", "Mixed.Case+tag@B.Example", "nothing is changed"),
    .ok("<!#$%&'*+-/=?^_`{|}~@b>", "!#$%&'*+-/=?^_`{|}~@b", "all of atext"),
    .ok("<a@localhost>", "a@localhost", "a domain of one label"),
    .ok("<root@web_1.internal>", "root@web_1.internal", "container hosts have underscores"),
    .ok("<\"a b\"@c>", "\"a b\"@c", "a quoted local part with a blank"),
    .ok("<\"a>@\\\"\"@c>", "\"a>@\\\"\"@c", "brackets, at signs and quotes inside quotes end nothing"),
    .ok("<\"\"@c>", "\"\"@c", "an empty quoted string is in the grammar"),
    .ok("<a@[192.0.2.1]>", "a@[192.0.2.1]", "an IPv4 literal"),
    .ok("<a@[IPv6:::1]>", "a@[IPv6:::1]", "the shortest IPv6 literals"),
    .ok("<a@[IPv6:::]>", "a@[IPv6:::]", "the unspecified address"),
    .ok("<a@[IPv6:1:2:3:4:5:6:7:8]>", "a@[IPv6:1:2:3:4:5:6:7:8]", "a full IPv6 literal"),
    .ok("<a@[ipv6:2001:db8::192.0.2.1]>", "a@[ipv6:2001:db8::192.0.2.1]", "IPv4 in IPv6, and the tag in any case"),
    .ok("<@x.example,@y.example:a@b>", "a@b", "a source route is stripped"),
    .ok("<postmaster>", "postmaster", "needs no domain"),
    .ok("<POSTMASTER>", "POSTMASTER", "in any case"),
    .ok(
      "<" + String(repeating: "a", count: 200) + "@b>", String(repeating: "a", count: 200) + "@b",
      "VERP senders are long"),
    .no("a@b", .noBrackets, "brackets are needed"),
    .no("<a@b", .unclosed, "and both of them"),
    .no("<>", .empty, "only a sender can be null"),
    .no("<a>", .noDomain, "only postmaster has no domain"),
    .no("<postmasters>", .noDomain, "and nobody who is called similarly"),
    .no("<a@>", .badDomain, "an empty domain"),
    .no("<@b>", .badRoute, "no local part"),
    .no("<a b@c>", .badLocalPart, "a blank that is not quoted"),
    .no("<a@b@c>", .badDomain, "a second at sign"),
    .no("<a@@c>", .badDomain, "two of them together"),
    .ok("<a..b@c>", "a..b@c", "two dots, which carriers gave out"),
    .ok("<.a@c>", ".a@c", "a dot at the start"),
    .ok("<a.@c>", "a.@c", "a dot at the end"),
    .no("<a@b..c>", .badDomain, "an empty label"),
    .no("<a@b.>", .badDomain, "a dot behind the domain"),
    .no("<a@b c>", .badDomain, "a blank in the domain"),
    .no("<\"a@b>", .unclosedQuote, "an open quote"),
    .no("<\"a\tb\"@c>", .unclosedQuote, "a control character in quotes"),
    .no("<a\u{7F}@c>", .badLocalPart, "DEL"),
    .no("<a@[192.0.2.256]>", .badLiteral, "an octet that is none"),
    .no("<a@[192.0.2]>", .badLiteral, "three octets"),
    .no("<a@[IPv6:1:2:3]>", .badLiteral, "too few groups"),
    .no("<a@[IPv6:1::2::3]>", .badLiteral, "two gaps"),
    .no("<a@[IPv6:1:2:3:4:5:6:7:8:9]>", .badLiteral, "too many groups"),
    .no("<a@[IPv6\u{1A}::1]>", .badLiteral, "a control character that differs from a colon in bit 5 only"),
    .no("<a@[x:y]>", .badLiteral, "an unregistered tag"),
    .no("<a@" + String(repeating: "b", count: 64) + ">", .domainTooLong, "a label of 64 octets"),
    .no("<" + String(repeating: "a", count: 257) + "@b>", .localPartTooLong, "a local part without end"),
    .no("<é@b>", .needsUTF8, "UTF-8 without SMTPUTF8"),
    .no("<\"é\"@b>", .needsUTF8, "also in quotes"),
    .utf8("<é@bücher.example>", "é@bücher.example", "UTF-8 on both sides"),
    .sender("<>", .success(""), "the null sender"),
    .sender("<postmaster>", .failure(.noDomain), "a sender needs a domain"),
  ]

  @Test(
    "a path of MAIL or RCPT is read as RFC 5321 writes it",
    arguments: cases)
  func path(_ example: Case) { example.check() }

  @Test("what follows the path is left for the parameters")
  func rest() throws {
    let bytes = Array("<a@b> SIZE=1".utf8)
    #expect(try EmailAddress.parsePath(bytes[...], .reverse, allowingUTF8: false).rest == bytes[5...])
  }

  @Test("a mailbox of the configuration stands without brackets and alone")
  func mailbox() throws {
    #expect(try EmailAddress.parse("root@example.org").text == "root@example.org")
    #expect(throws: EmailAddress.SyntaxFault.trailing) { try EmailAddress.parse("a@b c") }
    #expect(throws: EmailAddress.SyntaxFault.needsUTF8) { try EmailAddress.parse("é@b", allowingUTF8: false) }
  }
}

/// FINDS S3: addresses that carriers gave out, and the form in which they leave.
struct CarrierAddressTests {
  @Test(
    "an address leaves with quotes where its local part needs them",
    arguments: [
      ("hoge.@docomo.example", "\"hoge.\"@docomo.example"), (".hoge@docomo.example", "\".hoge\"@docomo.example"),
      ("try..this@ezweb.example", "\"try..this\"@ezweb.example"), ("a.b@c.example", "a.b@c.example"),
      ("\"a..b\"@c.example", "\"a..b\"@c.example"), ("postmaster", "postmaster"), ("", ""),
      ("a@[IPv6:::1]", "a@[IPv6:::1]"),
    ])
  func leavesQuoted(_ address: String, _ quoted: String) {
    #expect(EmailAddress(address).quoted == quoted)
    guard address.contains("@") else { return }
    #expect(throws: Never.self) { try EmailAddress.parse(address) }
    #expect(throws: Never.self) { try EmailAddress.parse(quoted) }
  }
}

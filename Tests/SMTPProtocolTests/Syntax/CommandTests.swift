import MailMessage
import SMTPProtocol
import Testing

/// One command line at a time.
struct CommandTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let line: String
    let expected: Result<Command, Reply>
    let shows: String
    var testDescription: String { "\(line): \(shows)" }
  }

  private static func ok(_ line: String, _ command: Command, _ shows: String) -> Case {
    Case(line: line, expected: .success(command), shows: shows)
  }

  private static func no(_ line: String, _ code: Int, _ status: EnhancedStatusCode, _ shows: String) -> Case {
    Case(line: line, expected: .failure(Reply(code, status)), shows: shows)
  }

  private static func mail(
    _ sender: String, size: Int? = nil, body: Envelope.BodyType = .unspecified, utf8: Bool = false,
    status: DeliveryStatusRequest? = nil
  ) -> Command {
    var arguments = Command.MailArguments(sender: EmailAddress(sender))
    arguments.declaredSize = size
    arguments.body = body
    arguments.usesSMTPUTF8 = utf8
    arguments.statusRequest = status
    return .mail(arguments)
  }

  static let cases: [Case] = [
    ok("EHLO client.example", .hello("client.example", extended: true), "the ordinary greeting"),
    ok("helo  a b ", .hello("a b", extended: false), "blanks around the name are none of it"),
    no("EHLO", 501, .init(5, 5, 4), "a greeting without name"),
    no("EHLO \u{7F}", 501, .init(5, 5, 4), "a name that is not printable"),
    ok("MAIL FROM:<a@b>", mail("a@b"), "the ordinary sender"),
    ok("mail from:<>", mail(""), "the null sender, in any case of letters"),
    ok("MAIL FROM:<a@b> SIZE=10 BODY=8bitMIME", mail("a@b", size: 10, body: .eightBitMIME), "parameters"),
    ok("MAIL FROM:<a@b>  BODY=7BIT ", mail("a@b", body: .sevenBit), "more blanks than needed"),
    ok("MAIL FROM:<é@b> SMTPUTF8", mail("é@b", utf8: true), "the parameter allows the address before it"),
    ok("MAIL FROM:<a@b> SIZE=99999999999999999999", mail("a@b", size: .max), "a size beyond any number of ours"),
    no("MAIL FROM:<é@b>", 553, .init(5, 6, 7), "UTF-8 without SMTPUTF8"),
    no("MAIL FROM:<a@b> SIZE=", 500, .init(5, 5, 2), "a parameter that lacks its value"),
    no("MAIL FROM:<a@b> SIZE", 501, .init(5, 5, 4), "the same without the sign"),
    no("MAIL FROM:<a@b> BODY=X", 501, .init(5, 5, 4), "a body of no kind"),
    no("MAIL FROM:<a@b> X=1 X=2", 501, .init(5, 5, 4), "a parameter twice"),
    no("MAIL FROM:<a@b> FOO=1", 555, .init(5, 5, 4), "an unknown parameter"),
    no("MAIL FROM:<a@b>SIZE=1", 500, .init(5, 5, 2), "no blank before a parameter"),
    no("MAIL FROM<a@b>", 501, .init(5, 5, 4), "no colon"),
    no("MAIL FROM:a@b", 501, .init(5, 1, 7), "no brackets"),
    ok("RCPT TO:<c@d>", .recipient(EmailAddress("c@d")), "the ordinary recipient"),
    no("RCPT TO:<>", 501, .init(5, 1, 3), "a null recipient"),
    no("RCPT TO:<c@d> FOO=1", 555, .init(5, 5, 4), "an unknown parameter"),
    ok("MAIL FROM:<a@b> RET=full", mail("a@b", status: .init(returns: .full)), "the whole mail back"),
    ok(
      "MAIL FROM:<a@b> ENVID=x+2By RET=HDRS",
      mail("a@b", status: .init(returns: .headers, envelopeID: Xtext("x+2By"))), "the header back, and an id"),
    no("MAIL FROM:<a@b> RET=NONE", 501, .init(5, 5, 4), "nothing back"),
    no("MAIL FROM:<a@b> RET=FULL RET=HDRS", 501, .init(5, 5, 4), "RET twice"),
    no("MAIL FROM:<a@b> ENVID=a+", 501, .init(5, 5, 4), "an id that is no xtext"),
    no("MAIL FROM:<a@b> ENVID=a+00", 501, .init(5, 5, 4), "an id that is not printable"),
    no("MAIL FROM:<a@b> ENVID", 501, .init(5, 5, 4), "an id without a value"),
    no("MAIL FROM:<a@b> ENVID=\(String(repeating: "x", count: 101))", 501, .init(5, 5, 4), "an id too long"),
    ok("RCPT TO:<c@d> NOTIFY=NEVER", .recipient(EmailAddress("c@d"), .init(notify: .never)), "nothing to be told"),
    ok(
      "RCPT TO:<c@d> ORCPT=rfc822;e+2Bf@g NOTIFY=delay,success",
      .recipient(
        EmailAddress("c@d"),
        .init(
          notify: [.success, .delay], original: OriginalRecipient("rfc822;e+2Bf@g", allowingUTF8: false))),
      "events in any order, and whom it was for at first"),
    no("RCPT TO:<c@d> NOTIFY=NEVER,DELAY", 501, .init(5, 5, 4), "NEVER is never with others"),
    no("RCPT TO:<c@d> NOTIFY=DELAY,DELAY", 501, .init(5, 5, 4), "an event twice"),
    no("RCPT TO:<c@d> NOTIFY", 501, .init(5, 5, 4), "no event"),
    no("RCPT TO:<c@d> NOTIFY=DELAY NOTIFY=DELAY", 501, .init(5, 5, 4), "NOTIFY twice"),
    no("RCPT TO:<c@d> ORCPT=c@d", 501, .init(5, 5, 4), "an address without a type"),
    no("RCPT TO:<c@d> ORCPT=utf-8;é@d", 500, .init(5, 5, 2), "UTF-8 in a transaction without SMTPUTF8"),
    no("RCPT TO:<c@d> ENVID=x", 555, .init(5, 5, 4), "a parameter of MAIL"),
    no("RCPT TO:<é@d>", 553, .init(5, 6, 7), "UTF-8 in a transaction without SMTPUTF8"),
    ok("DATA", .data, "without arguments"),
    no("DATA x", 501, .init(5, 5, 4), "and with"),
    ok("NOOP x", .noop, "NOOP may have one"),
    ok("HELP MAIL", .help, "and HELP"),
    ok("RSET \t", .reset, "white space behind a command is tolerated"),
    no("VRFY", 501, .init(5, 5, 4), "VRFY needs one"),
    ok("STARTTLS", .startTLS, "without arguments"),
    no("STARTTLS now", 501, .init(5, 5, 4), "and with"),
    ok("DATAX", .unknown, "no verb of any RFC"),
    no("", 500, .init(5, 5, 2), "nothing"),
    no(" NOOP", 500, .init(5, 5, 2), "a blank first"),
    no("NO\rOP", 500, .init(5, 5, 2), "a CR inside"),
    no("NOOP \0", 500, .init(5, 5, 2), "NUL"),
  ]

  @Test(
    "a command line is read as RFC 5321 writes it, or refused with the reason",
    arguments: cases)
  func parse(_ example: Case) {
    let outcome: Result<Command, Reply>
    do throws(Reply) {
      let line = Array(example.line.utf8)
      outcome = .success(try Command.parse(line[...], allowingUTF8: false))
    } catch {
      outcome = .failure(Reply(error.code, error.status))
    }
    #expect(outcome == example.expected, "\(example.shows)")
  }

  @Test("in a transaction with SMTPUTF8 a recipient may have it, too")
  func recipientInUTF8() throws {
    let line = Array("RCPT TO:<é@d>".utf8)
    #expect(try Command.parse(line[...], allowingUTF8: true) == .recipient(EmailAddress("é@d")))
    let original = OriginalRecipient("utf-8;é@d", allowingUTF8: true)
    let other = Array("RCPT TO:<c@d> ORCPT=utf-8;é@d".utf8)
    #expect(
      try Command.parse(other[...], allowingUTF8: true) == .recipient(EmailAddress("c@d"), .init(original: original)))
  }
}

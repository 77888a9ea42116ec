import MailMessage
import Testing

/// What the parameters of RFC 3461 hold.
struct StatusRequestTests {
  struct Text: Sendable, CustomTestStringConvertible {
    let encoded: String
    /// nil: it is no xtext.
    let octets: [UInt8]?
    var isPrintable = true
    let shows: String
    var testDescription: String { "\(encoded): \(shows)" }

    init(_ encoded: String, _ decoded: String?, isPrintable: Bool = true, _ shows: String) {
      self.encoded = encoded
      octets = decoded.map { Array($0.utf8) }
      self.isPrintable = isPrintable
      self.shows = shows
    }
  }

  static let texts: [Text] = [
    Text("QQ314159", "QQ314159", "the example of RFC 3461 section 4.4"),
    Text("a+2Bb@c.example", "a+b@c.example", "a plus"),
    Text("a+3Db+2b", "a=b+", "an equals sign, and digits in small letters"),
    Text("!+20~", "! ~", "a blank; the first and the last character that need no encoding"),
    Text("+C3+A9", "é", isPrintable: false, "octets above 127"),
    Text("a+0D+0Ab", "a\r\nb", isPrintable: false, "a line end, which must not get into a header"),
    Text("+00", "\0", isPrintable: false, "NUL"),
    Text("", nil, "nothing"),
    Text("+", nil, "a plus alone"),
    Text("a+2", nil, "half a number"),
    Text("+G0", nil, "no number"),
    Text("+ 1", nil, "a blank in it"),
    Text("a=b", nil, "an equals sign as it is"),
    Text("é", nil, "what is not ASCII"),
    Text("a b", nil, "a blank as it is"),
  ]

  @Test(
    "xtext is read and written as RFC 3461 says",
    arguments: texts)
  func xtext(_ example: Text) {
    let text = Xtext(example.encoded)
    #expect(text?.octets == example.octets, "\(example.shows)")
    #expect(text?.encoded == example.octets.map { _ in example.encoded })
    #expect((text?.printable != nil) == (example.octets != nil && example.isPrintable))
  }

  @Test("what we encode is decoded to what it was", arguments: ["a", "a+b=c d", "jürgen@example", "\r\n\t\u{0}\u{7F}"])
  func encoding(text: String) {
    let encoded = Xtext(encoding: text)
    #expect(encoded.octets == Array(text.utf8))
    #expect(Xtext(encoded.encoded) == encoded)
  }

  struct Original: Sendable, CustomTestStringConvertible {
    let parameter: String
    var usesUTF8 = false
    /// Of `Original-Recipient`; nil: it is malformed.
    let field: String?
    var sevenBit: String?
    let shows: String
    var testDescription: String { "\(parameter): \(shows)" }
  }

  static let originals: [Original] = [
    Original(parameter: "rfc822;Bob+2Bx@Big.example", field: "rfc822; Bob+x@Big.example", shows: "decoded"),
    Original(parameter: "RFC822;a@b", field: "RFC822; a@b", shows: "the case of letters stays"),
    Original(parameter: "x-fax;+2B4930", field: "x-fax; +4930", shows: "another type"),
    Original(parameter: "utf-8;j\\x{FC}rgen@example", field: "utf-8; j\\x{FC}rgen@example", shows: "RFC 6533, 7 bits"),
    Original(
      parameter: "utf-8;jürgen@b\\x{FC}cher", usesUTF8: true, field: "utf-8; j\\x{FC}rgen@b\\x{FC}cher",
      sevenBit: "utf-8;j\\x{FC}rgen@b\\x{FC}cher", shows: "RFC 6533 with SMTPUTF8"),
    Original(
      parameter: "rfc822;" + String(repeating: "x", count: 493), field: "rfc822; " + String(repeating: "x", count: 493),
      shows: "500 octets"),
    Original(parameter: "rfc822;" + String(repeating: "x", count: 494), field: nil, shows: "501 octets"),
    Original(parameter: "utf-8;jürgen@example", field: nil, shows: "UTF-8 without SMTPUTF8"),
    Original(parameter: "rfc822;jürgen@example", usesUTF8: true, field: nil, shows: "UTF-8 in an address of ASCII"),
    Original(parameter: "utf-8;a+2Bb", usesUTF8: true, field: nil, shows: "the other encoding"),
    Original(parameter: "utf-8;a\\b", usesUTF8: true, field: nil, shows: "a backslash that begins no number"),
    Original(parameter: "utf-8;a\\x{}b", usesUTF8: true, field: nil, shows: "an empty number"),
    Original(parameter: "utf-8;a\\x{1234567}", usesUTF8: true, field: nil, shows: "a number too long"),
    Original(parameter: "utf-8;a\u{85}b", usesUTF8: true, field: nil, shows: "a control character"),
    Original(parameter: "rfc822;a+0D+0AX:y", field: nil, shows: "a line end"),
    Original(parameter: "rfc822;", field: nil, shows: "no address"),
    Original(parameter: "utf-8;", field: nil, shows: "no address in UTF-8"),
    Original(parameter: ";a@b", field: nil, shows: "no type"),
    Original(parameter: "a@b", field: nil, shows: "no semicolon"),
    Original(parameter: "rfc 822;a@b", field: nil, shows: "a type that is no word"),
  ]

  @Test(
    "an original recipient is a type and an address",
    arguments: originals)
  func originalRecipient(_ example: Original) {
    let original = OriginalRecipient(example.parameter, allowingUTF8: example.usesUTF8)
    #expect(original?.field == example.field, "\(example.shows)")
    #expect(original?.parameter == example.field.map { _ in example.parameter })
    #expect(original?.sevenBitParameter == example.field.map { _ in example.sevenBit ?? example.parameter })
  }

  @Test("an address that gets too long in 7 bits is left out rather than cut")
  func tooLongInSevenBits() {
    let original = OriginalRecipient("utf-8;" + String(repeating: "é", count: 100), allowingUTF8: true)
    #expect(original != nil && original?.field == nil && original?.sevenBitParameter == nil)
  }

  static let lists: [(String, DeliveryStatusRequest.Notify?, String)] = [
    ("NEVER", .never, "NEVER"),
    ("never", .never, "NEVER"),
    ("SUCCESS", .success, "SUCCESS"),
    ("delay,Failure", [.failure, .delay], "FAILURE,DELAY"),
    ("SUCCESS,FAILURE,DELAY", [.success, .failure, .delay], "SUCCESS,FAILURE,DELAY"),
    ("FAILURE,FAILURE", nil, ""),
    ("NEVER,FAILURE", nil, ""),
    ("FAILURE,NEVER", nil, ""),
    ("FAILURE,", nil, ""),
    (",", nil, ""),
    ("", nil, ""),
    ("ALWAYS", nil, ""),
  ]

  @Test("NOTIFY is NEVER alone or a list without repetition", arguments: lists)
  func notify(parameter: String, expected: DeliveryStatusRequest.Notify?, written: String) {
    let notify = DeliveryStatusRequest.Notify(parameter)
    #expect(notify == expected)
    if let notify { #expect(notify.parameter == written) }
  }

  @Test("a sender that said nothing hears of failures and delays, one that spoke of what it named")
  func wishes() {
    let silent = DeliveryStatusRequest.Wish()
    #expect(silent.wants(.failure) && silent.wants(.delay) && !silent.wants(.success))
    let spoken = DeliveryStatusRequest.Wish(notify: .success)
    #expect(!spoken.wants(.failure) && !spoken.wants(.delay) && spoken.wants(.success))
    let never = DeliveryStatusRequest.Wish(notify: .never)
    #expect(!never.wants(.failure) && !never.wants(.delay) && !never.wants(.success))
  }

  @Test("an envelope keeps what was said of a recipient, the last word if several, and nothing where nothing was said")
  func envelope() {
    let (ann, bob) = (EmailAddress("ann@a"), EmailAddress("bob@b"))
    var envelope = Envelope(sender: ann, recipients: [])
    envelope.add(bob, .init())
    #expect(envelope == Envelope(sender: ann, recipients: [bob]))
    envelope.add(ann, .init(notify: .never))
    envelope.add(ann, .init(notify: .success))
    envelope.add(ann, .init())
    #expect(envelope.recipients == [bob, ann, ann, ann])
    #expect(envelope.wish(for: ann).notify == .success)
    #expect(envelope.wish(for: bob).isEmpty)
  }
}

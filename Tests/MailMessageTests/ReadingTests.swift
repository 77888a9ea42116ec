import MailMessage
import MailTestKit
import Testing

/// Reading a mail: header fields, MIME parts, transfer encodings, encoded words.
@Suite struct ReadingTests {
  private static func leaves(_ mail: String, depth: Int = 100, parts: Int = 1000) -> [String] {
    let bytes = Array(mail.utf8)
    let span = bytes.span
    let header = HeaderBlock(span, in: 0..<span.count)
    var found: [MIMEPart] = []
    var walker = MIMEWalker(depth: depth, parts: parts)
    var fault: String?
    do {
      try walker.walk(span, header: header, end: span.count) { part in
        found.append(part)
        return .proceed
      }
    } catch {
      fault = "\(error)"
    }
    return found.map { "\($0.contentType.kind): " + span.text($0.body) } + (fault.map { [$0] } ?? [])
  }

  // MARK: - Header

  @Test(
    "a folded field keeps its folds, an empty first line included (RFC 5322, 2.2.3)",
    arguments: [
      ("Subject: a\r\n b\r\n\r\nbody", "a\r\n b"), ("Subject:\r\n a\r\n\tb\r\n\r\nbody", "a\r\n\tb"),
      ("subject:x\n\nbody", "x"), ("A: 1\nSUBJECT: y\n\nbody", "y"),
    ])
  func folds(_ mail: String, _ expected: String) throws {
    let bytes = Array(mail.utf8)
    let header = HeaderBlock(bytes.span, in: 0..<bytes.count)
    let found = header.value(of: "subject", in: bytes.span)
    let value = try #require(found)
    let text = bytes.span.text(value)
    let body = bytes.span.text(header.bodyStart..<bytes.count)
    #expect(text == expected)
    #expect(body == "body")
  }

  @Test("a blank before a colon, as a visitor may put one into a Subject, ends the header")
  func blankBeforeColon() {
    let bytes = Array("A: 1\r\nSubject : y\r\n\r\nbody".utf8)
    let header = HeaderBlock(bytes.span, in: 0..<bytes.count)
    #expect(header.fields.count == 1 && header.endsInText)
    #expect(header.bodyStart == 6)
  }

  @Test("a mail without a header is all body")
  func noHeader() {
    let bytes = Array("no headers at all, only text: here\r\n".utf8)
    let header = HeaderBlock(bytes.span, in: 0..<bytes.count)
    #expect(header.fields.isEmpty)
    #expect(header.bodyStart == 0)
  }

  // MARK: - MIME

  @Test(
    "the leaves of a mail, in order",
    arguments: [
      ("\r\ntext", ["plainText: text"]),
      ("Content-Type: text/html\r\n\r\n<p>", ["html: <p>"]),
      (
        "Content-Type: multipart/alternative;\r\n boundary=\"b\"\r\n\r\npreamble\r\n--b\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--\r\nepilogue",
        ["plainText: one", "html: two"]
      ),
      (
        "Content-Type: multipart/mixed; boundary=a\n\n--a\nContent-Type: multipart/alternative; boundary=ab\n\n--ab\n\nx\n--ab--\n--a\nContent-Type: message/rfc822\n\nSubject: y\n--a--\n",
        ["plainText: x", "message: Subject: y"]
      ),
      // FINDS S5: a folded boundary, and the forms of RFC 2231.
      (
        "Content-Type: multipart/mixed; boundary=\"simple\r\n boundary\"\r\n\r\n--simple boundary\r\n\r\nx\r\n--simple boundary--",
        ["plainText: x"]
      ),
      (
        "Content-Type: multipart/mixed; boundary*1=\"c\"; boundary*0=\"a b\"\r\n\r\n--a bc\r\n\r\nx\r\n--a bc--",
        ["plainText: x"]
      ),
      (
        "Content-Type: multipart/mixed; boundary*0*=us-ascii'en'a%20; boundary*1=b\r\n\r\n--a b\r\n\r\nx\r\n--a b--",
        ["plainText: x"]
      ),
      ("Content-Type: multipart/mixed; boundary*=''a%2Fb\r\n\r\n--a/b\r\n\r\nx\r\n--a/b--", ["plainText: x"]),
      (
        "Content-Type: multipart/mixed; boundary=\"a\\\"b\"; charset=x\r\n\r\n--a\"b\r\n\r\nx\r\n--a\"b--",
        ["plainText: x"]
      ),
      ("Content-Type: multipart/mixed; boundary*1=b\r\n\r\n--b\r\n\r\nx\r\n--b--", ["noBoundary"]),
      ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--bb\r\n\r\n--b\r\n\r\n--bbb\r\n--b--", ["plainText: --bbb"]),
      ("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ncut", ["noBoundary"]),
      ("Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\ncut", ["noBoundary"]),
    ])
  func walk(_ mail: String, _ expected: [String]) {
    #expect(Self.leaves(mail) == expected)
  }

  @Test("nesting and number of parts are bounded")
  func bounds() {
    let open = (0..<50).map { "Content-Type: multipart/mixed; boundary=b\($0)\n\n--b\($0)\n" }.joined()
    let close = (0..<50).reversed().map { "\n--b\($0)--" }.joined()
    #expect(Self.leaves(open + "\nx" + close).last == "plainText: x")
    #expect(Self.leaves(open + "\nx" + close, depth: 20).last == "tooDeep")
    let many = "Content-Type: multipart/mixed; boundary=b\n\n" + String(repeating: "--b\n\nx\n", count: 50) + "--b--"
    #expect(Self.leaves(many, parts: 20).last == "tooManyParts")
  }

  // MARK: - Encodings

  @Test(
    "transfer encodings become text with LF",
    arguments: [
      (TransferEncoding.identity, "a\r\nb\nc", "a\nb\nc"), (.quotedPrintable, "a=3D=\r\nb  \r\n=C3=A4=", "a=b\nä"),
      (.quotedPrintable, "=ZZ=4", "=ZZ=4"), (.base64, "w6QN\r\nCmI=", "ä\nb"), (.base64, "*w6Q=junk", "ä"),
      (.base64, "", ""), (.identity, "a\r\n\r\nb\rc\r", "a\n\nb\rc\n"), (.identity, "", ""),
      (.quotedPrintable, "=3d=\n==3D \t\n =\r\n\r\n=E", "===\n \n=E"), (.quotedPrintable, " ", ""),
      (.quotedPrintable, "a \r", "a\n"), (.quotedPrintable, "a=\r", "a"), (.quotedPrintable, "a=20 \r\nb", "a \nb"),
      (.quotedPrintable, "a =  ", "a "), (.quotedPrintable, "a= b=\r\r\nc", "a= b=\r\nc"),
    ])
  func decodes(_ encoding: TransferEncoding, _ text: String, _ expected: String) throws {
    let bytes = Array(text.utf8)
    let result = encoding.decode(bytes.span, 0..<bytes.count, limit: 1000)
    let decoded = try #require(result)
    #expect(String(decoding: decoded, as: UTF8.self) == expected)
  }

  @Test("quoted-printable means the same whether it is read octet by octet or many at a time")
  func decodesQuotedPrintable() {
    var numbers = SplitMix(seed: 2045)
    let pieces = [
      "=", "=3D", "=c3=A4", " ", "\t", "\r", "\n", "\r\n", "=\r\n", "x", "0", "a line of text, and more of it",
    ]
    for _ in 0..<2000 {
      let count = Int.random(in: 0...40, using: &numbers)
      let text = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &numbers)] }.joined()
      let bytes = Array(text.utf8)
      let expected = Self.decodedLineByLine(bytes)
      for limit in [expected.count + 1, expected.count, expected.count - 1] where limit >= 0 {
        let decoded = TransferEncoding.quotedPrintable.decode(bytes.span, 0..<bytes.count, limit: limit)
        #expect(decoded == (limit < expected.count ? nil : expected), "\(text.debugDescription), limit \(limit)")
      }
    }
  }

  /// RFC 2045 section 6.7, without haste.
  private static func decodedLineByLine(_ bytes: [UInt8]) -> [UInt8] {
    var output: [UInt8] = []
    var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map { Array($0) }
    // A CR that comes last ends a line as well.
    if lines.last?.last == 0x0D { lines.append([]) }
    for (index, line) in lines.enumerated() {
      var line = line.last == 0x0D && index < lines.count - 1 ? line.dropLast() : line[...]
      while line.last == 0x20 || line.last == 0x09 { line.removeLast() }
      let isSoft = line.last == UInt8(ascii: "=")
      if isSoft { line.removeLast() }
      while let octet = line.popFirst() {
        if octet == UInt8(ascii: "="), let value = Self.octet(line.prefix(2)) {
          output.append(value)
          line.removeFirst(2)
        } else {
          output.append(octet)
        }
      }
      if !isSoft, index < lines.count - 1 { output.append(0x0A) }
    }
    return output
  }

  private static func octet(_ digits: ArraySlice<UInt8>) -> UInt8? {
    guard digits.count == 2, digits.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
    return UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
  }

  @Test("a text beyond the limit and an unknown encoding are refused")
  func refuses() {
    let bytes = [UInt8](repeating: 0x41, count: 5000)
    for encoding in [TransferEncoding.identity, .quotedPrintable, .base64] {
      let text = encoding.decode(bytes.span, 0..<bytes.count, limit: 1000)
      #expect(text == nil)
    }
    let exact = TransferEncoding.identity.decode(bytes.span, 0..<bytes.count, limit: 5000)
    #expect(exact == bytes)
    let text = TransferEncoding.unknown.decode(bytes.span, 0..<1, limit: 1000)
    #expect(text == nil)
  }

  @Test(
    "encoded words (RFC 2047)",
    arguments: [
      ("=?utf-8?q?HTTP_HOST_?=\r\n =?utf-8?q?header=3A_x?=", "HTTP HOST header: x"),
      ("=?utf-8?q?Caf=C3=A9_zu?=", "Café zu"), ("=?utf-8?b?w5xyw7w=?= =?utf-8?q?bel?=", "Ürübel"),
      ("=?iso-8859-1?q?=E4?= x", "ä x"), ("plain\r\n text", "plain text"), ("=?utf-8?x?a?=", "=?utf-8?x?a?="),
      ("=?utf-8?q?open", "=?utf-8?q?open"), ("a =?us-ascii*en?q?b?= c", "a b c"),
    ])
  func words(_ value: String, _ expected: String) {
    let bytes = Array(value.utf8)
    let decoded = EncodedWord.decode(bytes.span, 0..<bytes.count)
    #expect(String(decoding: decoded, as: UTF8.self) == expected)
  }

  @Test("searching finds the first and the last place, and nothing outside of its range")
  func searching() {
    let bytes = Array("xaXbXaXb".utf8)
    let span = bytes.span
    let found = [
      span.firstIndex(of: "aX", in: 0..<8), span.firstIndex(of: "aX", in: 2..<8), span.lastIndex(of: "Xb", in: 0..<8),
      span.firstIndex(of: "Xb", in: 0..<3), span.firstIndex(of: "b", in: -5..<900),
      span.firstIndex(of: UInt8(ascii: "x"), in: 5..<5),
    ]
    #expect(found == [1, 5, 6, nil, 3, nil])
  }
}

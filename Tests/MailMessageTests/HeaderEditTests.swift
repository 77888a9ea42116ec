import MailMessage
import MailTestKit
import Testing

@Suite struct HeaderEditTests {
  struct Case: CustomTestStringConvertible {
    var shows: String
    var before: String
    var after: String
    var testDescription: String { shows }
  }

  @Test(
    "the Subject is extended in front, whatever form it has",
    arguments: [
      Case(
        shows: "the old value becomes a folded line",
        before: "From: a@b\r\nSubject: [Django] ERROR\r\nTo: c@d\r\n\r\nSubject: body\r\n",
        after: "From: a@b\r\nSubject: (+9)\r\n [Django] ERROR\r\nTo: c@d\r\n\r\nSubject: body\r\n"),
      Case(
        shows: "encoded words and folds stay",
        before: "Subject: =?utf-8?q?=5BDjango=5D_caf=C3=A9?=\r\n =?utf-8?q?_closed?=\r\n\r\n",
        after: "Subject: (+9)\r\n =?utf-8?q?=5BDjango=5D_caf=C3=A9?=\r\n =?utf-8?q?_closed?=\r\n\r\n"),
      Case(shows: "any case", before: "sUBJECT:\tx\r\n\r\n", after: "sUBJECT: (+9)\r\n\tx\r\n\r\n"),
      Case(shows: "space before the colon", before: "Subject : x\r\n\r\n", after: "Subject : (+9)\r\n x\r\n\r\n"),
      Case(shows: "no space behind the colon", before: "Subject:x\r\n\r\n", after: "Subject: (+9)\r\n x\r\n\r\n"),
      Case(
        shows: "an empty first line gets no line of white space",
        before: "Subject:\r\n x\r\n\r\n", after: "Subject: (+9)\r\n x\r\n\r\n"),
      Case(
        shows: "a first line of white space", before: "Subject: \t\r\n x\r\n\r\n",
        after: "Subject: (+9) \t\r\n x\r\n\r\n"),
      Case(shows: "an empty Subject", before: "Subject:\r\n\r\nbody", after: "Subject: (+9)\r\n\r\nbody"),
      Case(
        shows: "only the first Subject", before: "Subject: a\r\nSubject: b\r\n\r\n",
        after: "Subject: (+9)\r\n a\r\nSubject: b\r\n\r\n"),
      Case(
        shows: "no Subject: one is added", before: "From: a@b\r\n\r\nbody\r\n",
        after: "Subject: (+9)\r\nFrom: a@b\r\n\r\nbody\r\n"),
      Case(shows: "an empty header", before: "\r\nbody\r\n", after: "Subject: (+9)\r\n\r\nbody\r\n"),
      Case(shows: "an empty mail", before: "", after: "Subject: (+9)\r\n"),
      Case(
        shows: "no header at all: nobody knows where to put it", before: "Hello\r\nSubject: x\r\n",
        after: "Hello\r\nSubject: x\r\n"),
      Case(
        shows: "LF line ends", before: "Subject: x\nTo: y\n\nbody\n",
        after: "Subject: (+9)\n x\nTo: y\n\nbody\n"),
      Case(
        shows: "the From line of an mbox file", before: "From a@b Sun Nov 22\r\nTo: c\r\n\r\n",
        after: "From a@b Sun Nov 22\r\nSubject: (+9)\r\nTo: c\r\n\r\n"),
      Case(
        shows: "a header of folded lines only", before: " x\r\n y\r\n\r\nbody",
        after: " x\r\n y\r\n\r\nbody"),
      Case(
        shows: "folded lines before the first field", before: " x\r\nTo: c\r\n\r\n",
        after: " x\r\nSubject: (+9)\r\nTo: c\r\n\r\n"),
      Case(
        shows: "a header cut short by a body line", before: "To: c\r\nhello\r\nSubject: x\r\n\r\n",
        after: "Subject: (+9)\r\nTo: c\r\nhello\r\nSubject: x\r\n\r\n"),
      Case(shows: "no line end at all", before: "Subject: x", after: "Subject: (+9)\r\n x"),
      Case(
        shows: "8-bit octets", before: "Subject: caf\u{E9}\r\n\r\n\u{FC}",
        after: "Subject: (+9)\r\n caf\u{E9}\r\n\r\n\u{FC}"),
    ])
  func extendsTheSubject(_ test: Case) {
    let edited = edit(Array(test.before.utf8), "(+9)")
    #expect(String(decoding: edited, as: UTF8.self) == test.after)
  }

  @Test(
    "the Subject of signed mail stays",
    arguments: [
      "DKIM-Signature: v=1; a=rsa-sha256",
      "dkim-signature :v=1",
      "Content-Type: multipart/signed; protocol=\"application/pgp-signature\"",
      "Content-Type:\r\n\tMultipart/Signed;\r\n\tmicalg=sha-256",
      "Content-Type: (S/MIME (opaque)) application/pkcs7-mime; smime-type=signed-data",
      "Content-Type: application/x-pkcs7-mime",
      "Content-Type: application/pgp-encrypted",
      "Content-Type: multipart/encrypted",
    ])
  func keepsTheSubjectOfSignedMail(_ field: String) {
    let message = Array("Subject: x\r\n\(field)\r\n\r\nbody\r\n".utf8)
    #expect(edit(message, "(+9)") == message)
  }

  @Test(
    "other mail is not taken for signed",
    arguments: ["Content-Type: multipart/mixed; x=multipart/signed", "X-DKIM-Signature: v=1", "Content-Type: ((("])
  func doesNotTakeOtherMailForSigned(_ field: String) {
    let message = Array("Subject: x\r\n\(field)\r\n\r\nbody\r\n".utf8)
    #expect(edit(message, "(+9)").count == message.count + 7)
  }

  @Test("a prefix cannot break out of its field")
  func prefixCannotBreakOutOfTheField() {
    let message = Array("Subject: x\r\n\r\n".utf8)
    let prefix = "a\r\nBcc: evil\u{0}ü" + String(repeating: "y", count: 5000)
    let edited = String(decoding: edit(message, prefix), as: UTF8.self)
    #expect(edited.hasPrefix("Subject: a  Bcc: evil   y"))
    #expect(edited.hasSuffix("y\r\n x\r\n\r\n"))
    #expect(edited.utf8.count < 300)
  }

  @Test("whatever comes in, the result is the input with octets inserted at one place in its header")
  func onlyEverInsertsInTheHeader() {
    var random = SplitMix(seed: 7)
    let pieces = ["Subject", ":", " ", "\t", "\r\n", "\n", "\r", "From ", "x", "\u{0}", "To: a\r\n", "\r\n\r\n", "é"]
    for _ in 0..<5000 {
      let message = (0..<Int.random(in: 0..<12, using: &random)).flatMap { _ in
        Array(pieces[Int.random(in: 0..<pieces.count, using: &random)].utf8)
      }
      let edited = edit(message, "(+9)")
      let same = zip(message, edited).prefix { $0 == $1 }.count
      let tail = message.count - min(same, message.count)
      #expect(edited.count >= message.count)
      #expect(Array(edited.suffix(tail)) == Array(message.suffix(tail)))
      let end = HeaderEdit.header(of: message).endIndex
      #expect(edited == message || same <= end || edited.suffix(message.count - end) == message[end...])
    }
  }

  @Test("the header ends at the empty line")
  func headerEndsAtTheEmptyLine() {
    let message = Array("A: b\r\n c\r\n\r\nbody\r\n".utf8)
    #expect(Array(HeaderEdit.header(of: message)) == Array("A: b\r\n c\r\n".utf8))
    #expect(HeaderEdit.header(of: []).isEmpty)
  }

  /// The message as it leaves.
  private func edit(_ message: [UInt8], _ prefix: String) -> [UInt8] {
    guard let insertion = HeaderEdit.subjectPrefix(prefix, in: message) else { return message }
    return message[..<insertion.position] + insertion.octets + message[insertion.position...]
  }
}

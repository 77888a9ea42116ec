import MailMessage
import Testing

/// FINDS S5: what stands between our fields and a mail that does not begin with a field.
struct HeaderSeamTests {
  private static let folded = "X-MailDedup-First-Line: the mail began with this:\r\n"

  @Test(
    "fields are put where the header of a mail begins",
    arguments: [
      ("Subject: x\r\n\r\nbody\r\n", "", "a mail that begins with a field"),
      ("Subject : x\r\n", "", "the blank before the colon of old mail"),
      ("\r\nbody\r\n", "", "no header: the empty line is there"),
      ("", "", "nothing at all"),
      (" folded\r\nSubject: x\r\n", folded, "a first line that begins with a blank, above a header"),
      ("\tone\r\n two\r\nSubject: x\r\n", folded, "and goes on"), (" \r\nSubject: x\r\n", folded, "and holds nothing"),
      ("From me Sat Jan 1\r\nSubject: x\r\n", "X-MailDedup-First-Line: ", "the line that mbox puts on top"),
      (">From me Sat Jan 1\r\nSubject: x\r\n", "X-MailDedup-First-Line: ", "and its quoted form"),
      (" indented text\r\nand more\r\n", "\r\n", "text that begins with a blank"),
      (" \r\n\r\nbody\r\n", "\r\n", "a blank line and no header"),
      ("From me to you\r\n\r\n", "\r\n", "text that begins with From"),
      ("Hello, world\r\nSubject: x\r\n", "\r\n", "text"), ("From me: to you\r\n", "\r\n", "a name with blanks is none"),
    ])
  func seam(_ message: String, _ seam: String, _ shows: String) {
    let octets = Array(message.utf8)
    #expect(HeaderSeam.octets(before: octets) == Array(seam.utf8), "\(shows)")
    // Once is enough.
    #expect(HeaderSeam.octets(before: Array(seam.utf8) + octets) == [])
  }
}

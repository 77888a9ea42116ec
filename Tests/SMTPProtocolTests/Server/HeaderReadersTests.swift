@testable import MailMessage
@testable import SMTPProtocol
import Testing

/// Odd headers, read by every part that reads a header: all use `HeaderScanner`, so all see the same fields and the
/// same body. Where they once did not, the sentence of the case says what was decided and why.
struct HeaderReadersTests {
  /// A part that reads headers.
  enum Reader: String, CaseIterable {
    /// `HeaderBlock`, for judging and for the parts of a MIME tree.
    case block
    /// `HeaderScan`, for editing.
    case scan
    /// `HeaderCheck`, for the limits on an arriving message.
    case check
    /// `HeaderSeam`, seen from behind: the mail as it leaves.
    case seam
    /// `Mender`, which guards the lines of a header against octets that no mail may have.
    case mender
  }

  struct Above: Sendable, CustomTestStringConvertible {
    /// What stands above a field.
    let lines: String
    /// True if the field below belongs to the header.
    let isHeader: Bool
    var except: [Reader] = []
    let shows: String
    var testDescription: String { shows }
  }

  private static let name = String(repeating: "n", count: 999)

  static let above: [Above] = [
    Above(lines: "", isHeader: true, shows: "nothing"),
    Above(lines: "A: b\r\n", isHeader: true, shows: "a field"),
    Above(lines: "A: b\n", isHeader: true, shows: "a field that ends in LF only"),
    Above(lines: "A:\r\n", isHeader: true, shows: "a field without a value"),
    Above(lines: "A:b\r\n\t\r\n c\r\n", isHeader: true, shows: "folds, one of them a tab only"),
    Above(lines: "A: b\r\n  \r\n", isHeader: true, shows: "a line of blanks only, which is a fold (RFC 5322, 4.2)"),
    Above(lines: "Subject: a\r\nSubject: b\r\n", isHeader: true, shows: "the same field twice"),
    Above(lines: "A: \0\r\n", isHeader: true, shows: "a NUL in a value"),
    Above(lines: "A: b\rC: d\r\n", isHeader: true, shows: "a CR alone, which ends no line"),
    Above(lines: "!#$%&'*+-.^_`{|}~;: b\r\n", isHeader: true, shows: "all kinds of printable ASCII in a name"),
    Above(lines: "A: \(String(repeating: "v", count: 3000))\r\n", isHeader: true, shows: "a value beyond any line"),
    Above(lines: name + ": b\r\n", isHeader: true, shows: "a name of 999 octets"),
    Above(lines: "hello\r\n", isHeader: false, shows: "text"),
    Above(lines: "A: b\r\nhello\r\n", isHeader: false, shows: "a field, and a line without a colon"),
    Above(lines: "A b: c\r\n", isHeader: false, shows: "a blank within the name"),
    Above(lines: ": b\r\n", isHeader: false, shows: "an empty name"),
    Above(lines: "A: b\r\n: c\r\n", isHeader: false, shows: "an empty name below a field"),
    Above(lines: "A: b\r\n : c\r\n", isHeader: true, shows: "an empty name that is a fold"),
    Above(lines: "Ä: b\r\n", isHeader: false, shows: "a name of 8 bits, which RFC 6532 does not allow either"),
    Above(lines: "A\u{7F}: b\r\n", isHeader: false, shows: "a DEL in the name"),
    Above(lines: "A: b\r\nFrom me Sat Jan 1\r\n", isHeader: false, shows: "an mbox line that is not on top"),
    Above(lines: "\r\n", isHeader: false, shows: "an empty line"),
    Above(lines: "\n", isHeader: false, shows: "an empty line of LF only"),
    Above(lines: "\r\r\n", isHeader: false, shows: "a CR too many makes text of an empty line"),
    Above(lines: "From: me\r\n", isHeader: true, shows: "a field that looks a little like an mbox line"),
    Above(
      lines: "A : b\r\n", isHeader: true, except: [.block],
      shows: "the blank before the colon of old mail (RFC 5322, 4.5); who judges reads no further, and is in doubt"),
    Above(
      lines: "From : me\r\n", isHeader: true, except: [.block], shows: "such a field on top, which is no mbox line"),
    Above(
      lines: "From me Sat Jan 1 10:00:00 2026\r\n", isHeader: true,
      shows: "the line that mbox puts on top: the header below it counts, since it leaves as a header"),
    Above(lines: ">From me Sat Jan 1 10:00:00 2026\r\n", isHeader: true, shows: "its quoted form"),
    Above(lines: "From me Sat Jan 1\r\n and more\r\n", isHeader: true, shows: "an mbox line with a fold"),
    Above(lines: "From me\r\nFrom you\r\n", isHeader: false, shows: "two mbox lines"),
    Above(
      lines: " folded\r\n", isHeader: true, shows: "a folded first line: the header below it counts for the same reason"
    ),
    Above(lines: "\t\r\n \r\n", isHeader: true, shows: "two of them, blank"),
    Above(lines: " folded\r\nFrom me\r\n", isHeader: false, shows: "a folded first line and an mbox line"),
    Above(lines: " folded\r\nhello\r\n", isHeader: false, shows: "indented text"),
    Above(lines: " folded\r\n\r\n", isHeader: false, shows: "an indented line of text"),
    Above(
      lines: name + "n: b\r\n", isHeader: false,
      shows: "a name of 1000 octets: no line is that long, so who reads while the mail arrives waits no longer"),
    Above(
      lines: String(repeating: " text\r\n", count: 4000), isHeader: false,
      shows: "20 kB of indented lines: text, for the same reason"),
  ]

  @Test("a field below odd lines is in the header, or in the text, for all readers alike", arguments: above)
  func oddLines(_ example: Above) {
    for reader in Reader.allCases {
      let expected = example.isHeader != example.except.contains(reader)
      #expect(Self.sees(reader, Array(example.lines.utf8)) == expected, "\(reader)")
    }
  }

  /// True if the reader takes a field below these lines for one of the header.
  static func sees(_ reader: Reader, _ lines: [UInt8]) -> Bool {
    let mail = lines + Array("Received: x\r\n\r\ntext\r\n".utf8)
    switch reader {
    case .block: return blockNames(mail).contains("received")
    case .scan: return scanNames(mail).contains("received")
    case .check:
      var limits = SessionLimits()
      limits.receivedHops = 0
      return HeaderCheck.finding(in: mail, limits: limits) == .fault(.loop)
    case .seam: return scanNames(Array("Top: x\r\n".utf8) + HeaderSeam.octets(before: mail) + mail).contains("received")
    case .mender:
      // The blank line that the NUL leaves is dropped from a header only.
      var mender = Mender(unstuffs: false)
      var mended: [UInt8] = []
      mender.append(lines + Array("Received: x\r\n\0\r\ntext\r\n".utf8), to: &mended)
      return !mended.suffix(10).starts(with: Array("\r\n\r\n".utf8))
    }
  }

  static func blockNames(_ mail: [UInt8]) -> [String] {
    let span = mail.span
    return HeaderBlock(span, in: 0..<mail.count).fields.map { span.text($0.name).lowercased() }
  }

  static func scanNames(_ mail: [UInt8]) -> [String] {
    HeaderScan(mail).fields.map { String(decoding: mail[$0.name], as: UTF8.self).lowercased() }
  }

  struct End: Sendable, CustomTestStringConvertible {
    let mail: String
    let names: [String]
    /// The start of the text, behind an empty line.
    let body: Int
    let finding: HeaderCheck.Finding
    let shows: String
    var testDescription: String { shows }
  }

  static let ends: [End] = [
    End(mail: "", names: [], body: 0, finding: .unfinished, shows: "no octet at all"),
    End(mail: "\r\n", names: [], body: 2, finding: .good, shows: "an empty header and no text"),
    End(mail: "\r\ntext", names: [], body: 2, finding: .good, shows: "an empty header"),
    End(mail: "A: b\r\n\r\n", names: ["a"], body: 8, finding: .good, shows: "a header and no text"),
    End(mail: "A: b\n\ntext", names: ["a"], body: 6, finding: .good, shows: "LF only"),
    End(mail: "A: b\r\n", names: ["a"], body: 6, finding: .unfinished, shows: "no empty line at the end"),
    End(mail: "A: b", names: ["a"], body: 4, finding: .unfinished, shows: "no line end at the end"),
    End(mail: "A: b\r", names: ["a"], body: 5, finding: .unfinished, shows: "half a line end at the end"),
    End(mail: "A: b\r\n\r", names: ["a"], body: 7, finding: .unfinished, shows: "half an empty line at the end"),
    End(mail: "A: b\r\n c", names: ["a"], body: 8, finding: .unfinished, shows: "a fold that the mail ends in"),
    End(mail: "A: b\r\nhello", names: ["a"], body: 6, finding: .unfinished, shows: "text that may become a field"),
    End(mail: "A: b\r\nhello\r\n", names: ["a"], body: 6, finding: .good, shows: "text without an empty line"),
    End(mail: "hello", names: [], body: 0, finding: .unfinished, shows: "text only, on its way"),
    End(mail: "From me\r\n", names: [], body: 0, finding: .unfinished, shows: "an mbox line only: it is text"),
    End(mail: "From me\r\n\r\ntext", names: [], body: 0, finding: .good, shows: "text that begins like an mbox line"),
    End(mail: " a\r\n", names: [], body: 0, finding: .unfinished, shows: "a folded line only: it is text"),
    End(mail: " a\r\n\r\ntext", names: [], body: 0, finding: .good, shows: "an indented line of text"),
    End(mail: "\rA: b\r\n", names: [], body: 0, finding: .good, shows: "a CR before the first name"),
    End(mail: "A\0: b\r\n", names: [], body: 0, finding: .good, shows: "a NUL in a name"),
  ]

  @Test("the text of a mail begins at one place for all readers", arguments: ends)
  func oddEnds(_ example: End) {
    let mail = Array(example.mail.utf8)
    let span = mail.span
    let block = HeaderBlock(span, in: 0..<mail.count)
    let scan = HeaderScan(mail)
    let behind = span.line(at: scan.end, before: mail.count)
    let scanned = behind.isEmpty ? span.next(after: behind, before: mail.count) : scan.end
    #expect(Self.blockNames(mail) == example.names)
    #expect(Self.scanNames(mail) == example.names)
    #expect(block.bodyStart == example.body)
    #expect(scanned == example.body)
    #expect(HeaderCheck.finding(in: mail, limits: SessionLimits()) == example.finding)
  }
}

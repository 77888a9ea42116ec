@testable import MailMessage
import MailTestKit
import Testing

/// The grammar of a header. `HeaderReadersTests` shows that all parts that read one keep to it.
struct HeaderScannerTests {
  /// The lines of a mail up to the first one of its text, each as its kind and its octets.
  private static func lines(_ mail: String) -> [String] {
    let bytes = Array(mail.utf8)
    let span = bytes.span
    var scanner = HeaderScanner()
    var found: [String] = []
    var index = 0
    while index < bytes.count {
      let line = scanner.line(span, at: index, before: bytes.count)
      let kind =
        switch line.kind {
        case .field(let name, let colon): "field \(span.text(name))=\(span.text((colon + 1)..<line.text.upperBound))"
        case .fold: "fold" + span.text(line.text)
        case .stray: "stray " + span.text(line.text)
        case .end: "end"
        case .text: "text"
        }
      found.append(kind)
      if !line.kind.isInHeader { break }
      index = line.next
    }
    return found
  }

  @Test(
    "each line of a header has a kind",
    arguments: [
      ("A: b\r\nC:d\r\n\r\nE: f", ["field A= b", "field C=d", "end"], "fields end at the empty line"),
      ("A: b\n\tc\n \n\nd", ["field A= b", "fold\tc", "fold ", "end"], "LF alone ends a line, a blank line is a fold"),
      ("A \t: b\r\n", ["field A= b"], "blanks before the colon are no part of the name"),
      ("A: b: c\r\n", ["field A= b: c"], "the first colon counts"),
      ("A: b\r", ["field A= b"], "half a line end at the end is one"),
      ("A: \rb\r\r\n", ["field A= \rb\r"], "a CR anywhere else is an octet like others"),
      (" a\r\n\tb\r\nC: d\r\n e\r\n", ["stray  a", "stray \tb", "field C= d", "fold e"], "folds of nothing"),
      ("From me\r\n a\r\nB: c\r\n", ["stray From me", "stray  a", "field B= c"], "the line of mbox"),
      ("From : c\r\nFrom me\r\n", ["field From= c", "text"], "which is on top, and no field"),
      ("From me\r\nFrom me\r\n", ["stray From me", "text"], "and of which there is one"),
      (" a\r\n>From me\r\n", ["stray  a", "text"], "and has nothing above it"),
      ("text\r\nA: b\r\n", ["text"], "text"), ("A: b\r\n: c\r\n", ["field A= b", "text"], "a colon without a name"),
      ("Ä: b\r\n", ["text"], "8 bits in a name"), ("", [], "nothing at all"),
    ])
  func kinds(_ mail: String, _ kinds: [String], _ shows: String) {
    #expect(Self.lines(mail) == kinds, "\(shows)")
  }

  @Test("a line is known to be text after as many octets as a line may have, and stray lines after 16 KiB")
  func bounds() {
    let name = String(repeating: "n", count: HeaderScanner.longestName - 1)
    #expect(Self.lines(name + ":\r\n") == ["field \(name)="])
    #expect(Self.lines(name + "n:\r\n") == ["text"])
    let stray = String(repeating: " ", count: HeaderScanner.mostStray)
    #expect(Self.lines(stray + "\r\nA: b\r\n").last == "field A= b")
    #expect(Self.lines(stray + "\r\n \r\nA: b\r\n").last == "text")
  }

  @Test("a block and a scan take the same values, white space around them apart, however many folds are blank")
  func blankFolds() {
    var random = SplitMix(seed: 5322)
    let pieces = [" ", "\t", "\r\n", "\r\n ", "\n\t", "x", ":", "\r", "\u{0B}", "\r\n \r\n "]
    for _ in 0..<5000 {
      let count = Int.random(in: 0..<12, using: &random)
      let value = (0..<count).map { _ in pieces[Int.random(in: 0..<pieces.count, using: &random)] }.joined()
      let bytes = Array(("A:" + value).utf8)
      let span = bytes.span
      let scan = HeaderScan(bytes)
      let block = HeaderBlock(span, in: 0..<bytes.count)
      let trimmed = scan.fields.map { span.trimmed($0.value) }
      // The blank before the colon of old mail ends the block only.
      #expect(block.fields.map(\.value) == Array(trimmed.prefix(block.fields.count)), "\(value.debugDescription)")
    }
    let many = Array(("A: b\r\n" + String(repeating: " \r\n", count: 200_000)).utf8)
    let text = many.span.text(HeaderBlock(many.span, in: 0..<many.count).fields[0].value)
    #expect(text == "b")
  }
}

import MailMessage
import MailTestKit
import Testing

@Suite("Line ends") struct LineEndsTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var text: String
    var arePaired = true
    var precedeDots = false
    var exist = true

    init(
      _ testDescription: String, _ text: String, arePaired: Bool = true, precedeDots: Bool = false, exist: Bool = true
    ) {
      self.testDescription = testDescription
      self.text = text
      self.arePaired = arePaired
      self.precedeDots = precedeDots
      self.exist = exist
    }
  }

  private static let line = "A line of thirty-two octets, so.\r\n"

  static let cases = [
    Case("no octet", "", exist: false),
    Case("a single octet", "\n", exist: false),
    Case("lines as in most mail", line + line + line),
    Case("text without a line end", "nothing ends here, for more than sixteen octets", exist: false),
    Case("of an LF that comes first nothing is said", "\nand on it goes, for more than sixteen octets", exist: false),
    Case("of a CR that comes last nothing is said", "on it goes, for more than sixteen octets\r", exist: false),
    Case("a bare LF", line + "bare\n" + line, arePaired: false),
    Case("a bare CR", line + "bare\rhere" + line, arePaired: false),
    Case("CR CR LF", line + "\r\r\n" + line, arePaired: false),
    Case("LF CR", line + "\n\r" + line, arePaired: false),
    Case("a dot that begins a line", line + ".stuffed\r\n" + line, precedeDots: true),
    Case("a dot in a line", line + "in. the. middle.\r\n" + line),
    Case("a dot behind an LF that comes first", "\n." + line, precedeDots: true),
    Case("the last two octets", line + "the end\r\n"),
    Case("a dot that comes last", line + ".", precedeDots: true),
  ]

  @Test(
    "what kinds of line ends a text has",
    arguments: cases) func tells(_ example: Case)
  {
    let ends = Self.ends(of: Array(example.text.utf8))
    #expect(ends.arePaired == example.arePaired)
    #expect(ends.precedeDots == example.precedeDots)
    #expect(ends.exist == example.exist)
  }

  @Test("sixteen octets at a time tell the same as one after the other, wherever in them something stands")
  func wherever() {
    var generator = SplitMix(seed: 20_261_128)
    let letters = Array("\r\n.ab".utf8)
    for round in 0..<4_000 {
      let length = round % 70
      // Pairs more often than chance would make them, or hardly any text would be well-formed.
      var text: [UInt8] = []
      while text.count < length {
        let draw = Int.random(in: 0..<12, using: &generator)
        text += draw < 3 ? Array("\r\n".utf8) : draw < 11 ? [0x61] : [letters.randomElement(using: &generator) ?? 0]
      }
      let ends = Self.ends(of: text)
      let pairs = zip(text, text.dropFirst())
      #expect(ends.arePaired == pairs.allSatisfy { ($0 == 0x0D) == ($1 == 0x0A) }, "\(text)")
      #expect(ends.precedeDots == pairs.contains { $0 == 0x0A && $1 == 0x2E }, "\(text)")
      #expect(ends.exist == text.dropFirst().contains(0x0A), "\(text)")
    }
  }

  private static func ends(of octets: [UInt8]) -> LineEnds { octets.withUnsafeBytes { LineEnds($0) } }
}

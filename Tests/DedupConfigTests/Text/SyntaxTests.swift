import DedupConfig
import DedupCore
import Testing

/// The text of the file: what is tolerated, what is refused, and that each position is exact.
@Suite struct SyntaxTests {
  struct Row: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var text: String
    var problems: [String]

    init(_ what: String, _ text: String, _ problems: [String] = []) {
      (testDescription, self.text, self.problems) = (what, text, problems)
    }
  }

  @Test(
    "is tolerated",
    arguments: [
      Row("an empty file", ""),
      Row("blank lines and both kinds of comments", "\n  \n# a\n  ; b\n\t#c"),
      Row("lines that end in CRLF", "[window]\r\nlength = 1h\r\n\r\n# x\r\n"),
      Row("a byte order mark", "\u{FEFF}[window]\nlength = 1h"),
      Row("no blank around anything", "[window]\nlength=1h"),
      Row("blanks around everything", "  [ window ]  \n\t length\t =  1h \t"),
      Row("a last line without an end", "[log]\nlevel = info"),
      Row("a section without keys", "[window]"),
      Row("a section in two pieces", "[log]\nlevel = info\n[window]\n[log]\nformat = text"),
      Row("a comment in capitals and umlauts", "# GRÖSSE [window\n"),
    ])
  func tolerated(_ row: Row) {
    let parsed = parse(row.text)
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration == Configuration())
  }

  @Test(
    "is refused",
    arguments: [
      Row("prose", "hello\n", ["1:1: this line has no \"=\"; \(write)"]),
      Row("the colon of YAML", "[window]\n  length: 1h", ["2:3: this line has no \"=\"; \(write)"]),
      Row(
        "a value that goes on", "[delivery]\nretry-waits = 30s\n  , 1min",
        [
          "3:3: this line has no \"=\"; a value cannot go on in a second line; "
            + "write it in one line, lists separated by commas"
        ]),
      Row("a value without key", "[window]\n = 1h", ["2:2: there is no key before the \"=\"; write key = value"]),
      Row(
        "a section that is not closed; its keys are checked all the same", "[window\nlength = x",
        [
          "1:1: this section has no closing \"]\"; write [window]",
          "2:10: window.length: \"x\" is not a duration; write a number with s, min, h or d, e.g. 15min",
        ]),
      Row(
        "something behind a section", "[window] # ours",
        ["1:10: unexpected text behind the section's \"]\"; put it on a line of its own"]),
      Row(
        "a bracket of a name that stays open", "[site [Shop]\nlength = 1h",
        ["1:1: this section has no closing \"]\"; write [site [Shop]]"]),
      Row(
        "a site in quotes", "[site \"x\"]\nlength = 1h",
        ["1:7: the name of a site stands without quotes; write [site x]"]),
      Row(
        "a quote that stays open", "[site \"x]\nlength = 1h",
        ["1:7: the name of a site stands without quotes; write [site x]"]),
      Row(
        "a site without a name", "[site \"\"]\nlength = 1h",
        ["1:7: the name of a site stands without quotes; write [site NAME], with a name"]),
      Row("a section without a name", "[ ]\nlength = x", ["1:1: this section has no name; write [section]"]),
      Row("a name where none belongs", "[window main]", ["1:9: [window] takes no name; write [window]"]),
      Row(
        "a quote that does not end", "[store]\ndirectory = \"var",
        ["2:13: this value starts with a quote and does not end with one; write \"value\""]),
      Row(
        "a lone quote", "[store]\ndirectory = \"",
        ["2:13: this value starts with a quote and does not end with one; write \"value\""]),
      Row("a NUL", "[store]\ndirectory = ü\u{0}", ["2:14: control character U+0000; remove it"]),
      Row("the lines of an old Macintosh", "[window]\rlength = 1h", ["1:9: control character U+000D; remove it"]),
      Row(
        "a key before its section", "length = 1h\n[window]",
        ["1:1: \"length\" stands before the first section; put it below [window]"]),
      Row(
        "an unknown key before any section", "foo = 1h",
        ["1:1: \"foo\" stands before the first section; begin with a line like [window]"]),
      Row(
        "a key twice", "[window]\nlength = 1h\nlength = 2h",
        ["3:1: window.length is set twice, first in line 2; remove one of the two"]),
      Row(
        "a key twice in two pieces of its section, the first one wrong",
        "[window]\nlength = x\n[log]\n[window]\nlength = 2h",
        [
          "2:10: window.length: \"x\" is not a duration; write a number with s, min, h or d, e.g. 15min",
          "5:1: window.length is set twice, first in line 2; remove one of the two",
        ]),
    ])
  func refused(_ row: Row) {
    #expect(errors(row.text) == row.problems.map { "dedup.conf:" + $0 })
  }

  private static let write = "write key = value, [section], or start the line with # to make it a comment"

  @Test("columns count characters: quotes, tabs, umlauts and list items included")
  func columns() {
    let text = "\u{FEFF}[summary]\n\tto =\t\"ü@example.org, x@@\"\n"
    #expect(parse(text).errors.map { [$0.line, $0.column] } == [[2, 23]])
  }

  @Test("the origin of a key is the first character of its value")
  func origins() {
    let parsed = parse("[window]\n  length =  2h\n[store]\ndirectory = \" x\"")
    #expect(parsed.origins["window.length"]?.description == "dedup.conf:2:13")
    #expect(parsed.origins["store.directory"]?.description == "dedup.conf:4:14")
    #expect(parsed.origins.count == 2)
  }

  @Test("of a key that stands twice, the first value holds")
  func firstHolds() {
    #expect(parse("[window]\nlength = 2h\nlength = 3h").configuration.window == WindowPolicy(length: .seconds(7200)))
  }

  @Test("comments may hold any bytes, everything else is UTF-8")
  func encodings() {
    let latin1 = Array("# gr".utf8) + [0xFC] + Array("n\n[store]\ndirectory = gr".utf8) + [0xFC, 0x6E]
    #expect(
      ConfigurationParser.parse(latin1, file: "f").errors.map(\.description)
        == ["f:3:15: this is not UTF-8; save the file in UTF-8"])
    #expect(
      ConfigurationParser.parse([0xFF, 0xFE, 0x5B, 0], file: "f").errors.map(\.description)
        == ["f:1:1: this file is in UTF-16; save it in UTF-8"])
  }

  @Test("a file that cannot be a configuration gets one error, not one per line")
  func hugeFile() {
    let parsed = ConfigurationParser.parse(Array(repeating: 0x0A, count: 1 << 21), file: "mail.log")
    #expect(parsed.errors.map(\.line) == [1])
  }
}

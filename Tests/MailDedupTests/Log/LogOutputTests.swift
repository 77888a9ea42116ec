import Logging
import Testing

@testable import MailDedup

/// What a client says can neither begin a line of the log nor talk to the admin's terminal.
@Suite struct LogOutputTests {
  static let texts: [(said: String, text: String, json: String)] = [
    ("plain", "plain", #"plain"#),
    ("two words", #""two words""#, "two words"),
    ("a\r\nforged", #"a\r\nforged"#, "a\r\nforged"),
    (#"back\slash"#, #"back\\slash"#, #"back\slash"#),
    (#"a"b"#, #"a\"b"#, #"a"b"#),
    ("\u{1B}[2J", #"\u{1b}[2J"#, #"\u001b[2J"#),
    ("\u{9B}31m", #"\u{9b}31m"#, #"\u009b31m"#),
    ("a\u{2028}b", #"a\u{2028}b"#, #"a\u2028b"#),
    ("\u{202E}txt.exe", #"\u{202e}txt.exe"#, #"\u202etxt.exe"#),
    ("\u{E0001}", #"\u{e0001}"#, #"\udb40\udc01"#),
    ("ünïcode 日本", #""ünïcode 日本""#, "ünïcode 日本"),
  ]

  @Test("in lines for people", arguments: texts)
  func text(_ example: (said: String, text: String, json: String)) {
    let line = LineLogHandler.line("info", "verb", ["reason": "\(example.said)"])
    #expect(String(decoding: line, as: UTF8.self) == "info verb reason=\(example.text)\n")
  }

  @Test("a verb is not quoted, and forges nothing either")
  func verb() {
    let line = LineLogHandler.line("info", "two \"words\"\nforged \u{1B}[2J", [:])
    #expect(String(decoding: line, as: UTF8.self) == #"info two "words"\nforged \u{1b}[2J"# + "\n")
  }

  @Test("what names the mail comes first, the rest by name; nothing is a pair of quotes")
  func order() {
    let line = LineLogHandler.line(
      "<6>info", "suppressed",
      ["site": "shop", "reason": "window", "held_back": "", "to": "<a@b>", "id": "1", "client": "::1", "size": "5"])
    let expected = "<6>info suppressed id=1 client=::1 to=<a@b> size=5 reason=window held_back=\"\" site=shop\n"
    #expect(String(decoding: line, as: UTF8.self) == expected)
  }

  @Test("in JSON, beyond what its encoder escapes")
  func json() {
    for example in Self.texts where example.said != "a\r\nforged" {
      #expect(JSONLogHandler.escaped(example.said) == example.json)
    }
  }
}

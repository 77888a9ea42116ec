import Foundation
import Testing

@testable import dedupctl

@Suite struct PrintableTextTests {
  @Test(
    "our own styles stay, nothing else that commands a terminal does",
    arguments: [
      ("plain, 東京 🐘", "plain, 東京 🐘"), ("two\nlines\tand a tab", "two\nlines\tand a tab"),
      ("\u{1B}[31mred\u{1B}[0m", "\u{1B}[31mred\u{1B}[0m"),
      ("\u{1B}[2Jgone\u{1B}]0;title\u{07}", "\u{FFFD}[2Jgone\u{FFFD}]0;title\u{FFFD}"),
      ("\u{1B}[8mhidden", "\u{FFFD}[8mhidden"), ("a\rb\u{9B}c\u{7F}", "a\u{FFFD}b\u{FFFD}c\u{FFFD}"),
      ("\u{202E}turned\u{2066}\u{2028}\u{2029}", "\u{FFFD}turned\u{FFFD}\u{FFFD}\u{FFFD}"),
    ])
  func styles(_ text: String, _ expected: String) {
    #expect(PrintableText.keepingStyles(text) == expected)
  }

  @Test("JSON says the same without them")
  func json() throws {
    let text = "{\"a\":\"x\u{202E}y\u{2028}z\u{9B}\u{E0001}é東\"}"
    let shown = PrintableText.json(text)
    #expect(shown == "{\"a\":\"x\\u202ey\\u2028z\\u009b\\udb40\\udc01é東\"}")
    let values = try [text, shown].map { try JSONDecoder().decode([String: String].self, from: Data($0.utf8)) }
    #expect(values[0] == values[1])
  }
}

@Suite struct HelpTextTests {
  @Test("the help of options stays in its column; an example stays in one line")
  func wrapped() {
    let option = "  --site <site>           Only sites that are called so"
    let example = "    dedupctl silence add --title \"Operational*\""
    #expect(
      HelpText.wrapped(
        ["A sentence that is too long for this terminal, by far.", "", option, example].joined(separator: "\n"),
        columns: 50)
          == """
          A sentence that is too long for this terminal, by
          far.

            --site <site>           Only sites that are
                                    called so
              dedupctl silence add --title "Operational*"
          """)
    #expect(HelpText.wrapped(option, columns: 30) == "  --site <site>\n      Only sites that are\n      called so")
  }
}

@Suite struct HourChartTests {
  @Test(
    "the columns are as wide as there is room for",
    arguments: [(nil, 74), (80, 74), (60, 51), (40, 27)] as [(Int?, Int)])
  func width(_ width: Int?, _ expected: Int) {
    let chart = HourChart(Array(repeating: 3, count: 24), now: .now)
    let lines = chart.lines(canDraw: true, width: width)
    // The name of the last hour may stand out by a character.
    #expect(lines.dropLast().map(\.count).max() == expected)
  }
}

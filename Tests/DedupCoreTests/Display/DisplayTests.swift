import DedupCore
import Testing

@Suite struct BarTests {
  @Test(
    "a sparkline shows each count as a bar beside the largest one",
    arguments: [
      ([], ""), ([0, 0], "··"), ([1, 2, 3, 4, 5, 6, 7, 8], "▁▂▃▄▅▆▇█"), ([0, 1, 1000], "·▁█"), ([-5, 7], "·█"),
      ([.max, 1, .min], "█▁·"),
    ])
  func sparkline(_ counts: [Int], _ expected: String) { #expect(Bar.sparkline(counts) == expected) }

  @Test("neighbours are added up until the bars fit")
  func groupsNeighbours() {
    #expect(Bar.grouped([1, 2, 3, 4, 5], limit: 2) == [6, 9])
    #expect(Bar.grouped([1, 2, 3], limit: 3) == [1, 2, 3])
    #expect(Bar.grouped([], limit: 3) == [])
    #expect(Bar.grouped([1, .max, .max], limit: 0) == [.max])
    #expect(Bar.grouped(Array(repeating: 1, count: 168), limit: 48).count == 42)
  }

  @Test("any count above zero has a bar, and none is higher than the highest")
  func levels() {
    #expect(Bar.level(1, of: 1000, steps: 5) == 1)
    #expect(Bar.level(1000, of: 1000, steps: 5) == 5)
    #expect(Bar.level(.max, of: 1, steps: 5) == 5)
    #expect(Bar.level(1, of: 0, steps: 5) == 0)
  }
}

@Suite struct DisplayTextTests {
  @Test(
    "a text from a mail becomes one line without control characters",
    arguments: [
      ("a\r\n\tb", "a b"), ("\u{1B}[31mred\u{7}", "[31mred"), ("x\u{202E}y\u{200F}", "xy"), ("  a  ", "a"),
      ("cafe\u{301}", "cafe\u{301}"), ("", ""), ("a\u{0}b", "ab"), ("👩‍👩‍👧", "👩‍👩‍👧"),
    ])
  func oneLine(_ text: String, _ expected: String) { #expect(DisplayText.oneLine(text) == expected) }

  @Test("a long line is cut")
  func cutsLongLines() {
    #expect(DisplayText.oneLine("abcdef", limit: 3) == "abc…")
    #expect(DisplayText.oneLine("abc", limit: 3) == "abc")
  }

  @Test("a text is wrapped at its spaces")
  func wraps() {
    #expect(DisplayText.wrap("aa bb cc", columns: 5) == ["aa bb", "cc"])
    #expect(DisplayText.wrap("aaaaaaa b", columns: 3) == ["aaa", "aaa", "a b"])
    #expect(DisplayText.wrap("aa bb cc dd", columns: 5, limit: 2) == ["aa bb", "cc dd"])
    #expect(DisplayText.wrap("aa bb cc dd ee", columns: 5, limit: 2) == ["aa bb", "cc d…"])
    #expect(DisplayText.wrap("", columns: 5) == [""])
    #expect(DisplayText.wrap("日本語", columns: 1) == ["日", "本", "語"])
  }

  @Test(
    "a number has separators between its thousands",
    arguments: [
      (0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567"), (-1000, "-1,000"),
      (Int.min, "-9,223,372,036,854,775,808"),
    ])
  func numbers(_ number: Int, _ expected: String) { #expect(DisplayText.number(number) == expected) }
}

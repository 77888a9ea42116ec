import DedupCore
import Testing

@Suite struct ColumnTests {
  @Test(
    "cells as a terminal gives them",
    arguments: [
      ("", 0, "nothing"),
      ("abc", 3, "ASCII"),
      ("a\u{7}b", 2, "a control character takes none"),
      ("naïve", 5, "Latin, composed"),
      ("nai\u{308}ve", 5, "the same with a combining mark"),
      ("日本語", 6, "ideographs are wide"),
      ("ｱｲｳ", 3, "halfwidth katakana are not"),
      ("ＡＢ", 4, "fullwidth Latin is wide"),
      ("한국", 4, "Hangul syllables are wide"),
      ("\u{1112}\u{1161}\u{11AB}", 2, "the same syllable of three jamo"),
      ("か\u{3099}", 2, "a kana with a voicing mark"),
      ("🐘", 2, "an emoji"),
      ("👍🏽", 2, "an emoji with a skin tone"),
      ("👩\u{200D}👩\u{200D}👧", 2, "a family joined of three"),
      ("🇩🇪", 2, "a flag of two letters"),
      ("☎", 1, "a symbol that is text by default"),
      ("☎\u{FE0F}", 2, "the same asked for as an emoji"),
      ("1\u{FE0F}\u{20E3}", 2, "a keycap"),
      ("…·—▁█", 5, "ambiguous ones are narrow"),
      ("עברית", 5, "Hebrew"),
      ("हिन्दी", 5, "Devanagari: the marks that have a place of their own count"),
      ("a\u{200B}b", 2, "a space of no width"),
    ])
  func columns(_ text: String, _ columns: Int, _ why: Comment) {
    #expect(DisplayText.columns(of: text) == columns, why)
  }

  @Test(
    "a text is cut at its end by columns, not by characters",
    arguments: [
      ("abcdef", 4, "abc…"), ("abcdef", 6, "abcdef"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("日本語", 6, "日本語"),
      ("abc", 1, "…"), ("abc", 0, ""), ("e\u{301}e\u{301}e\u{301}", 2, "e\u{301}…"),
    ])
  func cutAtTheEnd(_ text: String, _ columns: Int, _ expected: String) {
    #expect(DisplayText.cut(text, columns: columns) == expected)
  }

  @Test(
    "a text is cut in the middle by columns, and both ends stay",
    arguments: [
      ("abcdefghij", 10, "abcdefghij", "it fits"), ("abcdefghij", 7, "ab…ghij", "a third before, the rest behind"),
      ("日本語日本語", 7, "日…本語", "a wide character is not halved"), ("abc", 1, "…", "no room"),
      ("abc", 0, "", "none at all"),
    ])
  func cutInTheMiddle(_ text: String, _ columns: Int, _ expected: String, _ why: Comment) {
    #expect(DisplayText.cutInMiddle(text, columns: columns) == expected, why)
  }

  @Test("a text is padded to its columns, and one that is too long stays as it is")
  func padding() {
    #expect(DisplayText.padded("日本", columns: 6) == "日本  ")
    #expect(DisplayText.padded("日本", columns: 6, atLeft: true) == "  日本")
    #expect(DisplayText.padded("日本", columns: 3) == "日本")
  }
}

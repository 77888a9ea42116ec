import HostSystem
import Testing

@Suite struct KeyTests {
  @Test(
    "what a terminal sends for a key",
    arguments: [
      ("q", [.character("q")], "a letter"), ("\u{1B}[A", [.up], "an arrow"),
      ("\u{1B}OB", [.down], "in application mode"),
      ("\u{1B}[1;5A", [.up], "with Ctrl held"), ("\r", [.enter], "return"), ("\n", [.enter], "the same, translated"),
      ("\u{1B}", [.escape], "escape alone"), ("\u{1B}[", [], "a sequence that was cut"),
      ("\u{1B}[200~", [], "one that means nothing here"),
      ("ss\u{1B}[Bq", [.character("s"), .character("s"), .down, .character("q")], "several at once"),
      ("\u{1}é", [], "control characters and letters beyond ASCII"), ("", [], "nothing"),
    ] as [(String, [Key], Comment)])
  func keys(_ octets: String, _ keys: [Key], _ why: Comment) { #expect(Key.keys(Array(octets.utf8)) == keys, why) }
}

import DedupCore
import Testing

@testable import dedupctl

@Suite struct TableTests {
  static let wide = Table.Column(title: "ERROR", isFlexible: true)
  static let path = Table.Column(title: "PLACE", isFlexible: true, isPath: true)

  static func table() -> Table {
    var table = Table([
      .init(title: "ID"), .init(title: "TOTAL", alignment: .right), .init(title: "SEEN"), wide, path,
    ])
    table.add([
      "aaaaaaaa", "12", "30 Nov 14:03", "KeyError: '注文' 🐘 e\u{301}", "/srv/shop/app/orders/views/checkout.py in total",
    ])
    table.add(["bbbbbbbb", "3", "14:03", "ValueError: " + String(repeating: "long ", count: 40), ""])
    return table
  }

  @Test("no line is wider than the terminal, and no cell of the first column is lost", arguments: 20...200)
  func fits(width: Int) {
    let lines = Self.table().lines(width: width)
    #expect(lines.allSatisfy { DisplayText.columns(of: $0) <= width })
    #expect(lines.contains { $0.hasPrefix("aaaaaaaa") } && lines.contains { $0.hasPrefix("bbbbbbbb") })
  }

  @Test("columns stand under each other, whatever is in them")
  func aligned() {
    var table = Table([Self.wide, .init(title: "SITE")])
    for text in ["plain", "日本語", "🐘🐘", "e\u{301}e\u{301}", "👩\u{200D}👩"] { table.add([text, "site"]) }
    let places = Set(table.lines(width: 80).dropFirst().map { DisplayText.columns(of: String($0.dropLast(4))) })
    #expect(places.count == 1)
  }

  @Test("in a narrow terminal what finds no room stands below, with its title")
  func folded() {
    let lines = Self.table().lines(width: 30)
    #expect(lines[0] == "ID        TOTAL  SEEN" && lines[1] == "aaaaaaaa     12  30 Nov 14:03")
    #expect(lines[2].hasPrefix("  KeyError"))
    let narrow = Self.table().lines(width: 24)
    #expect(narrow[0] == "ID        TOTAL" && narrow.contains("  SEEN 30 Nov 14:03"))
  }

  @Test("a path keeps its end")
  func paths() {
    var table = Table([Self.path])
    table.add(["/srv/shop/app/orders/views/checkout.py in total"])
    #expect(table.lines(width: 28)[1].hasSuffix(".py in total"))
    #expect(table.lines(width: 30)[1].hasSuffix("checkout.py in total"))
  }

  @Test("a pipe gets all of it, and scripts no head")
  func unbounded() {
    let lines = Self.table().lines(width: nil, hasHead: false)
    #expect(lines.count == 2 && lines[0].hasSuffix("checkout.py in total"))
  }
}

@Suite struct TopTests {
  @Test("the chosen row is among those that are shown, and no row is halved")
  func visible() {
    let rows = (0..<10).map { ["row \($0)", "  below"] }
    #expect(TopScreen.visible(rows, chosen: 0, room: 5) == ["row 0", "  below", "row 1", "  below"])
    #expect(TopScreen.visible(rows, chosen: 9, room: 4) == ["row 8", "  below", "row 9", "  below"])
    #expect(TopScreen.visible([], chosen: 0, room: 4) == [])
  }

  @Test(
    "a low screen has the chosen row, then the titles, then the head",
    arguments: [
      (8, ["head", "titles", "row 0", "  below", "row 1", "  below", "row 2", "  below"]),
      (4, ["head", "titles", "row 0", "  below"]), (3, ["titles", "row 0", "  below"]), (2, ["row 0", "  below"]),
      (1, ["row 0"]), (0, []),
    ])
  func low(_ height: Int, _ expected: [String]) {
    let rows = (0..<10).map { ["row \($0)", "  below"] }
    #expect(TopScreen.lines(["head", "titles"], rows, chosen: 0, height: height) == expected)
  }

  @Test("a burst of two seconds is not thirty times itself")
  func rate() {
    var rate = ArrivalRate()
    rate.look(at: 0, ["a": 100])
    #expect(rate.perMinute("a", most: 60) == nil)
    rate.look(at: 2, ["a": 104, "b": 3, "old": 9000])
    #expect(rate.perMinute("a", most: 60) == 4)
    #expect(rate.perMinute("b", most: 60) == 3)
    #expect(rate.perMinute("old", most: 1) == 1)
    for second in stride(from: 4.0, through: 62, by: 2) { rate.look(at: second, ["a": 104, "b": 3]) }
    #expect(rate.perMinute("a", most: 60) == 0)
    #expect(rate.perMinute("unknown", most: 60) == nil)
  }
}

@Suite struct MistypedVerbTests {
  @Test(
    "a mistyped verb is answered with the one that was meant",
    arguments: [
      (["list", "--all"], nil), (["--config", "x", "list"], nil), (["queue"], nil), ([], nil), (["show", "lsit"], nil),
      (["help", "lsit"], "there is no command \"lsit\"; did you mean dedupctl list?"),
      (["help", "show"], nil),
      (["status", "-o", "json"], nil), (["-o", "json"], nil),
      (["-o", "json", "status"], "put -o behind the command: dedupctl status -o json"),
      (["lsit"], "there is no command \"lsit\"; did you mean dedupctl list?"),
      (["-c", "queue", "silence", "ad"], "there is no command \"ad\"; did you mean dedupctl silence add?"),
      (["--socket", "x"], "there is no option \"--socket\" before a command; see dedupctl --help"),
      (["--confg=x", "list"], "there is no option \"--confg\" before a command; did you mean --config?"),
      (["queue", "--held", "--deferred"], nil),
      (["q\u{1B}[31m"], "there is no command \"q\u{FFFD}[31m\"; see dedupctl --help"),
    ] as [([String], String?)])
  func verbs(_ arguments: [String], _ expected: String?) {
    #expect(MistypedVerb(arguments, of: DedupCtl.self)?.description == expected)
  }
}

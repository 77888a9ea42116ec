import DedupConfig
import DedupCore
import Fingerprint
import MailMessage
import Testing

/// `[rule NAME]` sections: what they mean, and what is said about those that mean nothing.
@Suite struct RuleTests {
  typealias Row = SyntaxTests.Row

  @Test("a rule is read with all its patterns, its action, its fingerprint and its window")
  func everything() throws {
    let text = """
      [rule first]
      type = OperationalError, *.DoesNotExist
      text = "*, please*", *many clients*
      fingerprint = "database, all of it", host
      window = 15min
      [window]
      length = 2h
      [rule second]
      settings-module = shop.staging
      action = summary-only
      """
    let parsed = parse(text)
    #expect(parsed.errors == [] && parsed.warnings == [])
    let rules = parsed.configuration.rules.rules
    #expect(rules.map(\.name) == ["first", "second"])
    let first = try #require(rules.first)
    #expect(first.matchers.map(\.field) == [.type, .text])
    #expect(
      first.matchers.map { $0.patterns.map(\.description) }
        == [["OperationalError", "*.DoesNotExist"], ["*, please*", "*many clients*"]])
    #expect(first.key == .fingerprint([.literal("database, all of it"), .field(.host)]))
    #expect(first.window == .seconds(900) && first.action == .dedup)
    #expect(rules.last?.action == .summaryOnly)
    #expect(parsed.configuration.window.length == .seconds(7200))
  }

  @Test("a value that starts and ends with quotes is a list of quoted items, not one quoted value")
  func quotes() {
    let rules = parse("[rule a]\ntype = A\nfingerprint = \"x\", \"y\"").configuration.rules.rules
    #expect(rules.first?.key == .fingerprint([.literal("x"), .literal("y")]))
  }

  @Test("rules survive being written and read")
  func roundTrip() {
    let text = """
      [rule a]
      text = "*, x", " y"
      host = *.EXAMPLE.org
      split-by = host, view
      action = silence
      [rule b]
      subject = [[]x]
      action = dedup
      [rule c]
      type = [!A-Z]*
      fingerprint = type, "it's, this"
      window = 4h
      """
    let configuration = parse(text).configuration
    #expect(configuration.rules.rules.count == 3)
    let again = parse(ConfigurationReference.values(of: configuration))
    #expect(again.errors == [])
    #expect(again.configuration == configuration)
  }

  @Test(
    "what is wrong with a rule is said where it stands",
    arguments: [
      Row(
        "no name", "[rule]\ntype = A\naction = pass", ["1:2: a rule needs a name; write [rule NAME]"]),
      Row(
        "a name that would break a header", "[rule a b]\ntype = A\naction = pass",
        ["1:7: \"a b\" is no name for a rule; write at most 40 letters, digits, -, _ or ."]),
      Row(
        "two rules of one name", "[rule a]\ntype = A\naction = pass\n[rule a]\ntype = B\naction = pass",
        ["4:7: [rule a] stands twice, first in line 1; give one another name"]),
      Row(
        "no matcher", "[rule a]\naction = silence",
        [
          "1:7: [rule a] does not say which reports it is for; add one of type, text, module, function, innermost, caller, view, path, "
            + "host, settings-module, subject, template, e.g. type = OperationalError"
        ]),
      Row(
        "no action", "[rule a]\ntype = A",
        [
          "1:7: [rule a] does nothing; add one of action, fingerprint, split-by, window, variants, quiet, milestones, "
            + "reminders, all-clear, subject, e.g. action = summary-only"
        ]),
      Row(
        "a mistyped key", "[rule a]\ntyp = A\naction = pass",
        [
          "1:7: [rule a] does not say which reports it is for; add one of type, text, module, function, innermost, caller, view, path, "
            + "host, settings-module, subject, template, e.g. type = OperationalError",
          "2:1: unknown key \"typ\" in [rule a]; did you mean type?",
        ]),
      Row(
        "a mistyped action", "[rule a]\ntype = A\naction = summary",
        [
          "3:10: [rule a] action: \"summary\" is none of the choices; did you mean summary-only? "
            + "write one of dedup, pass, silence, summary-only"
        ]),
      Row(
        "a mistyped field behind others", "[rule a]\ntype = A\nsplit-by = host, veiw",
        [
          "3:18: [rule a] split-by: \"veiw\" is no field; did you mean view? write \"veiw\" in quotes for a word of "
            + "your own, or one of type, text, module, function, innermost, caller, view, path, host, settings-module, template"
        ]),
      Row(
        "the Subject as a field", "[rule a]\ntype = A\nfingerprint = subject",
        [
          "3:15: [rule a] fingerprint: \"subject\" cannot be used, it carries the visitor's URL; write one of type, "
            + "text, module, function, innermost, caller, view, path, host, settings-module, template"
        ]),
      Row(
        "a pattern with an open bracket", "[rule a]\npath = /a/*, /b/[0-9\naction = pass",
        [
          "2:14: [rule a] path: \"/b/[0-9\" has a [ without its ]; write *, ?, [a-z] or the text itself; [[] stands "
            + "for a bracket"
        ]),
      Row(
        "a comma at the end", "[rule a]\ntype = A,\naction = pass",
        [
          "2:10: [rule a] type: has an empty item; write one comma between two items and none at the end, e.g. "
            + "OperationalError, *.DoesNotExist"
        ]),
      Row(
        "an open quote", "[rule a]\ntype = A\nfingerprint = host, \"x",
        ["3:21: [rule a] fingerprint: \"\"x\" starts with a quote and does not end with one; write \"text\""]),
      Row(
        "a fingerprint that is also split", "[rule a]\ntype = A\nfingerprint = type\nsplit-by = host",
        ["4:12: [rule a] split-by: fingerprint says all there is; add the fields there and remove split-by"]),
      Row(
        "a window for mail that never waits for one", "[rule a]\ntype = A\naction = pass\nwindow = 1h",
        [
          "4:10: [rule a] window: with action = pass each mail goes out, whatever the window; remove one of the two"
        ]),
      Row(
        "a window without a unit", "[rule a]\ntype = A\nwindow = 15",
        ["3:10: [rule a] window: \"15\" has no unit; write 15s, 15min, 15h or 15d"]),
      Row(
        "a key twice", "[rule a]\ntype = A\ntype = B\naction = pass",
        ["3:1: [rule a] sets type twice, first in line 2; remove one of the two"]),
      Row(
        "a section that was nearly a rule", "[rules a]\ntype = A",
        ["1:2: unknown section [rules]; did you mean [rule NAME]?"]),
    ])
  func problems(_ row: Row) {
    #expect(errors(row.text) == row.problems.map { "dedup.conf:" + $0 })
    #expect(parse(row.text).configuration.rules.rules.count <= 1)
  }

  @Test("a rule behind one that matches all it matches is pointed out")
  func unreachable() {
    let text = "[rule a]\ntype = A\naction = pass\n[rule b]\npath = /x\ntype = A\naction = silence"
    #expect(
      warnings(text) == ["dedup.conf:4:7: [rule b] never applies: [rule a] comes first and matches all it matches"])
  }

  @Test("the example of the reference is right")
  func example() {
    let parsed = parse(RuleSchema.example.joined(separator: "\n"))
    #expect(parsed.errors == [] && parsed.warnings == [])
    #expect(parsed.configuration.rules.rules.count == 2)
  }

  @Test("the example of each key is right", arguments: RuleSchema.keys.map(\.name))
  func examples(_ name: String) throws {
    let key = try #require(RuleSchema.keys.first { $0.name == name })
    let rest = key.field == nil ? "type = A" : "action = dedup"
    let parsed = parse("[rule a]\n\(name) = \(key.example)\n\(rest)")
    #expect(parsed.errors == [] && parsed.warnings == [])
  }

  @Test("more rules than anybody has are the wrong file, told once")
  func tooMany() {
    let text = (0..<600).map { "[rule r\($0)]\ntype = A\($0)\naction = pass\n" }.joined()
    #expect(parse(text).errors.count == 1)
  }
}

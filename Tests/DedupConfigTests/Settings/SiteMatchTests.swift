import DedupConfig
import DedupCore
import Testing

@Suite("[site NAME] match")
struct SiteMatchTests {
  @Test("patterns are read, written, and stand beside what holds for the site")
  func readAndWritten() {
    let parsed = parse("[site shop]\nmatch = [web*], root@web?.x\nlength = 2h\n[site other]\nlength = 3h\n")
    #expect(parsed.errors.isEmpty && parsed.warnings.isEmpty)
    let configuration = parsed.configuration
    #expect(configuration.sites.patterns.mapValues { $0.map(\.description) } == ["shop": ["[web*]", "root@web?.x"]])
    #expect(configuration.window.sites["shop"]?.length == .seconds(7200))
    let text = ConfigurationReference.values(of: configuration)
    #expect(text.contains("[site shop]\nlength = 2h\nmatch = [web*], root@web?.x\n"))
    let again = parse(text).configuration
    #expect(again.sites == configuration.sites && again.window == configuration.window)
  }

  @Test("a section may say nothing else")
  func alone() {
    let configuration = parse("[site shop]\nmatch = [web*]\n").configuration
    #expect(configuration.window.sites.isEmpty && configuration.sites.patterns.count == 1)
    #expect(ConfigurationReference.values(of: configuration).contains("[site shop]\nmatch = [web*]\n"))
  }

  @Test("a change of it is a change of sites")
  func changes() {
    let (old, new) = (parse("").configuration, parse("[site shop]\nmatch = [web*]\n").configuration)
    let change = ConfigurationChange(from: old, to: new)
    #expect(change.live == ["site"])
    #expect(change.values.map { [$0.key, $0.old, $0.new] } == [["site shop", "", "match = [web*]"]])
  }

  @Test("what cannot be meant is told")
  func problems() {
    let cases: [(text: String, told: String)] = [
      ("match = *", "match: \"*\" matches everything; write what all have in common, e.g. [web*]"),
      ("match =", "match"), ("match = [web*]\nmatch = [db*]", "sets match twice"),
      ("matches = [web*]", "storm-cap, subject, match"),
    ]
    for (text, told) in cases {
      let errors = parse("[site shop]\n\(text)\n").errors.map(\.description)
      #expect(errors.contains { $0.contains(told) }, "\(text): \(errors)")
    }
    let twice = parse("[site a]\nmatch = [web*]\n[site b]\nmatch = [web*]\n")
    #expect(twice.errors.isEmpty)
    #expect(twice.warnings.map(\.description).contains { $0.contains("[web*] stands in [site a] too") })
  }
}

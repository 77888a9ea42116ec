import DedupConfig
import DedupCore
import Fingerprint
import Testing

/// The configuration is one file, more files, and the environment.
@Suite struct LayersTests {
  private static func parse(_ files: [String], _ environment: [String: String] = [:]) -> ParsedConfiguration {
    let texts = files.enumerated().map { index, text in
      ConfigurationText(file: index == 0 ? "dedup.conf" : "conf.d/\(index).conf", bytes: Array(text.utf8))
    }
    return ConfigurationParser.parse(texts, environment: environment)
  }

  struct Case: CustomTestStringConvertible {
    var testDescription: String
    var files: [String]
    var environment: [String: String] = [:]
    /// Of `window.length`, as a file has it, and where it comes from.
    var length = "1h"
    var origin: String?
    var problems: [String] = []
  }

  @Test("the name of a site may have brackets, as those have that a Subject's prefix names")
  func sitesInBrackets() {
    let parsed = Self.parse(["[site [Shop]]\nlength = 2h\n[site staging]\nlength = 3h"])
    #expect(parsed.errors == [] && Set(parsed.configuration.window.sites.keys) == ["[Shop]", "staging"])
  }

  @Test("variables that name no key are told apart, for whoever checks the configuration")
  func strangers() {
    let environment = ["MAILDEDUP_FOO": "1", "MAILDEDUP_CONFIG": "x", "MAILDEDUP_WINDOW_LENGTH": "4h", "PATH": "/bin"]
    #expect(ConfigurationParser.strangers(in: environment) == ["MAILDEDUP_FOO"])
  }

  @Test(
    "of several files and the environment the last one that sets a key decides",
    arguments: [
      Case(testDescription: "nothing is said: the default counts", files: [""]),
      Case(
        testDescription: "a later file has the last word", files: ["[window]\nlength = 2h", "[window]\nlength = 3h"],
        length: "3h", origin: "conf.d/1.conf:2:10"),
      Case(
        testDescription: "what a later file leaves out stays",
        files: ["[window]\nlength = 2h", "[window]\nquiet = 2d"],
        length: "2h", origin: "dedup.conf:2:10"),
      Case(
        testDescription: "twice in one file is a mistake, there as well",
        files: ["[window]\nlength = 2h", "[window]\nlength = 3h\nlength = 4h"], length: "3h",
        origin: "conf.d/1.conf:2:10",
        problems: ["conf.d/1.conf:3:1: window.length is set twice, first in line 2; remove one of the two"]),
      Case(
        testDescription: "the environment has the very last",
        files: ["[window]\nlength = 2h", "[window]\nlength = 3h"],
        environment: ["MAILDEDUP_WINDOW_LENGTH": "4h"], length: "4h", origin: "environment MAILDEDUP_WINDOW_LENGTH"),
      Case(
        testDescription: "a wrong value names its variable", files: [""],
        environment: ["MAILDEDUP_WINDOW_LENGTH": "soon"],
        problems: [
          "environment MAILDEDUP_WINDOW_LENGTH: window.length: \"soon\" is not a duration; write a number with s, min, h "
            + "or d, e.g. 15min"
        ]),
      Case(
        testDescription: "a slip in the name of a variable is one", files: [""],
        environment: ["MAILDEDUP_WINDOW_LENGHT": "4h", "MAILDEDUP_DELIVRY_SMARTHOST": "mail:25"],
        problems: [
          "environment MAILDEDUP_DELIVRY_SMARTHOST: there is no such key; did you mean MAILDEDUP_DELIVERY_SMARTHOST?",
          "environment MAILDEDUP_WINDOW_LENGHT: there is no such key; did you mean MAILDEDUP_WINDOW_LENGTH?",
        ]),
      Case(
        testDescription: "what belongs to others is left alone", files: [""],
        environment: ["MAILDEDUP_BIN_DIR": "/x", "MAILDEDUP_CONFIG": "/x", "MAILDEDUP_KEEP": "1", "PATH": "/bin"]),
    ])
  func layers(_ expected: Case) throws {
    let parsed = Self.parse(expected.files, expected.environment)
    let key = try #require(ConfigurationSchema.key("window.length"))
    #expect(parsed.errors.map(\.description) == expected.problems)
    #expect(key.text(of: parsed.configuration) == expected.length)
    #expect(parsed.origins["window.length"]?.description == expected.origin)
  }

  @Test("a site or a rule of a later file takes the place of the earlier one, the others stay")
  func sections() {
    let parsed = Self.parse([
      "[site a]\nlength = 2h\n[rule x]\ntype = A\naction = silence\n[rule y]\ntype = B\naction = pass\n",
      "[site a]\nquiet = 2d\n[rule x]\ntype = C\naction = pass\n",
    ])
    #expect(parsed.errors == [])
    #expect(parsed.configuration.rules.rules.map(\.name) == ["x", "y"])
    #expect(parsed.configuration.rules.rules.first?.configurationText == "[rule x]\ntype = C\naction = pass\n")
    #expect(parsed.configuration.window.sites["a"]?.length == nil && parsed.origins["site a"]?.file == "conf.d/1.conf")
  }

  @Test("every key can be set by its variable, which no other key has")
  func variables() {
    let keys = ConfigurationSchema.sections.flatMap(\.keys)
    let names = keys.map { "MAILDEDUP_" + $0.id.uppercased().replacing(".", with: "_").replacing("-", with: "_") }
    #expect(Set(names).count == keys.count)
    for (key, name) in zip(keys, names) {
      let parsed = Self.parse([""], [name: key.example])
      #expect(parsed.origins[key.id]?.file == "environment \(name)", "\(parsed.errors)")
    }
  }

  @Test("the effective configuration reads back as the same, and says where each value comes from")
  func effective() {
    let parsed = Self.parse(
      ["[window]\nlength = 2h\n[rule x]\ntype = A\nwindow = 3h\n[site a b]\nquiet = 2d\n", "[log]\nlevel = debug"],
      ["MAILDEDUP_LISTENER_ADDRESS": "127.0.0.1:25"])
    let text = ConfigurationReference.effective(parsed)
    #expect(Self.parse([text]).configuration == parsed.configuration && Self.parse([text]).errors == [])
    for line in [
      "# dedup.conf:2\nlength = 2h", "# conf.d/1.conf:2\nlevel = debug", "# default\nquiet = 1d",
      "# environment MAILDEDUP_LISTENER_ADDRESS\naddress = 127.0.0.1:25", "# dedup.conf:3\n[rule x]",
      "# dedup.conf:6\n[site a b]",
    ] { #expect(text.contains(line), "\(line)\n\(text)") }
  }

  @Test("a change says what was and what is, also of sites and rules")
  func values() {
    let old = Self.parse(["[window]\nlength = 2h\n[site a]\nquiet = 2d\n[rule x]\ntype = A\naction = pass\n"])
      .configuration
    let new = Self.parse(["[window]\nlength = 3h\n[site a]\nquiet = 3d\n[rule y]\ntype = A\naction = pass\n"])
      .configuration
    let change = ConfigurationChange(from: old, to: new)
    #expect(
      change.values.map { "\($0.key): \($0.old) -> \($0.new)" } == [
        "window.length: 2h -> 3h", "site a: quiet = 2d -> quiet = 3d", "rule x: type = A; action = pass -> ",
        "rule y:  -> type = A; action = pass",
      ])
  }

  @Test(
    "the control API answers over TCP on this machine only, and never without a token",
    arguments: [
      (
        "address = 192.0.2.1:8025\ntoken-file = t",
        "others could reach it; write an address of this machine, e.g. 127.0.0.1:8025"
      ),
      ("address = 127.0.0.1:8025", "everybody on this machine could use it; set control.token-file"),
    ])
  func door(_ text: String, _ problem: String) {
    let found = Self.parse(["[control]\n" + text]).errors.map(\.message)
    #expect(found == ["control.address: \(problem)"])
  }
}

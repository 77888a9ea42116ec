import DedupCore
import MailMessage
import Testing

@Suite("Sites of several machines")
struct SiteNamingTests {
  private static func site(
    _ module: String?, _ prefix: String?, _ sender: String, to: String = "admins@shop.example",
    _ naming: [String: [String]] = [:]
  ) throws -> Site {
    var sites = SiteNaming()
    for (name, patterns) in naming { sites.patterns[name] = try patterns.map { try SitePattern($0) } }
    return Site(
      settingsModule: module, subjectPrefix: prefix,
      envelope: Envelope(sender: EmailAddress(sender), recipients: [EmailAddress(to)]),
      naming: sites)
  }

  private static let ofModule = ["shop.settings": ["[web*]", "root@web?"]]
  private static let ofPrefix = ["web": ["[web*]", "root@web?"]]

  @Test("two mails are of one site exactly if all that differs matches")
  func joins() throws {
    typealias Mail = (module: String?, prefix: String?, sender: String)
    let cases: [(why: String, Mail, Mail, [String: [String]], areOne: Bool)] = [
      ("nothing is joined by itself", ("s", "[web1]", "a@x"), ("s", "[web2]", "a@x"), [:], false),
      (
        "prefixes that match", ("shop.settings", "[web1]", "a@x"), ("shop.settings", "[web2]", "a@x"), Self.ofModule,
        true
      ),
      ("case is ignored", ("shop.settings", "[WEB1]", "a@x"), ("shop.settings", "[web2]", "a@x"), Self.ofModule, true),
      (
        "senders that match", ("shop.settings", nil, "root@web1"), ("shop.settings", nil, "root@web2"), Self.ofModule,
        true
      ),
      (
        "both that match", ("shop.settings", "[web1]", "root@web1"), ("shop.settings", "[web2]", "root@web2"),
        Self.ofModule, true
      ),
      (
        "a prefix that does not", ("shop.settings", "[web1]", "a@x"), ("shop.settings", "[db1]", "a@x"), Self.ofModule,
        false
      ),
      (
        "a sender that does not", ("shop.settings", "[web1]", "a@x"), ("shop.settings", "[web2]", "b@x"), Self.ofModule,
        false
      ),
      (
        "another settings module", ("shop.settings", "[web1]", "a@x"), ("staging", "[web1]", "a@x"), Self.ofModule,
        false
      ),
      ("two modules that NAME is not", ("one", "[web1]", "a@x"), ("two", "[web1]", "a@x"), Self.ofPrefix, false),
      ("a module that NAME is not", ("one", "[web1]", "a@x"), ("one", "[web2]", "a@x"), Self.ofPrefix, false),
      ("without a module by the prefix", (nil, "[web1]", "a@x"), (nil, "[web2]", "a@x"), Self.ofPrefix, true),
      ("without a prefix by the sender", (nil, nil, "root@web1"), (nil, nil, "root@web2"), Self.ofPrefix, true),
      (
        "with another prefix the sender is not enough", (nil, "[a]", "root@web1"), (nil, "[a]", "root@web2"),
        Self.ofPrefix, false
      ),
      ("a name in brackets", (nil, "[Shop1]", "a@x"), (nil, "[Shop2]", "a@x"), ["[Shop]": ["[Shop?]"]], true),
      ("a pattern with a bracket is no set", (nil, "w", "a@x"), (nil, "e", "a@x"), ["web": ["[web]"]], false),
    ]
    for (why, one, other, naming, areOne) in cases {
      let (a, b) = (
        try Self.site(one.module, one.prefix, one.sender, naming),
        try Self.site(other.module, other.prefix, other.sender, naming)
      )
      #expect((a.key == b.key) == areOne, "\(why)")
      #expect((a.envelopeKey == b.envelopeKey) || !areOne, "\(why)")
    }
  }

  @Test("the site has the name of its section; recipients tell two of them apart")
  func names() throws {
    let site = try Self.site(nil, "[web1]", "root@web1", Self.ofPrefix)
    #expect(site.name == "web")
    #expect(try site.key != Self.site(nil, "[web1]", "root@web1", to: "ops@shop.example", Self.ofPrefix).key)
    #expect(SiteTraits(key: site.key).prefix == "(match)" && SiteTraits(key: site.key).sender == "(match)")
    #expect(try Self.site("shop.settings", "[web1]", "a@x", Self.ofModule).name == "shop.settings")
    #expect(try Self.site("other", "[web1]", "a@x", Self.ofModule).name == "other")
  }

  @Test("no mail can pass for mail of a site that was made of several")
  func cannotBeForged() throws {
    let made = try Self.site(nil, "[web1]", "a@x", Self.ofPrefix)
    for prefix in ["\u{1B}=web", "=web", "web", "(match)", "\u{1B}0=web"] {
      #expect(try Self.site(nil, prefix, "a@x", Self.ofPrefix).key != made.key)
      #expect(try Self.site("\u{1B}=web", prefix, "a@x", Self.ofPrefix).key != made.key)
    }
  }

  @Test("a pattern that says nothing is known as such")
  func everything() throws {
    for text in ["*", "??", "*@*"] { #expect(try SitePattern(text).matchesEverything) }
    for text in ["[*]", "root@*", "*@web1"] { #expect(try !SitePattern(text).matchesEverything) }
  }

  @Test("the bounds of a site are those of its sender and recipients")
  func envelopeKeys() throws {
    let site = try Self.site("a\u{1F}b", "[x]", "root@web1")
    let envelope = Envelope(
      sender: EmailAddress("root@web1"), recipients: [EmailAddress("admins@shop.example")])
    #expect(site.envelopeKey == Site.envelopeKey(of: envelope))
  }

  @Test("sites that differ by numbers only are proposed as one, with the lines to paste")
  func suggestions() throws {
    typealias Seen = SiteSuggestion.Seen
    let cases: [(why: String, [Seen], [String])] = [
      (
        "a prefix of one module",
        [
          Seen(name: "shop.settings", prefix: "[web1]", sender: "a@x"),
          Seen(name: "shop.settings", prefix: "[web12]", sender: "a@x"),
        ],
        ["[site shop.settings]", "match = [web*]"]
      ),
      (
        "prefix and sender",
        [
          Seen(name: "s", prefix: "[web1]", sender: "root@web1"),
          Seen(name: "s", prefix: "[web2]", sender: "root@web2"),
        ],
        ["[site s]", "match = [web*], root@web*"]
      ),
      (
        "a name of its own, where the prefix names the site",
        [Seen(name: "[web1]", prefix: "[web1]", sender: "a@x"), Seen(name: "[web2]", prefix: "[web2]", sender: "a@x")],
        ["[site web]", "match = [web*]"]
      ),
      (
        "senders that name the site",
        [
          Seen(name: "root@web1.x", prefix: "", sender: "root@web1.x"),
          Seen(name: "root@web2.x", prefix: "", sender: "root@web2.x"),
        ],
        ["[site web.x]", "match = root@web*.x"]
      ),
      (
        "words are never taken for machines",
        [Seen(name: "s", prefix: "[live]", sender: "a@x"), Seen(name: "s", prefix: "[staging]", sender: "a@x")], []
      ),
      (
        "two modules are two sites",
        [Seen(name: "s1", prefix: "[web1]", sender: "a@x"), Seen(name: "s2", prefix: "[web2]", sender: "a@x")], []
      ),
      (
        "one site",
        [Seen(name: "s", prefix: "[web1]", sender: "a@x"), Seen(name: "s", prefix: "[web1]", sender: "a@x")], []
      ),
    ]
    var joined = SiteNaming()
    joined.patterns = ["s": [try SitePattern("[web*]")]]
    #expect(SiteSuggestion.all(for: cases[1].1, besides: joined).isEmpty, "what was joined already")
    for (why, seen, lines) in cases {
      #expect(SiteSuggestion.all(for: seen, besides: SiteNaming()).flatMap(\.lines) == lines, "\(why)")
    }
  }
}

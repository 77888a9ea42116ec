import DedupCore
import MailMessage
import MailTestKit
import Testing

@Suite struct TimestampTests {
  @Test("a time is rounded down to seconds on both sides of the epoch")
  func roundsDownOnBothSidesOfTheEpoch() {
    #expect(Timestamp(milliseconds: 1999).seconds == 1)
    #expect(Timestamp(milliseconds: -1).seconds == -1)
    #expect(Timestamp(milliseconds: -3_600_000).hour == -1)
    #expect(Timestamp(milliseconds: -3_600_001).hour == -2)
  }

  @Test("times saturate in place of a trap")
  func saturates() {
    let first = Timestamp(milliseconds: .min)
    let last = Timestamp(milliseconds: .max)
    #expect(Timestamp(seconds: .max) == last)
    #expect(Timestamp(seconds: .min) == first)
    #expect(last.advanced(by: .milliseconds(1)) == last)
    #expect(first.advanced(by: .milliseconds(-1)) == first)
    #expect(noon.advanced(by: .seconds(Int64.min)) < noon)
    #expect(last.since(first) > .zero)
    #expect(first.since(last) < .zero)
    #expect(last.civil(offsetMinutes: .max).year == 9999)
    #expect(first.civil(offsetMinutes: .min).year == 1)
    #expect(first.seconds < last.seconds && first.hour < last.hour)
  }

  @Test(
    "durations have whole milliseconds",
    arguments: [
      (Duration.milliseconds(Int64.max), Int64.max), (.milliseconds(Int64.min), .min), (.seconds(Int64.max), .max),
      (.seconds(Int64.min), .min), (.microseconds(-1500), -1), (.microseconds(1500), 1),
      (.milliseconds(Int64.max) + .microseconds(1500), .max),
    ])
  func durationsHaveWholeMilliseconds(_ duration: Duration, _ expected: Int64) {
    #expect(duration.wholeMilliseconds == expected)
  }
}

@Suite struct QueueIDTests {
  @Test("a queue id reads what it writes")
  func readsWhatItWrites() {
    var random = SplitMix(seed: 3)
    for raw in [0, 1, -1, .max, .min] + (0..<1000).map({ _ in Int64.random(in: .min ... .max, using: &random) }) {
      let id = QueueID(rawValue: raw)
      #expect(id.description.utf8.count == 13)
      #expect(QueueID(id.description) == id)
      #expect(QueueID(id.description.lowercased()) == id)
    }
  }

  @Test("queue ids sort by age, as numbers and as texts")
  func sortsByAgeAsNumberAndAsText() {
    let ids = (0..<100).map { QueueID(at: noon.advanced(by: .milliseconds($0)), salt: 0xFFFF_FFFF - UInt32($0)) }
    #expect(ids == ids.sorted())
    #expect(ids.map(\.description) == ids.map(\.description).sorted())
    #expect(QueueID(at: noon, salt: 1) != QueueID(at: noon, salt: 2))
  }

  @Test("a queue id forgives the letters that people mix up with digits")
  func forgivesWhatPeopleMixUp() {
    #expect(QueueID("OIL0000000000") == QueueID("0110000000000"))
  }

  @Test(
    "other text is no queue id",
    arguments: [
      "", "0", "00000000000000", "0000000U00000", "000000000000 ", "-000000000000", "ß00000000000", "ı00000000000",
      "ZZZZZZZZZZZZZ",
    ])
  func refusesOtherText(_ text: String) { #expect(QueueID(text) == nil) }

  @Test("any time makes a queue id")
  func takesAnyTime() {
    for milliseconds in [Int64.min, -1, 0, .max] {
      #expect(QueueID(at: Timestamp(milliseconds: milliseconds), salt: .max).rawValue >= 0)
    }
  }
}

@Suite struct SiteTests {
  static func site(
    _ module: String? = "shop.settings", _ prefix: String? = "[Django]", from: String = "root@shop",
    to: [String] = ["admin@example.org", "ops@example.org"]
  ) -> Site {
    Site(
      settingsModule: module, subjectPrefix: prefix,
      envelope: Envelope(sender: EmailAddress(from), recipients: to.map { EmailAddress($0) }))
  }

  @Test("order and case of addresses make no new site")
  func orderAndCaseOfAddressesMakeNoNewSite() {
    #expect(Self.site() == Self.site(to: ["ops@example.org", "ADMIN@example.org", "ops@example.org"]))
    #expect(Self.site() == Self.site(from: "ROOT@shop"))
  }

  @Test("every part of a site tells it from others")
  func everyPartSeparates() {
    let sites = [
      Self.site(), Self.site("shop.settings.staging"), Self.site(nil), Self.site("shop.settings", "[Staging]"),
      Self.site("shop.settings", nil), Self.site(from: "root@staging"), Self.site(from: ""),
      Self.site(to: ["admin@example.org"]), Self.site(to: []),
    ]
    #expect(Set(sites.map(\.key)).count == sites.count)
  }

  @Test("mail text that holds the separators must not move a mail into another site")
  func textCannotForgeAnotherSite() {
    let pairs = [
      (Self.site("a\u{1F}b", "c"), Self.site("a", "b\u{1F}c")), (Self.site("a\u{1F}", ""), Self.site("a", "\u{1F}")),
      (Self.site("a\u{1B}2", nil), Self.site("a\u{1F}", nil)),
      (Self.site(to: ["a\u{1E}b"]), Self.site(to: ["a", "b"])),
      (Self.site(to: ["\"a,b\"@x"]), Self.site(to: ["\"a", "b\"@x"])),
    ]
    for (one, other) in pairs { #expect(one.key != other.key) }
  }

  @Test("what tells sites of one name apart can be read back from the key, and said")
  func traits() {
    let one = SiteTraits(key: Self.site("a", "[Sh\u{1F}op\u{1B}2]", from: "Root@shop", to: ["b@x", "A@x"]).key)
    #expect(one.prefix == "[Sh\u{1F}op\u{1B}2]" && one.sender == "root@shop" && one.recipients == ["a@x", "b@x"])
    var other = one
    #expect(one.difference(from: [one, other]) == nil)
    (other.prefix, other.recipients) = ("", ["c@x"])
    #expect(one.difference(from: [one, other]) == "prefix \(one.prefix), to a@x b@x")
    #expect(other.difference(from: [one, other]) == "no prefix, to c@x")
  }

  @Test("a site is called by its settings, else by its prefix, else by its sender")
  func isCalledByItsSettingsElseItsPrefixElseItsSender() {
    #expect(Self.site().name == "shop.settings")
    #expect(Self.site(nil).name == "[Django]")
    #expect(Self.site("", "").name == "root@shop")
    #expect(Self.site(nil, nil, from: "").name == "unknown")
  }
}

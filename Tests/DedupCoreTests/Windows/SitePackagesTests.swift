import DedupCore
import Testing

@Suite struct SitePackagesTests {
  private let now = Timestamp(seconds: 1_800_000_000)

  @Test("packages of an envelope are bounded, and known ones are not new again")
  func bounded() {
    var packages = SitePackages()
    #expect(packages.note(["a", "b", "a"], of: "shop", at: now) == ["a", "b"])
    #expect(packages.note(["b"], of: "shop", at: now).isEmpty)
    let many = (0..<200).map { "p\($0)" }
    #expect(packages.note(many, of: "shop", at: now).count == SitePackages.mostPackages - 2)
    #expect(packages.names(of: "shop").count == SitePackages.mostPackages)
  }

  @Test("a list is looked at once in a while, and never that of an envelope too many")
  func due() {
    var packages = SitePackages()
    #expect(packages.isDue("shop", at: now))
    _ = packages.note(["a"], of: "shop", at: now)
    #expect(!packages.isDue("shop", at: now.advanced(by: .seconds(599))))
    #expect(packages.isDue("shop", at: now.advanced(by: SitePackages.interval)))
    #expect(packages.isDue("shop", at: now.advanced(by: .seconds(-1))), "the clock was set back")
    for number in 0..<SitePackages.mostEnvelopes { _ = packages.note(["a"], of: "e\(number)", at: now) }
    #expect(!packages.isDue("another", at: now))
  }

  @Test("what a store kept counts among the envelopes, and the list of a known one is looked at after a start")
  func restored() {
    var packages = SitePackages()
    for number in 0..<SitePackages.mostEnvelopes { packages.restore("a", of: "e\(number)") }
    packages.restore("b", of: "e0")
    packages.restore("a", of: "another")
    #expect(packages.names(of: "e0") == ["a", "b"] && packages.names(of: "another").isEmpty)
    #expect(packages.isDue("e0", at: now) && !packages.isDue("another", at: now))
  }
}

import DedupConfig
import DedupCore
import Testing

/// The section of a fleet.
@Suite struct FleetKeyTests {
  typealias Row = SyntaxTests.Row

  @Test func offByDefault() { #expect(Configuration().fleet.engine == nil) }

  @Test(
    "mistakes are told",
    arguments: [
      Row("a login in the address", "[fleet]\nengine = redis://me:secret@a", ["holds a login"]),
      Row("another scheme", "[fleet]\nengine = http://a", ["is not the address of an engine"]),
      Row("a name with a blank", "[fleet]\nname = my shop", ["is not a name"]),
      Row("a patience without a unit", "[fleet]\npatience = 50", ["is not a duration"]),
      Row("a patience that is too long", "[fleet]\npatience = 11s", ["is out of range"]),
      Row("a user without a password", "[fleet]\nengine = rediss://a\nusername = me", ["there is no password for it"]),
    ])
  func mistakes(_ row: Row) {
    let found = errors(row.text)
    #expect(found.count == row.problems.count)
    for (text, wanted) in zip(found, row.problems) { #expect(text.contains(wanted), "\(text)") }
  }
}

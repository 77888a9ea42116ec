import DedupCore
import Testing

/// What admins said, as it travels between relays.
@Suite("Records of a fleet")
struct FleetRecordTests {
  private static func version(_ number: Int64, _ writer: String) -> FleetRecord.Version {
    FleetRecord.Version(number: number, writer: writer)
  }

  @Test(
    "the later version holds: the larger number, then the larger writer",
    arguments: [
      (version(1, "a"), version(2, "a"), true), (version(2, "a"), version(1, "z"), false),
      (version(9, "z"), version(10, "a"), true), (version(3, "a"), version(3, "b"), true),
      (version(3, "b"), version(3, "b"), false), (version(3, "9"), version(3, "a"), true),
    ])
  func order(_ one: FleetRecord.Version, _ other: FleetRecord.Version, _ isBefore: Bool) {
    #expect((one < other) == isBefore)
  }

  @Test("a silence moves with the clock, and only its own words travel")
  func clock() {
    let nine = Timestamp(seconds: 1_760_000_400)
    let silence = Silence(
      createdAt: nine, author: "ann", reason: "deploy", scope: .rule("noise"),
      end: .at(nine.advanced(by: .seconds(60))),
      held: 7, uid: "u")
    guard case .silence(let moved) = FleetRecord.Body.silence(silence.shared(.rule("noise"))).moved(by: .seconds(5))
    else { return #expect(Bool(false)) }
    #expect(moved.createdAt == nine.advanced(by: .seconds(5)) && moved.endsAt == nine.advanced(by: .seconds(65)))
    #expect(moved.held == 0 && moved.uid == "u" && moved.author == "ann")
  }

  @Test("a request keeps its mark when it is answered, so that what waits with it knows")
  func mark() {
    let error = FleetErrorName(name: "n", fingerprint: "v1:aaaa")
    let asked = FleetRecord.Body.pass(.init(error: error))
    #expect(asked.isOpen && asked.mark(at: Self.version(3, "a")) == "3.a")
    let answered = FleetRecord.Body.pass(.init(error: error, answers: "3.a"))
    #expect(!answered.isOpen && answered.mark(at: Self.version(4, "b")) == "3.a")
  }
}

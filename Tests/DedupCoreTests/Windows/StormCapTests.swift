import DedupCore
import MailMessage
import Testing

@Suite("Storm cap")
struct StormCapTests {
  static let start = EpisodeTests.start

  @Test("of thirty within an hour the thirty-first is one too many, until the oldest is an hour old")
  func sliding() {
    var cap = StormCap()
    for second in 0..<30 {
      let now = Self.start.advanced(by: .seconds(second))
      #expect(!cap.isReached(30, now: now))
      cap.send(at: now)
    }
    #expect(cap.isReached(30, now: Self.start.advanced(by: .seconds(3599))))
    #expect(!cap.isReached(30, now: Self.start.advanced(by: .seconds(3600))))
    #expect(!cap.isReached(0, now: Self.start))
    cap.send(at: Self.start.advanced(by: .seconds(3600 * 5)))
    #expect(cap.sent.count == 1)
  }

  @Test("a clock that was set back does not keep the cap shut")
  func clockBack() {
    var cap = StormCap()
    for _ in 0..<5 { cap.send(at: Self.start) }
    #expect(cap.isReached(5, now: Self.start.advanced(by: .seconds(-9))))
    #expect(!cap.isReached(5, now: Self.start.advanced(by: .seconds(-86_400))))
  }
}

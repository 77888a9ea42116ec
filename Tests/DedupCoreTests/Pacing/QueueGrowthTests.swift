import MailMessage
import MailTestKit
import Testing

@testable import DedupCore

/// The mail that the queue grows is sent once.
@Suite struct QueueGrowthTests {
  @Test("it grows when half as many again wait as in the quarter of an hour before, and 100 at least")
  func begins() {
    var growth = QueueGrowth()
    #expect(growth.look(waiting: 99, oldest: nil, now: noon) == nil)
    #expect(growth.look(waiting: 120, oldest: nil, now: noon + 60) == nil)
    guard case .begins? = growth.look(waiting: 149, oldest: noon, now: noon + 120) else {
      Issue.record("149 are half as many again as 99")
      return
    }
    #expect(growth.look(waiting: 3000, oldest: nil, now: noon + 180) == nil, "it is told once")
    guard case .ends? = growth.look(waiting: 1400, oldest: nil, now: noon + 240) else {
      Issue.record("fewer than half of the most")
      return
    }
  }

  @Test("a queue that stays as large as it is does not grow")
  func steady() {
    var growth = QueueGrowth()
    for minute in 0..<60 {
      let change = growth.look(waiting: 20 + minute / 2, oldest: nil, now: noon + minute * 60)
      #expect(change == nil)
    }
  }
}

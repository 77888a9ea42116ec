import MailTestKit
import Synchronization
import Testing

@testable import SMTPServer

@Suite("Answers to a storm leave room for other mail")
struct ReplyPacingTests {
  /// What happens to the answers 0, 1, 2… of a storm.
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    var connections = 20
    /// ms before the answers, nil: none came.
    var otherMail: Int? = 0
    var answers: Int
    /// ms after them.
    var asked = 0
    let given: Int
  }

  private static let cases = [
    Case(testDescription: "a storm alone is answered at once", otherMail: nil, answers: 20, given: 20),
    Case(testDescription: "so is one long after other mail", otherMail: 10_001, answers: 20, given: 20),
    Case(testDescription: "few connections are answered at once", connections: 8, answers: 1, given: 1),
    Case(testDescription: "beside other mail, those beyond eight wait", answers: 13, given: 1),
    Case(testDescription: "when as many wait as there are beyond eight, none is given", answers: 12, given: 0),
    Case(testDescription: "when all wait, eight are given", answers: 20, given: 8),
    Case(testDescription: "nobody waits for longer than 100 ms", answers: 8, asked: 100, given: 8),
    Case(
      testDescription: "idle connections do not hold anybody for longer", connections: 1000, answers: 3, asked: 100,
      given: 3),
  ]

  @Test("which answers are given", arguments: cases)
  func given(_ item: Case) {
    let start = ContinuousClock.now
    var pacer = ReplyPacer<Int>()
    pacer.connections = item.connections
    if let earlier = item.otherMail { pacer.noteOtherMail(at: start - .milliseconds(earlier)) }
    for answer in 0..<item.answers { pacer.add(answer, at: start) }
    let due = pacer.due(at: start + .milliseconds(item.asked))
    #expect(due == Array(0..<item.given), "in the order in which they came")
    #expect((pacer.oldest == nil) == (item.given == item.answers))
  }

  @Test("each connection that ends lets the next one move; the rest is answered by the clock")
  func released() async throws {
    let pacing = ReplyPacing()
    let given = Mutex<[Int]>([])
    for _ in 0..<11 { pacing.connectionOpened() }
    pacing.noteOtherMail()
    let before = ContinuousClock.now
    for number in 0..<3 { pacing.give { given.withLock { $0.append(number) } } }
    // On a machine that halts here for as long as they wait, the clock has answered them.
    func isEarly() -> Bool { before.duration(to: .now) < ReplyPacer<Int>.patience / 2 }
    let held = given.withLock(\.isEmpty)
    #expect(held || !isEarly())
    pacing.connectionClosed()
    let released = given.withLock { $0 }
    #expect(released == [0] || !isEarly())
    _ = try await eventually { given.withLock(\.count) >= 3 }
    let all = given.withLock { $0.sorted() }
    #expect(all == [0, 1, 2], "each once")
  }
}

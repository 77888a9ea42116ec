import DedupCore
import Fleet
import Testing

/// What a relay makes of the engine's answers.
@Suite struct MachineTests {
  typealias Machine = FleetMachine

  /// The machine as a reference: what changes it may stand in an expectation.
  private final class Held {
    private var machine = Machine()
    func rule(_ answer: ClaimAnswer, to request: Machine.Request, at now: Duration) -> Machine.Ruling {
      machine.rule(answer, to: request, at: now)
    }
    func failed(_ request: Machine.Request, at now: Duration) -> Machine.Ruling { machine.failed(request, at: now) }
    func mayAsk(at now: Duration) -> Bool { machine.mayAsk(at: now) }
    func generationChanged() { machine.generationChanged() }
  }

  private let mail = QueueID(rawValue: 7)
  private let window = Duration.seconds(60)

  private func request(at time: Duration, token: String = "mine") -> Machine.Request {
    Machine.Request(error: "e", mail: mail, token: token, window: window, sentAt: time)
  }

  private func answer(_ words: String...) throws -> ClaimAnswer {
    try #require(ClaimAnswer(.array(words.map { .bulk(Array($0.utf8)) })))
  }

  @Test func aWonClaimIsDelivered() throws {
    let machine = Held()
    let won = try answer("won", "1000000", "x", "30", "29", "3", "1000000")
    let ruling = machine.rule(won, to: request(at: .seconds(5)), at: .seconds(5.1))
    #expect(
      ruling
        == .deliver(
          Lease(token: "mine", madeAt: 1_000_000, sentAt: .seconds(5)), FleetCount(mails: 30, heldBack: 29, stores: 3)))
  }

  @Test func aRelayThatWasStoppedBeforeItOfferedGoesAlone() throws {
    let machine = Held()
    let won = try answer("won", "1000000", "x", "1", "0", "1", "1000000")
    #expect(machine.rule(won, to: request(at: .seconds(5)), at: .seconds(16)) == .alone(.stale))
  }

  @Test func aLostClaimWaitsAndNoLongerThanALeaseAtItsLongest() throws {
    let machine = Held()
    for second in 0..<75 {
      let claimed = try answer("claimed", "\(1_000_000 + second * 1000)", "x", "9000")
      let time = Duration.seconds(second)
      #expect(machine.rule(claimed, to: request(at: time), at: time) == .wait(.milliseconds(500)))
    }
    let claimed = try answer("claimed", "1075000", "x", "9000")
    #expect(machine.rule(claimed, to: request(at: .seconds(75)), at: .seconds(75)) == .alone(.stale))
  }

  @Test func theWaitEndsWithTheOthersLease() throws {
    let machine = Held()
    let claimed = try answer("claimed", "1000000", "x", "120")
    #expect(machine.rule(claimed, to: request(at: .zero), at: .zero) == .wait(.milliseconds(120)))
  }

  @Test func aDeliveredMailCoversForAsLongAsTheWindowSinceTheClaimWasSent() throws {
    let delivered = try answer("delivered", "1000000", "x", "59000", "theirs")
    var machine = Held()
    #expect(
      machine.rule(delivered, to: request(at: .zero), at: .seconds(0.5)) == .covered(age: .seconds(59.5)))
    machine = Held()
    // The answer was old when it was read: the relay had been stopped.
    #expect(machine.rule(delivered, to: request(at: .zero), at: .seconds(2)) == .alone(.stale))
  }

  @Test func theSameMailCoversNoLongerWhateverTheEngineSays() throws {
    let machine = Held()
    let first = try answer("delivered", "1000000", "x", "10000", "theirs")
    #expect(machine.rule(first, to: request(at: .zero), at: .zero) == .covered(age: .seconds(10)))
    // The engine's clock was slowed: it says ten seconds again, half a minute later.
    let second = try answer("delivered", "1029500", "x", "10000", "theirs")
    #expect(machine.rule(second, to: request(at: .seconds(30)), at: .seconds(30)) == .covered(age: .seconds(40)))
    let third = try answer("delivered", "1050000", "x", "10000", "theirs")
    #expect(machine.rule(third, to: request(at: .seconds(50)), at: .seconds(50)) == .alone(.stale))
    let other = try answer("delivered", "1050000", "x", "10000", "another")
    #expect(machine.rule(other, to: request(at: .seconds(50)), at: .seconds(50)) == .covered(age: .seconds(10)))
  }

  @Test func aClockThatWasSetBackHoldsNothingBack() throws {
    let machine = Held()
    _ = machine.rule(try answer("won", "9000000", "x", "1", "0", "1", "9000000"), to: request(at: .zero), at: .zero)
    let delivered = try answer("delivered", "8000000", "x", "10", "theirs")
    #expect(machine.rule(delivered, to: request(at: .seconds(1)), at: .seconds(1)) == .alone(.stale))
    let claimed = try answer("claimed", "8000000", "x", "10")
    #expect(machine.rule(claimed, to: request(at: .seconds(1)), at: .seconds(1)) == .alone(.stale))
    machine.generationChanged()
    #expect(machine.rule(delivered, to: request(at: .seconds(1)), at: .seconds(1)) == .covered(age: .milliseconds(10)))
  }

  @Test func aSlowClockIsNoClockThatWasSetBack() {
    var clock = EngineClock()
    let first = clock.read(0, sentAt: .zero, now: .zero)
    #expect(first == .steady)
    // A day in which the engine's clock lost eight seconds.
    for hour in 1...24 {
      let now = Duration.seconds(3600 * hour)
      let course = clock.read(Int64(hour) * (3_600_000 - 333), sentAt: now, now: now)
      #expect(course == .steady)
    }
    let late = Duration.seconds(86_401)
    let last = clock.read(86_000_000, sentAt: late, now: late)
    #expect(last != .steady)
  }

  @Test func afterAFailureOneMailTries() throws {
    let machine = Held()
    #expect(machine.mayAsk(at: .zero))
    #expect(machine.failed(request(at: .zero), at: .seconds(0.05)) == .alone(.away))
    #expect(!machine.mayAsk(at: .seconds(1)))
    #expect(machine.mayAsk(at: .seconds(1.1)))
    #expect(!machine.mayAsk(at: .seconds(1.1)), "only one of them")
    _ = machine.failed(request(at: .seconds(1.1)), at: .seconds(1.2))
    #expect(!machine.mayAsk(at: .seconds(3)))
    #expect(machine.mayAsk(at: .seconds(3.3)))
    _ = machine.rule(try answer("claimed", "1", "x", "1"), to: request(at: .seconds(3.3)), at: .seconds(3.3))
    #expect(machine.mayAsk(at: .seconds(3.4)) && machine.mayAsk(at: .seconds(3.4)))
  }

  static let noAnswers: [[RESPValue]] = [
    [], [.simple("won")], [.simple("won"), .integer(1), .simple("x"), .integer(1)],
    [.simple("lost"), .integer(1), .simple("x"), .integer(1)],
    [.simple("claimed"), .simple("soon"), .simple("x"), .integer(1)],
    [.simple("claimed"), .integer(1), .simple("x"), .integer(-5)],
    [.simple("delivered"), .integer(1), .simple("x"), .integer(1)],
  ]

  @Test(arguments: noAnswers) func whatIsNoAnswerIsNone(_ items: [RESPValue]) {
    #expect(ClaimAnswer(.array(items)) == nil)
  }

  @Test func aLeaseIsRenewedForAMinuteAtMost() {
    var lease = Lease(token: "mine", madeAt: 0, sentAt: .seconds(100))
    #expect(lease.allowsOffer(at: .seconds(110)) && !lease.allowsOffer(at: .seconds(111)))
    lease.renewed(sentAt: .seconds(105))
    #expect(lease.allowsOffer(at: .seconds(115)))
    #expect(lease.mayRenew(at: .seconds(144)) && !lease.mayRenew(at: .seconds(145)))
  }
}

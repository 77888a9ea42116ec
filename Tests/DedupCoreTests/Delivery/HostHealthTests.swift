import DedupCore
import Testing

/// When a host that failed is asked again.
struct HostHealthTests {
  private let rule = RestRule()

  private func failure(_ kind: HostFailure.Kind, _ reason: String = "x") -> HostFailure {
    HostFailure(kind, reason, isProvenByConnection: kind != .throttling)
  }

  @Test("with another host at hand it rests longer and longer, and failures meanwhile do not count")
  func withAlternative() {
    var health = HostHealth()
    #expect(health.isUsable(at: .zero, rule, isOnlyWay: false))
    health.failed(failure(.unreachable), at: .zero, rule, isOnlyWay: false)
    health.failed(failure(.unreachable), at: .seconds(29), rule, isOnlyWay: false)
    #expect(health.failure?.count == 1 && !health.isUsable(at: .seconds(29), rule, isOnlyWay: false))
    #expect(health.isUsable(at: .seconds(30), rule, isOnlyWay: false))
    health.failed(failure(.unreachable), at: .seconds(30), rule, isOnlyWay: false)
    #expect(!health.isUsable(at: .seconds(89), rule, isOnlyWay: false))
    #expect(health.isUsable(at: .seconds(90), rule, isOnlyWay: false))
    health.worked()
    #expect(health.failure == nil && health.isUsable(at: .seconds(31), rule, isOnlyWay: false))
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let kind: HostFailure.Kind
    /// How long it has failed, and how long it rests then, in milliseconds.
    let lasted: Int
    let rest: Int
    let shows: String
    var testDescription: String { shows }
  }

  static let cases = [
    Case(kind: .unreachable, lasted: 0, rest: 500, shows: "the only host is looked at after half a second"),
    Case(kind: .unreachable, lasted: 6_000, rest: 1_000, shows: "then after a sixth of the time that it has failed"),
    Case(kind: .unreachable, lasted: 600_000, rest: 2_000, shows: "and at least every 2 s"),
    Case(kind: .refusing, lasted: 0, rest: 500, shows: "one that refuses connections soon as well"),
    Case(kind: .refusing, lasted: 600_000, rest: 10_000, shows: "and at least every 10 s"),
    Case(kind: .throttling, lasted: 30_000, rest: 5_000, shows: "one that takes no mail after a sixth"),
    Case(kind: .throttling, lasted: 600_000, rest: 10_000, shows: "within 10 s after ten minutes"),
    Case(kind: .throttling, lasted: 3_600_000, rest: 60_000, shows: "after a minute when an hour has passed"),
    Case(kind: .throttling, lasted: 86_400_000, rest: 300_000, shows: "and every 5 min on a lost day"),
    Case(kind: .login, lasted: 0, rest: 1_000_000, shows: "a server that lets nobody log in for now gets its time"),
    Case(kind: .needsAdmin, lasted: 0, rest: 1_000_000, shows: "a login that is refused is not hammered"),
  ]

  @Test("the only way is looked at often", arguments: cases)
  func onlyWay(_ example: Case) {
    var health = HostHealth()
    var rule = rule
    rule.backOff = BackOff(shortest: .seconds(1000), longest: .seconds(1000))
    health.failed(failure(example.kind), at: .zero, rule, isOnlyWay: true)
    if example.lasted > 0 {
      health.failed(failure(example.kind), at: .milliseconds(example.lasted), rule, isOnlyWay: true)
    }
    let end = health.restsUntil(rule, isOnlyWay: true)
    #expect(end == .milliseconds(example.lasted + example.rest))
  }

  @Test("a failure of another kind is news, the same again is not")
  func news() {
    var health = HostHealth()
    let news = [(HostFailure.Kind.unreachable, 0), (.unreachable, 1), (.refusing, 9)].map { kind, seconds in
      health.failed(failure(kind), at: .seconds(seconds), rule, isOnlyWay: true)
    }
    #expect(news == [true, false, true])
    #expect(health.failure?.since == .zero, "it has not worked in between")
  }

  @Test("it rests no longer than the retries wait")
  func suitsRetries() {
    let rule = RestRule(BackOff(shortest: .milliseconds(100), longest: .milliseconds(100)))
    var health = HostHealth()
    health.failed(failure(.unreachable), at: .zero, rule, isOnlyWay: true)
    #expect(health.restsUntil(rule, isOnlyWay: true) == .milliseconds(100))
  }

  @Test("three mails in a row that end fresh connections are no coincidence")
  func strikes() {
    var health = HostHealth()
    let first = (health.struck(), health.struck())
    #expect(first == (false, false))
    health.worked()
    let second = (health.struck(), health.struck())
    #expect(second == (false, false))
    let third = health.struck()
    #expect(third)
  }
}

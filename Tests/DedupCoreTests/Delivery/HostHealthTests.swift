import DedupCore
import MailMessage
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

  @Test("three mails in a row that end fresh connections are no coincidence, and no matter of mail to other domains")
  func strikes() {
    var health = HostHealth()
    func strike(_ domains: String...) -> HostHealth.Verdict { health.struck(.to(Set(domains)), at: .zero) }
    #expect([strike("a.example"), strike("a.example")] == [.mails, .mails])
    health.worked()
    #expect([strike("a.example"), strike("b.example")] == [.mails, .mails])
    #expect(strike("a.example") == .scope(.to(["a.example", "b.example"])))
  }

  @Test("where mail to eight domains is refused and none is taken, it is the host")
  func manyDomains() {
    var health = HostHealth()
    let verdicts = (1...8).map { health.struck(.to(["\($0).example"]), at: .zero) }
    #expect(verdicts.prefix(2) == [.mails, .mails])
    #expect(verdicts[6] == .scope(.to(Set((1...7).map { "\($0).example" }))))
    #expect(verdicts.last == .host)
  }

  @Test("where mail was taken a moment ago, eight refused domains are a coincidence, and 64 are none")
  func manyDomainsOfWorkingHost() {
    var health = HostHealth()
    health.worked(for: mail(to: "c.example"), at: .zero)
    let verdicts = (1...64).map { health.struck(.to(["\($0).example"]), at: .seconds(4)) }
    #expect(verdicts[62] != .host && verdicts[63] == .host)
    health.worked(for: mail(to: "c.example"), at: .seconds(4))
    #expect((1...8).map { health.struck(.to(["\($0).example"]), at: .seconds(9)) }.last == .host)
  }

  @Test("a throttle at MAIL concerns the sender alone, and the host where eight senders hear of it and no mail goes")
  func senders() {
    var health = HostHealth()
    #expect(health.throttled(.from([EmailAddress("bad@x")])) == .scope(.from([EmailAddress("bad@x")])))
    var failure = HostFailure(.throttling, "421", isProvenByConnection: false, scope: .from([EmailAddress("bad@x")]))
    failure.isThrottle = true
    health.failed(failure, at: .zero, rule, isOnlyWay: true)
    func isUsable(_ mail: MailParties) -> Bool {
      health.isUsable(at: .milliseconds(10), rule, isOnlyWay: true, for: mail)
    }
    #expect(!isUsable(mail(from: "bad@x", to: "c.example")) && isUsable(mail(from: "good@x", to: "c.example")))
    health.worked(for: mail(from: "good@x", to: "c.example"), at: .milliseconds(20))
    #expect(health.failure == nil && isUsable(mail(from: "bad@x", to: "c.example")))
    let verdicts = (1...8).map { health.throttled(.from([EmailAddress("bad\($0)@x")])) }
    #expect(verdicts[6] != .host && verdicts[7] == .host)
  }

  @Test("a domain that is throttled while others are taken is closed again with the next throttle")
  func throttledDomain() {
    var health = HostHealth()
    var failure = refused("a.example")
    failure.isThrottle = true
    health.failed(failure, at: .zero, rule, isOnlyWay: true)
    health.worked(for: mail(to: "b.example"), at: .milliseconds(10))
    #expect(health.throttled(.to(["a.example"])) == .scope(.to(["a.example"])))
  }

  @Test("a trouble of the system at RCPT is the host's when mail to several domains hears of it")
  func system() {
    var health = HostHealth()
    func strike(_ domain: String) -> HostHealth.Verdict {
      health.struck(.to([domain]), needsDomains: true, at: .zero)
    }
    #expect((1...4).map { _ in strike("a.example") } == [.mails, .mails, .mails, .mails])
    #expect(strike("b.example") == .scope(.to(["a.example", "b.example"])))
  }

  private func refused(_ domains: String...) -> HostFailure {
    HostFailure(.throttling, "451 4.3.0 trouble", isProvenByConnection: false, scope: .to(Set(domains)))
  }

  private func mail(from sender: String = "s@shop.example", to domains: String...) -> MailParties {
    MailParties(sender: EmailAddress(sender), domains: Set(domains))
  }

  @Test("a host that refuses one domain rests for that alone, and takes the domain's part in what comes for a minute")
  func oneDomain() {
    var health = HostHealth()
    health.failed(refused("a.example"), at: .zero, rule, isOnlyWay: true)
    func isUsable(_ mail: MailParties) -> Bool {
      health.isUsable(at: .milliseconds(10), rule, isOnlyWay: true, for: mail)
    }
    #expect(!isUsable(mail(to: "a.example")) && isUsable(mail(to: "b.example")))
    #expect(isUsable(mail(to: "a.example", "b.example")))
    #expect(!health.isUsable(at: .milliseconds(10), rule, isOnlyWay: true), "unless it is known whom the mail is for")
    health.failed(refused("b.example"), at: .milliseconds(20), rule, isOnlyWay: true)
    #expect(health.failure?.scope == .to(["a.example", "b.example"]) && health.failure?.count == 1)

    health.worked(for: mail(to: "c.example"), at: .seconds(1))
    #expect(health.failure == nil)
    let soon = (1...9).map { _ in health.struck(.to(["a.example"]), at: .seconds(60)) }
    #expect(soon.allSatisfy { $0 == .mails }, "it is the domain's affair")
    let later = (1...3).map { _ in health.struck(.to(["a.example"]), at: .seconds(61)) }
    #expect(later.last == .scope(.to(["a.example"])))
  }

  @Test("a host that fails for all mail rests for all, also when it failed for one domain before")
  func wholeHost() {
    var health = HostHealth()
    health.failed(refused("a.example"), at: .zero, rule, isOnlyWay: true)
    health.failed(failure(.unreachable), at: .milliseconds(10), rule, isOnlyWay: true)
    #expect(health.failure?.scope == nil && health.failure?.kind == .unreachable)
    #expect(!health.isUsable(at: .milliseconds(20), rule, isOnlyWay: true, for: mail(to: "b.example")))
  }
}

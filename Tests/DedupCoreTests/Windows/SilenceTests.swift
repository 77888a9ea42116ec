import DedupCore
import MailMessage
import MailTestKit
import Testing

@Suite("Silences")
struct SilenceTests {
  static let start = EpisodeTests.start

  static func silence(_ end: Silence.End, _ scope: Silence.Scope = .error(7)) -> Silence {
    Silence(createdAt: start, author: "ann", reason: "deploy at noon", scope: scope, end: end)
  }

  static func occurrence(rule: String? = nil) -> Occurrence {
    let envelope = Envelope(sender: EmailAddress("root@shop"), recipients: [EmailAddress("a@example.org")])
    return Occurrence(
      site: Site(settingsModule: "shop.settings", subjectPrefix: nil, envelope: envelope), fingerprint: "v1:aa",
      variant: "", title: "OperationalError: too many clients", place: "shop/db.py in connect",
      rule: rule.map { RuleEffect(name: $0) })
  }

  struct EndCase: CustomTestStringConvertible {
    var shows: String
    var end: Silence.End
    /// Seconds after the start.
    var mails: [(at: Int, ruling: Silence.Ruling)]
    var testDescription: String { shows }
  }

  @Test(
    "a silence ends with its time, its mails, its rate or a clock that was set back",
    arguments: [
      EndCase(
        shows: "until a time: to the millisecond", end: .at(start.advanced(by: .seconds(60))),
        mails: [(0, .holds), (59, .holds), (60, .isOver), (61, .isOver)]),
      EndCase(
        shows: "for so many mails: the one behind them goes out", end: .afterMails(2),
        mails: [(0, .holds), (1, .holds), (2, .endsWithThis), (3, .isOver)]),
      EndCase(
        shows: "until there are more than so many within an hour", end: .aboveRate(3),
        mails: [
          (0, .holds), (1, .holds), (2, .holds), (4000, .holds), (4001, .holds), (4002, .holds), (4003, .endsWithThis),
        ]),
      EndCase(
        shows: "until it is resolved: for years", end: .whenResolved, mails: [(0, .holds), (100_000_000, .holds)]),
      EndCase(
        shows: "a clock that was set back ends it: nobody asked for the days until it catches up",
        end: .at(start.advanced(by: .seconds(90_000))),
        mails: [(3600, .holds), (3595, .holds), (0, .isOver), (1, .isOver)]),
    ])
  func ends(_ test: EndCase) {
    var silence = Self.silence(test.end)
    for (second, ruling) in test.mails {
      #expect(silence.rule(now: Self.start.advanced(by: .seconds(second))) == ruling, "second \(second)")
    }
    #expect(silence.held == test.mails.count { $0.ruling == .holds })
  }

  @Test("a mail that goes out whatever silences say is not counted as held, nor among those that end a silence")
  func letThrough() {
    var silence = Self.silence(.afterMails(1))
    #expect(silence.rule(goesOut: true, now: Self.start) == .holds)
    #expect(silence.held == 0)
    #expect(silence.rule(now: Self.start) == .holds)
    #expect(silence.held == 1)
    #expect(silence.rule(now: Self.start) == .endsWithThis)
  }

  struct ScopeCase: CustomTestStringConvertible {
    var scope: Silence.Scope
    var covers: Bool
    var testDescription: String { "\(scope)" }
  }

  @Test(
    "a silence covers what it names and nothing else",
    arguments: [
      ScopeCase(scope: .error(7), covers: true), ScopeCase(scope: .error(8), covers: false),
      ScopeCase(scope: .rule("noise"), covers: true), ScopeCase(scope: .rule("other"), covers: false),
      ScopeCase(scope: .matching(.init(title: "OperationalError*")), covers: true),
      ScopeCase(scope: .matching(.init(title: "OperationalError")), covers: false),
      ScopeCase(scope: .matching(.init(title: "Operational*", site: "other.*")), covers: false),
      ScopeCase(scope: .matching(.init(place: "shop/*", site: "shop.*")), covers: true),
      ScopeCase(scope: .matching(.init()), covers: false),
      ScopeCase(scope: .matching(.init(title: "[broken")), covers: false),
    ])
  func scope(_ test: ScopeCase) {
    #expect(
      Self.silence(.whenResolved, test.scope).covers(Self.occurrence(rule: "noise"), row: 7, FleetNaming { $0 })
        == test.covers)
  }

  @Test("what a silence held back is said by the mail that ends it")
  func endingMail() {
    let policy = WindowPolicy()
    var record = policy.decide(nil, now: Self.start).record
    var silence = Self.silence(.afterMails(3))
    var reasons: [String] = []
    for second in 1...5 {
      let now = Self.start.advanced(by: .seconds(second))
      let decision = policy.decide(record, .init(silence: silence.rule(now: now)), now: now)
      reasons.append(decision.verdict.reason)
      record = decision.record
    }
    #expect(reasons == ["silenced", "silenced", "silenced", "silence-ended", "inside-window"])
  }
}

import DedupConfig
import DedupCore
import Testing
import Trial

@Suite("Replay comparison") struct ReplayComparisonTests {
  static func comparison(_ settings: [String], _ mails: [PastMail]) throws -> ReplayComparison {
    var comparison = ReplayComparison(
      [ReplaySetting(name: "now", Configuration())]
        + (try settings.map { try ReplaySetting($0, over: Configuration()) }))
    for mail in mails { comparison.add(mail) }
    return comparison
  }

  static func mails(_ hours: [Int]) -> [PastMail] { hours.map { PastMail(RuleTrialTests.mail(hour: $0)) } }

  @Test("each setting plays the same mails in the order of their arrival, in whatever order they are read")
  func compares() throws {
    let comparison = try Self.comparison(["length=4h", "length=0"], Self.mails([12, 9, 9, 10, 15]))
    let played = try #require(comparison.played(keepsTimeline: true))
    #expect(played.runs.map(\.replay.totals.allForwarded) == [4, 2, 5])
    #expect(played.runs.map(\.replay.totals.mails) == [5, 5, 5])
    #expect(played.runs[1].replay.timeline.map { $0.at.since(played.first) } == [.zero, .seconds(6 * 3600)])
    #expect(played.last.since(played.first) == .seconds(6 * 3600))
  }

  @Test("another configuration brings its own rules")
  func rules() throws {
    let other = parse("[rule a]\ntype = KeyError\naction = pass").configuration
    var comparison = ReplayComparison([
      ReplaySetting(name: "now", Configuration()), ReplaySetting(name: "other", other),
    ])
    for mail in Self.mails([9, 9, 9]) { comparison.add(mail) }
    let played = try #require(comparison.played(keepsTimeline: false))
    #expect(played.runs.map(\.replay.totals.forwarded) == [["first": 1], ["rule/a": 3]])
  }

  @Test("mail of MailDedup is left out, what it forwarded is played as it came, and what it held back is told")
  func throughARelay() throws {
    let prefix = "X-MailDedup-Reason: window-elapsed\r\nX-MailDedup-Held-Back: 41\r\nX-MailDedup-Fingerprint: 2:1\r\n"
    let text = String(decoding: RuleTrialTests.mail(hour: 11), as: UTF8.self)
      .replacing("Subject: [Shop]", with: "Subject: [+41, 42 since 2026-11-01 09:00 UTC]\r\n [Shop]")
    let own = PastMail(Array("List-Id: <errors.maildedup.relay>\r\n\r\nx".utf8))
    let mails = Self.mails([9]) + [PastMail(Array((prefix + text).utf8)), own]
    let comparison = try Self.comparison([], mails)
    #expect(comparison.mails == 2 && comparison.source.ownMails == 1)
    #expect(comparison.source.forwardedBefore == 1 && comparison.source.heldBackBefore == 41)
    let played = try #require(comparison.played(keepsTimeline: false))
    #expect(played.runs[0].replay.errors.count == 1 && played.runs[0].replay.totals.ordinary == 0)
  }

  @Test("nothing but our own mail is nothing")
  func nothing() throws { #expect(try Self.comparison([], []).played(keepsTimeline: false).map(\.first) == nil) }
}

import DedupConfig
import DedupCore
import MailMessage
import Testing

/// How past mail is read for `dedupctl replay`, and what is compared.
@Suite("Past mail") struct PastMailTests {
  static func mail(_ header: String) -> PastMail {
    PastMail(Array("\(header)\r\n\r\nbody\r\n".utf8), storedAt: Timestamp(seconds: 7))
  }

  struct Case: CustomTestStringConvertible {
    var shows: String
    var header: String
    var arrival: Int64
    var testDescription: String { shows }
  }

  static let nine: Int64 = 1_793_523_600
  static let received = "Received: from b by c;\r\n Sun, 1 Nov 2026 11:30:00 +0000\r\nReceived: from a by b\r\n (x; y);"

  @Test(
    "a mail arrived when its lowest Received says so, else at its Date, else when it was stored",
    arguments: [
      Case(shows: "the lowest Received", header: "\(received) Sun, 1 Nov 2026 10:00:00 +0100 (CET)", arrival: nine),
      Case(
        shows: "Received before Date",
        header: "\(received) 1 Nov 2026 09:00:00 +0000\r\nDate: 1 Nov 2026 08:00:00 +0000", arrival: nine),
      Case(shows: "the next higher one when it has no date", header: "\(received) soon", arrival: nine + 9000),
      Case(shows: "Date without Received", header: "Date: Sun, 1 Nov 2026 10:00:00 +0100", arrival: nine),
      Case(shows: "neither: when it was put where it lies", header: "Date: someday", arrival: 7),
    ])
  func arrival(_ test: Case) { #expect(Self.mail(test.header).arrivedAt == Timestamp(seconds: test.arrival)) }

  @Test(
    "the envelope is guessed from the fields that delivery wrote, else from From and To",
    arguments: [
      ("From: S <a@b>\r\nTo: c@d, e@f\r\nReturn-Path: <x+7@y>\r\nX-Original-To: z@z", "a@b", ["c@d", "e@f"]),
      ("Return-Path: <x@y>\r\nX-Original-To: z@z", "x@y", ["z@z"]),
      ("Delivered-To: z@z\r\nDelivered-To: w@z", "", ["z@z", "w@z"]), ("Subject: x", "", []),
    ])
  func envelope(_ header: String, _ sender: String, _ recipients: [String]) {
    let envelope = Self.mail(header).envelope
    #expect(envelope.sender.text == sender && envelope.recipients.map(\.text) == recipients)
  }
}

@Suite("Replay settings") struct ReplaySettingTests {
  static let base = parse("[window]\nlength = 2h\nreminders = 1h, 4h\n[site staging]\nlength = 1d\n").configuration

  @Test(
    "a setting is read as the configuration is, and shown in one form",
    arguments: [
      ("length=15min", "length = 15min"),
      ("length = 4h , milestones=10 100 1000", "length = 4h; milestones = 10, 100, 1000"),
      ("milestones=10,100, 1000,length=4h", "length = 4h; milestones = 10, 100, 1000"), ("milestones=", "milestones ="),
      ("mode=pass", "mode = pass"),
      ("storm-cap=0,quiet=6h,all-clear=yes", "quiet = 6h; all-clear = yes; storm-cap = 0"),
      ("reminders=1h 4h 1d", "reminders = 1h, 4h, 1d"),
    ])
  func reads(_ text: String, _ name: String) throws { #expect(try ReplaySetting(text, over: Self.base).name == name) }

  @Test(
    "what is no setting is refused with what to write instead",
    arguments: [
      ("length", "\"length\" is no setting; write KEY=VALUE, e.g. length=4h, milestones=10 100 1000"),
      ("", "\"\" is no setting"),
      ("lenght=4h", "unknown key \"lenght\"; did you mean length?"),
      ("length=4", "length: \"4\" has no unit; write 4s, 4min, 4h or 4d"),
      ("length=4 h", "length: \"4 h\" is not a duration"), ("length=1h,length=2h", "length is set twice"),
      ("milestones=10 5", "milestones: \"10 5\""), ("smarthost=x", "unknown key \"smarthost\"; there are length"),
    ])
  func refuses(_ text: String, _ message: String) throws {
    let problem = #expect(throws: ReplaySettingProblem.self) { try ReplaySetting(text, over: Self.base) }
    #expect(problem?.description.hasPrefix(message) == true, "\(problem?.description ?? "")")
  }

  @Test("a setting is that of [window]; what a site says for itself stays, and a length takes the place of reminders")
  func levels() throws {
    let policy = try ReplaySetting("length=4h", over: Self.base).policy
    #expect(policy.settings(site: "shop", rule: nil as String?).length == .seconds(14_400))
    #expect(policy.settings.reminders == [])
    #expect(policy.settings(site: "staging", rule: nil as String?).length == .seconds(86_400))
    #expect(try ReplaySetting("variants=1", over: Self.base).policy.settings.reminders.count == 2)
  }
}

@Suite("Replay comparison") struct ReplayComparisonTests {
  static func comparison(_ settings: [String], _ mails: [PastMail]) throws -> ReplayComparison {
    var comparison = ReplayComparison(
      [ReplaySetting(name: "now", Configuration())]
        + (try settings.map { try ReplaySetting($0, over: Configuration()) }))
    for mail in mails { comparison.add(mail) }
    return comparison
  }

  static func mails(_ hours: [Int]) -> [PastMail] { hours.map { PastMail(TrialTests.mail(hour: $0)) } }

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
    let text = String(decoding: TrialTests.mail(hour: 11), as: UTF8.self)
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

import DedupConfig
import DedupCore
import Testing

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
    "what is not a setting is refused with what to write instead",
    arguments: [
      ("length", "\"length\" is not a setting; write KEY=VALUE, e.g. length=4h, milestones=10 100 1000"),
      ("", "\"\" is not a setting"),
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

import DedupCore
import MailTestKit
import Testing

@Suite struct SummaryScheduleTests {
  /// 2026 in Berlin: +01:00, +02:00 from 29 March to 25 October, changed at 01:00 UTC.
  static let berlin: @Sendable (Timestamp) -> Int = { time in
    (1_774_746_000..<1_792_890_000).contains(time.seconds) ? 7200 : 3600
  }

  static func utc(_ day: Int, _ hour: Int = 0, _ minute: Int = 0) -> Timestamp {
    // Days since 1 January 2026.
    Timestamp(seconds: 1_767_225_600 + Int64(day) * 86_400 + Int64(hour) * 3600 + Int64(minute) * 60)
  }

  static let march29 = 87
  static let october25 = 297

  struct Case: CustomTestStringConvertible {
    var shows: String
    var minutes = 480
    var weekday: Weekday?
    var now: Timestamp
    var lastEnd: Timestamp?
    var plan: SummarySchedule.Plan
    var testDescription: String { shows }
  }

  @Test(
    "the next summary is planned from the time of day set and the end of the last one",
    arguments: [
      Case(shows: "nothing known, before the time", now: utc(10, 6), lastEnd: nil, plan: .begin(from: utc(9, 7))),
      Case(shows: "nothing known, after the time", now: utc(10, 8), lastEnd: nil, plan: .begin(from: utc(10, 7))),
      Case(shows: "a minute before", now: utc(10, 6, 59), lastEnd: utc(9, 7), plan: .wait(until: utc(10, 7))),
      Case(shows: "on the minute", now: utc(10, 7), lastEnd: utc(9, 7), plan: .send(from: utc(9, 7), to: utc(10, 7))),
      Case(shows: "sent", now: utc(10, 7, 1), lastEnd: utc(10, 7), plan: .wait(until: utc(11, 7))),
      Case(
        shows: "down for three days: all in one", now: utc(13, 12), lastEnd: utc(10, 7),
        plan: .send(from: utc(10, 7), to: utc(13, 7))),
      Case(
        shows: "installed at noon: the first period is short", now: utc(11, 7), lastEnd: utc(10, 12),
        plan: .send(from: utc(10, 12), to: utc(11, 7))),
      Case(
        shows: "the clock was set back across the time", now: utc(10, 6, 30), lastEnd: utc(10, 7),
        plan: .wait(until: utc(11, 7))),
      Case(
        shows: "the clock was years ahead when the last one was sent", now: utc(10, 8), lastEnd: utc(1000, 7),
        plan: .begin(from: utc(10, 7))),
      Case(
        shows: "the time of day was moved later after sending", minutes: 600, now: utc(10, 8), lastEnd: utc(10, 7),
        plan: .wait(until: utc(10, 9))),
      Case(
        shows: "summer begins: a day of 23 hours", now: utc(march29, 6), lastEnd: utc(march29 - 1, 7),
        plan: .send(from: utc(march29 - 1, 7), to: utc(march29, 6))),
      Case(
        shows: "summer ends: a day of 25 hours", now: utc(october25, 6, 59), lastEnd: utc(october25 - 1, 6),
        plan: .wait(until: utc(october25, 7))),
      Case(
        shows: "02:30 does not exist: 03:30 summer time", minutes: 150, now: utc(march29, 0, 59),
        lastEnd: utc(march29 - 1, 1, 30), plan: .wait(until: utc(march29, 1, 30))),
      Case(
        shows: "the day after is as usual", minutes: 150, now: utc(march29, 1, 30), lastEnd: utc(march29, 1, 30),
        plan: .wait(until: utc(march29 + 1, 0, 30))),
      Case(
        shows: "02:30 comes twice: the first", minutes: 150, now: utc(october25, 0, 30),
        lastEnd: utc(october25 - 1, 0, 30), plan: .send(from: utc(october25 - 1, 0, 30), to: utc(october25, 0, 30))),
      Case(
        shows: "02:30 comes twice: not again at the second", minutes: 150, now: utc(october25, 1, 30),
        lastEnd: utc(october25, 0, 30), plan: .wait(until: utc(october25 + 1, 1, 30))),
      Case(
        shows: "midnight", minutes: 0, now: utc(10, 23), lastEnd: utc(9, 23),
        plan: .send(from: utc(9, 23), to: utc(10, 23))),
      // 12 January 2026, day 11, was a Monday.
      Case(
        shows: "weekly, never sent: begins at the last Monday", weekday: .monday, now: utc(14, 12), lastEnd: nil,
        plan: .begin(from: utc(11, 7))),
      Case(
        shows: "weekly, the minute before", weekday: .monday, now: utc(18, 6, 59), lastEnd: utc(11, 7),
        plan: .wait(until: utc(18, 7))),
      Case(
        shows: "weekly, on the minute", weekday: .monday, now: utc(18, 7), lastEnd: utc(11, 7),
        plan: .send(from: utc(11, 7), to: utc(18, 7))),
      Case(
        shows: "weekly, sent", weekday: .monday, now: utc(18, 7), lastEnd: utc(18, 7), plan: .wait(until: utc(25, 7))),
      Case(
        shows: "weekly, down for two weeks and a day: all in one", weekday: .monday, now: utc(26, 12),
        lastEnd: utc(4, 7), plan: .send(from: utc(4, 7), to: utc(25, 7))),
      Case(
        shows: "weekly, the clock was set back by a day after sending", weekday: .monday, now: utc(17, 12),
        lastEnd: utc(18, 7), plan: .wait(until: utc(25, 7))),
      Case(
        shows: "weekly, summer begins: a week that is an hour short", weekday: .sunday, now: utc(march29, 6),
        lastEnd: utc(march29 - 7, 7), plan: .send(from: utc(march29 - 7, 7), to: utc(march29, 6))),
      Case(
        shows: "weekly, moved from Monday to Wednesday: a short one", weekday: .wednesday, now: utc(13, 7),
        lastEnd: utc(11, 7), plan: .send(from: utc(11, 7), to: utc(13, 7))),
      Case(
        shows: "weekly, the clock was years ahead when the last one was sent", weekday: .monday, now: utc(14, 8),
        lastEnd: utc(1000, 7), plan: .begin(from: utc(11, 7))),
    ])
  func plans(_ test: Case) {
    let schedule = SummarySchedule(timeOfDay: test.minutes, weekday: test.weekday, localOffset: Self.berlin)
    #expect(schedule.plan(now: test.now, lastEnd: test.lastEnd) == test.plan)
  }

  /// A year with the relay off now and then: the periods follow each other without gap or overlap, at most one ends
  /// on each local day, each at the time of day set.
  @Test(
    "over a year with the relay off now and then, the periods have neither gap nor overlap",
    arguments: [0, 150, 180, 480, 1439], [1, 2, 3] as [UInt64])
  func coversAYearOnce(minutes: Int, seed: UInt64) {
    var random = SplitMix(seed: seed)
    let schedule = SummarySchedule(timeOfDay: minutes, localOffset: Self.berlin)
    var (now, lastEnd) = (Self.utc(0), Timestamp?.none)
    var ends: [Timestamp] = []
    while now < Self.utc(365) {
      switch schedule.plan(now: now, lastEnd: lastEnd) {
      case .begin(let start):
        #expect(lastEnd == nil)
        lastEnd = start
      case .send(let from, let to):
        #expect(from == lastEnd && from < to && to <= now)
        ends.append(to)
        lastEnd = to
      case .wait(let until):
        #expect(until > now && until.since(now) <= .seconds(25 * 3600))
        let isDown = Int.random(in: 0..<20, using: &random) == 0
        now = isDown ? now.advanced(by: .seconds(Int64.random(in: 1...400_000, using: &random))) : until
      }
    }
    let days = ends.map { ($0.seconds + Int64(Self.berlin($0))) / 86_400 }
    #expect(days == Array(Set(days)).sorted())
    #expect(ends.count > 250)
    for end in ends where minutes != 150 || (end != Self.utc(Self.march29, 1, 30)) {
      #expect((end.seconds + Int64(Self.berlin(end))) % 86_400 == Int64(minutes) * 60)
    }
  }

  @Test("absurd values do not trap")
  func absurdValuesDoNotTrap() {
    for time in [Int64.min, -1, 0, .max].map({ Timestamp(milliseconds: $0) }) {
      for offset in [Int.min, 0, .max] {
        for minutes in [Int.min, 0, .max] {
          for weekday in [nil, Weekday.monday] {
            let schedule = SummarySchedule(timeOfDay: minutes, weekday: weekday) { _ in offset }
            for lastEnd in [nil, Timestamp(milliseconds: .min), Timestamp(milliseconds: .max)] {
              _ = schedule.plan(now: time, lastEnd: lastEnd)
            }
          }
        }
      }
    }
  }
}

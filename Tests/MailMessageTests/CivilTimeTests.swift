import MailMessage
import Testing

@Suite struct CivilTimeTests {
  struct Case: CustomTestStringConvertible {
    var seconds: Int64
    var offset = 0
    var rfc5322: String
    var short: String
    var testDescription: String { "\(seconds) at \(offset)" }
  }

  @Test(
    "a time is shown as date and clock",
    arguments: [
      Case(seconds: 0, rfc5322: "Thu, 1 Jan 1970 00:00:00 +0000", short: "1970-01-01 00:00"),
      Case(seconds: -1, rfc5322: "Wed, 31 Dec 1969 23:59:59 +0000", short: "1969-12-31 23:59"),
      Case(seconds: 1_795_356_185, rfc5322: "Sun, 22 Nov 2026 14:03:05 +0000", short: "2026-11-22 14:03"),
      // The last second of a leap day, and the day that only some centuries have.
      Case(seconds: 1_709_251_199, rfc5322: "Thu, 29 Feb 2024 23:59:59 +0000", short: "2024-02-29 23:59"),
      Case(seconds: 951_782_400, rfc5322: "Tue, 29 Feb 2000 00:00:00 +0000", short: "2000-02-29 00:00"),
      Case(seconds: 4_107_542_400, rfc5322: "Mon, 1 Mar 2100 00:00:00 +0000", short: "2100-03-01 00:00"),
      // An offset that changes the date, in both directions, and one that is no whole hour.
      Case(seconds: 1_798_759_800, offset: 60, rfc5322: "Fri, 1 Jan 2027 00:30:00 +0100", short: "2027-01-01 00:30"),
      Case(seconds: 1_798_763_400, offset: -480, rfc5322: "Thu, 31 Dec 2026 16:30:00 -0800", short: "2026-12-31 16:30"),
      Case(seconds: 0, offset: 345, rfc5322: "Thu, 1 Jan 1970 05:45:00 +0545", short: "1970-01-01 05:45"),
      Case(seconds: 0, offset: -210, rfc5322: "Wed, 31 Dec 1969 20:30:00 -0330", short: "1969-12-31 20:30"),
      // Beyond what RFC 5322 can say: the ends of the calendar.
      Case(seconds: .max, rfc5322: "Fri, 31 Dec 9999 23:59:59 +0000", short: "9999-12-31 23:59"),
      Case(seconds: .max, offset: .max, rfc5322: "Fri, 31 Dec 9999 23:59:59 +2359", short: "9999-12-31 23:59"),
      Case(seconds: .min, rfc5322: "Mon, 1 Jan 0001 00:00:00 +0000", short: "0001-01-01 00:00"),
      Case(seconds: .min, offset: .min, rfc5322: "Mon, 1 Jan 0001 00:00:00 -2359", short: "0001-01-01 00:00"),
    ])
  func showsDateAndClock(_ test: Case) {
    let time = CivilTime(secondsSinceEpoch: test.seconds, offsetMinutes: test.offset)
    #expect(time.rfc5322 == test.rfc5322)
    #expect(time.dateAndClock == test.short)
  }

  @Test("each day of 800 years follows the one before it: the calendar has neither a hole nor a double")
  func daysFollowEachOther() {
    var last = CivilTime(secondsSinceEpoch: -400 * 365 * 86_400)
    for day in Int64(-400 * 365 + 1)...(400 * 365) {
      let next = CivilTime(secondsSinceEpoch: day * 86_400)
      let sameMonth = next.month == last.month && next.day == last.day + 1 && next.year == last.year
      let newMonth = next.day == 1 && next.month == last.month % 12 + 1 && last.day >= 28
      let newYear = next.year == last.year + 1 && next.month == 1 && last.month == 12 && last.day == 31
      #expect(sameMonth || (newMonth && (next.year == last.year || newYear)))
      #expect(next.weekday == (last.weekday + 1) % 7)
      last = next
    }
  }

  @Test("a time stamp of the log is in UTC with milliseconds")
  func stampsTheLog() {
    #expect(CivilTime(secondsSinceEpoch: 0).timestamp(milliseconds: 7) == "1970-01-01T00:00:00.007Z")
    #expect(CivilTime(secondsSinceEpoch: 1_795_356_185).timestamp(milliseconds: 999) == "2026-11-22T14:03:05.999Z")
  }

  @Test("a time names its zone")
  func namesItsZone() {
    #expect(CivilTime(secondsSinceEpoch: 0).zone == "UTC")
    #expect(CivilTime(secondsSinceEpoch: 0, offsetMinutes: 330).zone == "UTC+05:30")
    #expect(CivilTime(secondsSinceEpoch: 0, offsetMinutes: -90).zone == "UTC-01:30")
  }
}

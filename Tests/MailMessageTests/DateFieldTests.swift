import MailMessage
import Testing

@Suite struct DateFieldTests {
  @Test(
    "dates as mail writes them",
    arguments: [
      ("Sun, 22 Nov 2026 14:03:05 +0100", 1_795_352_585), ("22 Nov 2026 13:03:05 GMT", 1_795_352_585),
      ("Sun,22 Nov 2026 08:03:05 EST", 1_795_352_585), ("Sun, 22 Nov 26 13:03:05 -0000 (UTC)", 1_795_352_585),
      ("Sun, 22 Nov 2026\r\n 13:03 +0000", 1_795_352_580), ("Thu, 01 Jan 1970 00:00:00 +0000", 0),
      ("29 Feb 2024 23:59:60 +0000", 1_709_251_200), ("1 Mar 2000 00:00:00 +0000", 951_868_800),
      ("Wed, 31 Dec 1969 23:59:59 +0000", -1),
    ])
  func reads(_ text: String, _ seconds: Int64) { #expect(DateField.seconds(text) == seconds) }

  @Test(
    "what is no date",
    arguments: [
      "", "today", "22 Nov", "32 Nov 2026 10:00 +0000", "22 Foo 2026 10:00 +0000", "22 Nov 2026 25:00 +0000",
      "22 Nov 2026 10 +0000", "22 Nov 2026 10:00 +1", "22 Nov 99999 10:00 +0000", "22 Nov 2026 10:00 +00:00 x y",
      "-1 Nov 2026 10:00 +0000", "٢٢ Nov 2026 10:00 +0000",
    ])
  func refuses(_ text: String) { #expect(DateField.seconds(text) == nil) }

  @Test("what is written is read")
  func roundTrip() {
    for seconds in stride(from: Int64(-5_000_000_000), to: 10_000_000_000, by: 86_399 * 37) {
      let time = CivilTime(secondsSinceEpoch: seconds, offsetMinutes: Int(seconds % 1000))
      #expect(DateField.seconds(time.rfc5322) == seconds)
    }
  }
}

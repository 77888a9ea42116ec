import DedupConfig
import Testing

/// Each kind of value, right and wrong, through the key of the file that has it.
@Suite struct ValueTests {
  struct Good: CustomTestStringConvertible, Sendable {
    var key: String
    var text: String
    /// The value as the relay shows it.
    var shown: String
    var testDescription: String

    init(_ what: String, _ key: String, _ text: String, shows shown: String) {
      (testDescription, self.key, self.text, self.shown) = (what, key, text, shown)
    }
  }

  struct Bad: CustomTestStringConvertible, Sendable {
    var key: String
    var text: String
    /// What stands behind `window.length: ` in the error.
    var message: String
    var testDescription: String

    init(_ what: String, _ key: String, _ text: String, says message: String) {
      (testDescription, self.key, self.text, self.message) = (what, key, text, message)
    }
  }

  @Test("is understood", arguments: quantities + words + names)
  func good(_ row: Good) throws {
    let (parsed, key) = try set(row.key, row.text)
    #expect(parsed.errors == [])
    #expect(key.text(of: parsed.configuration) == row.shown)
  }

  @Test("is refused with the remedy, and the default stays", arguments: badQuantities + badWords + badNames)
  func bad(_ row: Bad) throws {
    let (parsed, key) = try set(row.key, row.text)
    #expect(parsed.errors.map(\.message) == ["\(row.key): \(row.message)"])
    #expect(key.text(of: parsed.configuration) == key.text(of: Configuration()))
    #expect(parsed.origins[row.key] == nil)
  }

  private func set(_ id: String, _ text: String) throws -> (ParsedConfiguration, ConfigurationKey) {
    let key = try #require(ConfigurationSchema.key(id))
    return (parse("[\(key.section)]\n\(key.name) = \(text)\n"), key)
  }

  static let quantities = [
    Good("seconds", "window.length", "90s", shows: "90s"),
    Good("minutes", "window.length", "10min", shows: "10min"),
    Good("hours", "window.length", "1h", shows: "1h"),
    Good("days", "delivery.expire", "5d", shows: "5d"),
    Good("a duration is shown in its largest whole unit", "window.length", "7200s", shows: "2h"),
    Good("24 hours are a day", "window.length", "24h", shows: "1d"),
    Good("a plain 0 switches a duration off", "window.length", "0", shows: "0"),
    Good("so does 0 with a unit", "limits.slow-after", "0h", shows: "0"),
    Good("leading zeros mean nothing", "window.length", "007s", shows: "7s"),
    Good("both ends of a range belong to it", "window.length", "30d", shows: "30d"),
    Good("a list of durations", "delivery.retry-waits", "30s,2min , 1h", shows: "30s, 2min, 1h"),
    Good("a list of one", "delivery.retry-waits", "1min", shows: "1min"),
    Good("octets", "limits.minimum-rate", "700B", shows: "700B"),
    Good("512 KiB", "limits.message-size", "512KiB", shows: "512KiB"),
    Good("25 MiB", "limits.message-size", "25MiB", shows: "25MiB"),
    Good("1024 MiB are 1 GiB", "limits.message-size", "1024MiB", shows: "1GiB"),
    Good("no minimum rate", "limits.minimum-rate", "0", shows: "0"),
    Good("a count", "limits.recipients", "100", shows: "100"),
    Good("a percentage", "delivery.retry-jitter", "15%", shows: "15%"),
    Good("no jitter", "delivery.retry-jitter", "0%", shows: "0%"),
    Good("no jitter without its unit", "delivery.retry-jitter", "0", shows: "0%"),
  ]

  static let badQuantities = [
    Bad(
      "a word for a unit", "window.length", "1 hours",
      says: "\"1 hours\" is not a duration; write a number with s, min, h or d, e.g. 1h"),
    Bad(
      "m may be minutes or months", "window.length", "5m",
      says: "\"5m\" is not a duration; write a number with s, min, h or d, e.g. 5min"),
    Bad(
      "a unit in capitals", "window.length", "2H",
      says: "\"2H\" is not a duration; write a number with s, min, h or d, e.g. 2h"),
    Bad(
      "an unknown unit", "window.length", "3 moons",
      says: "\"3 moons\" is not a duration; write a number with s, min, h or d, e.g. 15min"),
    Bad("no unit", "window.length", "90", says: "\"90\" has no unit; write 90s, 90min, 90h or 90d"),
    Bad(
      "no number", "window.length", "h",
      says: "\"h\" is not a duration; write a number with s, min, h or d, e.g. 15min"),
    Bad(
      "a fraction", "window.length", "1.5h",
      says: "\"1.5h\" is not a duration; write a number with s, min, h or d, e.g. 15min"),
    Bad(
      "less than nothing", "window.length", "-5s",
      says: "\"-5s\" is not a duration; write a number with s, min, h or d, e.g. 15min"),
    Bad("an empty duration", "window.length", "", says: "is empty; write a duration in s, min, h or d, e.g. 15min"),
    Bad("too long", "window.length", "31d", says: "\"31d\" is out of range; write 0 to 30d"),
    Bad(
      "longer than 64 bits", "window.length", "99999999999999999999d",
      says: "\"99999999999999999999d\" is out of range; write 0 to 30d"),
    Bad(
      "longer than 64 bits in seconds", "window.length", "999999999999999999d",
      says: "\"999999999999999999d\" is out of range; write 0 to 30d"),
    Bad("0 where nothing can be off", "limits.idle", "0", says: "\"0\" is out of range; write 1s to 1d"),
    Bad(
      "MB, whatever that is", "limits.message-size", "25MB",
      says: "\"25MB\" is not a size; write a number with B, KiB, MiB or GiB, e.g. 25MiB"),
    Bad(
      "a size in small letters", "limits.message-size", "25 mib",
      says: "\"25 mib\" is not a size; write a number with B, KiB, MiB or GiB, e.g. 25MiB"),
    Bad(
      "a size without unit", "limits.message-size", "1000000",
      says: "\"1000000\" has no unit; write 1000000B, 1000000KiB, 1000000MiB or 1000000GiB"),
    Bad("too small", "limits.message-size", "10B", says: "\"10B\" is out of range; write 1KiB to 1GiB"),
    Bad(
      "a count with a unit", "limits.recipients", "100 people",
      says: "\"100 people\" is not a whole number; write digits only, e.g. 100"),
    Bad("a count of zero", "limits.recipients", "0", says: "\"0\" is out of range; write 1 to 100000"),
    Bad(
      "a count beyond all bounds", "limits.recipients", "18446744073709551616",
      says: "\"18446744073709551616\" is out of range; write 1 to 100000"),
    Bad(
      "digits of another script", "limits.recipients", "١٠",
      says: "\"١٠\" is not a whole number; write digits only, e.g. 100"),
    Bad("a share without its sign", "delivery.retry-jitter", "20", says: "\"20\" has no unit; write 20%"),
    Bad(
      "a share in words", "delivery.retry-jitter", "20 percent",
      says: "\"20 percent\" is not a percentage; write a number with %, e.g. 20%"),
    Bad("more than the range", "delivery.retry-jitter", "51%", says: "\"51%\" is out of range; write 0% to 50%"),
    Bad(
      "one bad item of a list", "delivery.retry-waits", "30s, soon",
      says: "\"soon\" is not a duration; write a number with s, min, h or d, e.g. 1min, 15min, 1h"),
    Bad(
      "a comma at the end", "delivery.retry-waits", "30s,",
      says: "has an empty item; write one comma between two items and none at the end"),
    Bad(
      "an empty list that must not be", "delivery.retry-waits", "",
      says: "is empty; write durations in s, min, h or d, separated by commas, e.g. 1min, 15min, 1h"),
  ]

  static let words = [
    Good("yes", "summary.send-when-quiet", "yes", shows: "yes"),
    Good("true", "summary.send-when-quiet", "True", shows: "yes"),
    Good("on", "summary.send-when-quiet", "on", shows: "yes"),
    Good("no", "summary.enabled", "no", shows: "no"),
    Good("false", "summary.enabled", "false", shows: "no"),
    Good("off", "summary.enabled", "OFF", shows: "no"),
    Good("a choice", "log.level", "critical", shows: "critical"),
    Good("another", "log.format", "json", shows: "json"),
    Good("midnight", "summary.time", "00:00", shows: "00:00"),
    Good("the last minute", "summary.time", "23:59", shows: "23:59"),
    Good("an hour of one digit", "summary.time", "8:05", shows: "08:05"),
    Good("a day of the week", "summary.weekly", "monday", shows: "monday"),
    Good("no day of the week", "summary.weekly", "no", shows: "no"),
    Good("a summary for each site", "summary.split", "site", shows: "site"),
  ]

  static let badWords = [
    Bad("maybe", "summary.enabled", "maybe", says: "\"maybe\" is neither yes nor no; write yes or no"),
    Bad("an empty answer", "summary.enabled", "", says: "is empty; write yes or no, e.g. no"),
    Bad(
      "a level of another logger", "log.level", "warn",
      says: "\"warn\" is none of the choices; did you mean warning? "
        + "write one of trace, debug, info, notice, warning, error, critical"),
    Bad(
      "a mistyped level", "log.level", "wraning",
      says: "\"wraning\" is none of the choices; did you mean warning? "
        + "write one of trace, debug, info, notice, warning, error, critical"),
    Bad(
      "a mistyped day", "summary.weekly", "mondey",
      says: "\"mondey\" is none of the choices; did you mean monday? write no, or one of monday, tuesday, wednesday, "
        + "thursday, friday, saturday, sunday"),
    Bad(
      "24 o'clock", "summary.time", "24:00",
      says: "\"24:00\" is not a time of day; write hour:minute from 00:00 to 23:59, e.g. 08:30"),
    Bad(
      "an hour alone", "summary.time", "7",
      says: "\"7\" is not a time of day; write hour:minute from 00:00 to 23:59, e.g. 08:30"),
    Bad(
      "a time with signs", "summary.time", "+7:-1",
      says: "\"+7:-1\" is not a time of day; write hour:minute from 00:00 to 23:59, e.g. 08:30"),
    Bad(
      "the American way", "summary.time", "7:00am",
      says: "\"7:00am\" is not a time of day; write hour:minute from 00:00 to 23:59, e.g. 08:30"),
  ]
}

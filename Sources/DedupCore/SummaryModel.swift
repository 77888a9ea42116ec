import MailMessage

/// What both parts of a summary say, in words and in order, with nothing in it that has to be cleaned any more.
struct SummaryModel {
  let hostname: String
  /// `Sat 2026-11-21 08:00 to Sun 2026-11-22 08:00 (UTC+01:00)`.
  let period: String
  let subject: String
  /// One or two sentences that say how it was.
  let headline: String
  /// Label, count and what it means, in the order in which they are shown; empty when no mail arrived.
  let totals: [Total]
  /// The errors that are listed, section by section.
  let entries: [SummaryEntry]
  /// The errors that are not.
  let rest: Rest
  /// The errors that rules of the admin silence.
  let silenced: Rest
  let queue: Queue
  /// How to read the bars.
  let legend: String

  /// Nobody reads further, and building the text takes time for each.
  private static let mostListed = 200

  struct Total {
    var label: String
    var count: Int
    var note: String
  }

  /// Errors that are summed up instead of listed.
  struct Rest {
    var errors = 0
    var arrivals = 0

    /// `12 more errors with 340 mails are not listed.`, or nil when there are none.
    var sentence: String? {
      guard errors > 0 else { return nil }
      let mails = DisplayText.count(arrivals, "mail")
      return "\(DisplayText.count(errors, "more error")) with \(mails) \(errors == 1 ? "is" : "are") not listed."
    }

    /// `2 errors with 12 mails are silenced by your rules and not listed.`, or nil when there are none.
    var sentenceOfSilence: String? {
      guard errors > 0 else { return nil }
      let mails = DisplayText.count(arrivals, "mail")
      let are = errors == 1 ? "is" : "are"
      return "\(DisplayText.count(errors, "error")) with \(mails) \(are) silenced by your rules and not listed."
    }
  }

  struct Queue {
    var sentence: String
    /// Whether somebody should look after it.
    var isLate: Bool
  }

  init(_ facts: SummaryFacts, top: Int, utcOffsetMinutes: Int, hostname: String) {
    let clock = SummaryClock(utcOffsetMinutes: utcOffsetMinutes)
    let sorted = facts.errors.filter { !$0.isSilenced }.sorted(by: SummaryEntry.isBefore)
    let quiet = facts.errors.filter { $0.isSilenced && $0.arrivals > 0 }
    let arrivals = facts.errors.lazy.map(\.arrivals).sumOfCounts()
    let listed = sorted.prefix(min(Self.mostListed, max(0, top)))
    self.hostname = DisplayText.oneLine(hostname)
    period = clock.period(from: facts.from, to: facts.to)
    let words = SummaryWords(facts, arrivals: arrivals)
    (subject, headline, totals) = (words.subject, words.headline, words.totals)
    entries = listed.map { SummaryEntry($0, all: arrivals, period: facts.from, clock: clock) }
    rest = Rest(
      errors: sorted.count - listed.count,
      arrivals: sorted.dropFirst(listed.count).lazy.map(\.arrivals).sumOfCounts())
    silenced = Rest(errors: quiet.count, arrivals: quiet.lazy.map(\.arrivals).sumOfCounts())
    queue = Queue(facts.queue, now: facts.to, clock: clock)
    legend = "Bars: arrivals from \(clock.minute(facts.from)) on, each drawn to its own highest hour."
  }

  /// What is not listed when only the first `count` entries are.
  func rest(afterListing count: Int) -> Rest {
    let more = entries.dropFirst(count)
    return Rest(
      errors: rest.errors + more.count,
      arrivals: rest.arrivals.saturatingAdding(more.lazy.map(\.arrivals).sumOfCounts()))
  }
}

extension SummaryModel.Queue {
  init(_ status: QueueStatus, now: Timestamp, clock: SummaryClock) {
    guard status.waiting > 0 else {
      self.init(sentence: "Nothing waits for delivery.", isLate: false)
      return
    }
    let waiting = "\(DisplayText.count(status.waiting, "mail waits", "mails wait")) for delivery"
    guard let oldest = status.oldest else {
      self.init(sentence: waiting + ".", isLate: false)
      return
    }
    // Half an hour is past the retries that a busy next hop causes.
    let isLate = now.since(oldest) >= .seconds(1800)
    let hint = isLate ? " The next hop seems to have trouble; see: dedupctl queue" : ""
    self.init(sentence: "\(waiting), the oldest since \(clock.minute(oldest)).\(hint)", isLate: isLate)
  }
}

extension SummaryFacts.ErrorFacts {
  /// Forwarded and held back; negative counts, which only damage can bring, count as none.
  var arrivals: Int { max(0, forwarded).saturatingAdding(max(0, suppressed)) }
}

/// Writes points in time as the reader's clock shows them.
struct SummaryClock {
  var utcOffsetMinutes: Int

  /// `2026-11-22 14:03`.
  func minute(_ time: Timestamp) -> String { time.civil(offsetMinutes: utcOffsetMinutes).dateAndClock }

  /// `14:03`.
  func clock(_ time: Timestamp) -> String { time.civil(offsetMinutes: utcOffsetMinutes).clock }

  func period(from: Timestamp, to: Timestamp) -> String {
    let (start, end) = (from.civil(offsetMinutes: utcOffsetMinutes), to.civil(offsetMinutes: utcOffsetMinutes))
    return "\(start.weekdayName) \(start.dateAndClock) to \(end.weekdayName) \(end.dateAndClock) (\(end.zone))"
  }
}

package import DedupCore

/// The lines of a summary beside the errors: silences, mail that could not be read, and the health of the relay itself.
enum SummaryRelay {
  struct Line {
    var text: String
    /// True if an admin should look into it.
    var isTrouble: Bool
  }

  private static let mostLines = 10

  static func silences(_ silences: [SilenceFacts], clock: SummaryClock) -> [String] {
    let sorted = silences.sorted { ($0.endsAt, $0.scope) < ($1.endsAt, $1.scope) }
    return listed(sorted) { silence in
      let reason = DisplayText.oneLine(silence.reason, limit: 120)
      let author = DisplayText.oneLine(silence.author, limit: 60)
      return """
        \(DisplayText.oneLine(silence.scope, limit: 120)): until \(clock.minute(silence.endsAt)), by \
        \(author.isEmpty ? "unknown" : author)\(reason.isEmpty ? "" : " (\(reason))"), \
        \(DisplayText.count(max(0, silence.held), "mail")) held back
        """
    }
  }

  static func doubts(_ doubts: [SummaryFacts.Doubt], held: Int) -> [String] {
    let more = "\(DisplayText.count(held, "mail")) held back, too many alike. See: dedupctl queue list --held"
    return (held > 0 ? [more] : [])
      + listed(doubts.filter { $0.mails > 0 }) { doubt in
        "\(DisplayText.count(doubt.mails, "mail")): \(DisplayText.oneLine(doubt.word, limit: 120))"
      }
  }

  private static func dropped(_ dropped: SummaryFacts.Dropped) -> [Line] {
    var texts: [String] = []
    if dropped.errors > 0 {
      let came = dropped.errors == 1 ? "came" : "each came"
      texts.append(
        "\(DisplayText.count(dropped.errors, "error")) that \(came) long ago or once only forgotten: a sender had more "
          + "than \(DisplayText.number(SiteBounds.mostErrors / 10 * 9))")
    }
    if dropped.joined > 0 {
      texts.append(
        "\(DisplayText.count(dropped.joined, "new error")) of sites that were never seen before filed under one: so many "
          + "such sites came at once")
    }
    if dropped.doubts > 0 {
      texts.append("\(DisplayText.count(dropped.doubts, "unclear mail")) that had been held back removed: too many")
    }
    return texts.map { Line(text: $0, isTrouble: true) }
  }

  static func lines(_ facts: SummaryFacts, clock: SummaryClock) -> [Line] {
    var lines = [queue(facts, clock: clock)]
    if facts.damaged > 0 {
      let were = facts.damaged == 1 ? "was found damaged and is" : "were found damaged and are"
      lines.append(
        Line(
          text: "\(DisplayText.count(facts.damaged, "queued mail")) \(were) not sent. See: dedupctl queue",
          isTrouble: true))
    }
    lines += dropped(facts.dropped)
    return lines + (facts.health.map(health) ?? [])
  }

  private static func queue(_ facts: SummaryFacts, clock: SummaryClock) -> Line {
    let status = facts.queue
    guard status.waiting > 0 else { return Line(text: "Nothing waits for delivery.", isTrouble: false) }
    let waiting = "\(DisplayText.count(status.waiting, "mail waits", "mails wait")) for delivery"
    guard let oldest = status.oldest else { return Line(text: waiting + ".", isTrouble: false) }
    // Half an hour is longer than the retries that a busy next hop causes.
    let isLate = facts.period.to.since(oldest) >= .seconds(1800)
    let failure = facts.lastFailure.map { " The next hop said: \(DisplayText.oneLine($0, limit: 300)) ·" } ?? ""
    let hint = isLate ? "\(failure) See: dedupctl queue" : ""
    return Line(text: "\(waiting), the oldest since \(clock.minute(oldest)).\(hint)", isTrouble: isLate)
  }

  private static func health(_ health: RelayHealth) -> [Line] {
    var lines: [Line] = []
    if health.spoolWaiting > 0 {
      let mails = DisplayText.count(health.spoolWaiting, "mail is", "mails are")
      lines.append(
        Line(text: "\(mails) in the emergency spool: the database does not take mail. See the log.", isTrouble: true))
    }
    if health.refused > 0 {
      let mails = DisplayText.count(health.refused, "mail was", "mails were")
      lines.append(
        Line(
          text: "\(mails) refused since the start: neither a disk nor the next hop took mail. See the log.",
          isTrouble: true))
    }
    for path in health.setAside.prefix(mostLines) {
      let text = "A database was set aside and can be removed: \(DisplayText.oneLine(path, limit: 200))"
      // A mail of its own reported this when it happened.
      lines.append(Line(text: text, isTrouble: false))
    }
    return lines
  }

  private static func listed<Fact>(_ facts: [Fact], _ line: (Fact) -> String) -> [String] {
    let rest = facts.count > mostLines ? ["and \(DisplayText.number(facts.count - mostLines)) more"] : []
    return facts.prefix(mostLines).map(line) + rest
  }
}

extension SummaryFacts {
  /// True if there is nothing to report: no error, no doubt, no silence that ends, and no trouble with the relay.
  package var isQuiet: Bool {
    totals.forwarded <= 0 && totals.suppressed <= 0 && totals.doubtful <= 0 && silences.isEmpty
      && !SummaryRelay.lines(self, clock: SummaryClock(utcOffsetMinutes: 0)).contains(where: \.isTrouble)
  }
}

extension SummaryFacts.Doubt {
  /// The recogniser's own word, e.g. `truncated-report`.
  fileprivate var word: String { reason.hasPrefix("doubt/") ? String(reason.dropFirst(6)) : reason }
}

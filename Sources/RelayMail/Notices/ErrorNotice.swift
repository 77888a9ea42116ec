package import DedupCore
package import MailMessage

/// A short mail of our own about one error that is being held back: it reached a milestone, or it is over.
package struct ErrorNotice: Hashable, Sendable {
  package enum Kind: Hashable, Sendable {
    /// The error reached this number of mails in its episode; see `WindowSettings.milestones`.
    case milestone(Int)
    /// No mail of the error arrived for so long that the episode is over.
    case allClear
  }

  package var kind: Kind
  /// The fingerprint, `version:digest`.
  package var fingerprint: String
  package var title: String
  package var place: String
  package var site: String
  package var record: WindowRecord
  package var thread: MailThread
  /// The number of paths and texts of the error so far, or 0 if not known.
  package var variants: Int
  /// The number of different texts and places among the variants.
  package var spread: VariantSpread
  /// The number of other sites that have the same error.
  package var otherSites: Int

  package init(
    kind: Kind, fingerprint: String, title: String, place: String, site: String, record: WindowRecord,
    thread: MailThread,
    variants: Int, spread: VariantSpread = VariantSpread(), otherSites: Int
  ) {
    self.kind = kind
    self.fingerprint = fingerprint
    self.title = title
    self.place = place
    self.site = site
    self.record = record
    self.thread = thread
    self.variants = variants
    self.spread = spread
    self.otherSites = otherSites
  }

  /// Returns the bytes of the mail. It is part of the error's thread, `Auto-Submitted` (RFC 3834), and part of a list
  /// (RFC 2919).
  package func message(
    from: EmailAddress, to: [EmailAddress], id: QueueID, at now: Timestamp, _ form: SubjectForm,
    _ letterhead: Letterhead
  ) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject(form),
      date: now.civil(offsetMinutes: letterhead.utcOffsetMinutes(now)), messageID: "\(id)@\(letterhead.hostname)",
      references: thread.references, fields: fields(letterhead),
      content: .text(text(now: now, letterhead), type: "text/plain")
    ).build()
  }

  /// Returns the fields that let filters find the notice together with the mails of the error.
  private func fields(_ letterhead: Letterhead) -> [MessageBuilder.Field] {
    ListFields.of("errors", letterhead.hostname)
      + [.init("X-MailDedup-Fingerprint", fingerprint), .init("X-MailDedup-Site", site)]
  }

  func subject(_ form: SubjectForm) -> String {
    let subject = thread.subject.isEmpty ? DisplayText.oneLine(title) : DisplayText.oneLine(thread.subject)
    return form == .count ? "\(tag.text) \(subject)" : "Re: \(subject)"
  }

  /// Returns the text of the mail, in lines of at most 74 columns, which quoted-printable leaves whole, ending in LF.
  func text(now: Timestamp, _ letterhead: Letterhead) -> String {
    var lines = DisplayText.wrap(headline(now: now, letterhead), columns: 74)
    lines += [""] + DisplayText.wrap(DisplayText.oneLine(title), columns: 70, limit: 4).map { "    " + $0 }
    if !place.isEmpty { lines.append("    " + DisplayText.cut(DisplayText.oneLine(place), columns: 70)) }
    lines.append("")
    lines += facts(letterhead).map { label, value in label.padded(to: 12) + value }
    return lines.map { $0 + "\n" }.joined()
  }

  private var tag: SubjectTag {
    SubjectTag(word: kind == .allClear ? .quiet : nil, count: record.episode.mails, errorID: errorID)
  }

  private var errorID: String { FingerprintRow.id(of: fingerprint) }

  private func headline(now: Timestamp, _ letterhead: Letterhead) -> String {
    let mails = DisplayText.count(record.episode.mails, "time")
    let since = letterhead.minute(record.episode.start)
    switch kind {
    case .milestone:
      let rate = Self.rate(record.episode.mails, within: now.since(record.episode.start))
      return "This error came \(mails) since \(since)\(rate). Its mails are held back and counted."
    case .allClear:
      return """
        This error has not come since \(letterhead.minute(record.lastSeen)). It came \(mails) from \(since) on. When it \
        comes back, its first mail goes out at once.
        """
    }
  }

  private func facts(_ letterhead: Letterhead) -> [(String, String)] {
    var facts = [("site", DisplayText.oneLine(site, limit: 60))]
    if otherSites > 0 { facts.append(("also in", DisplayText.count(otherSites, "other site"))) }
    if variants > 1 {
      facts.append(("variants", DisplayText.number(variants) + (spread.words.map { ": \($0)" } ?? "")))
    }
    if record.held > 0 { facts.append(("held back", "\(DisplayText.number(record.held)) since the last mail of it")) }
    if record.episode.number > 1 {
      let first = letterhead.minute(record.firstSeen)
      facts.append(("in all", "\(DisplayText.count(record.total, "time")) since \(first)"))
    }
    return facts + ErrorCommands.of(errorID)
  }

  /// Returns the rate as text, e.g. `, 12 a minute`. Empty if the rate says nothing.
  private static func rate(_ count: Int, within time: Duration) -> String {
    let seconds = Double(time.wholeMilliseconds) / 1000
    guard seconds >= 1 else { return "" }
    for (unit, length) in [("a second", 1.0), ("a minute", 60), ("an hour", 3600), ("a day", 86_400)] {
      let rate = Double(count) * length / seconds
      if rate >= 2 { return ", \(DisplayText.number(Int(min(rate.rounded(), 1e12)))) \(unit)" }
    }
    return ""
  }
}

/// The header fields that let people file our own mails and that keep vacation replies away (RFC 2919).
enum ListFields {
  static func of(_ list: String, _ hostname: String) -> [MessageBuilder.Field] {
    [.init("List-Id", "<\(list).maildedup.\(hostname)>"), .init("Precedence", "bulk")]
  }
}

extension String {
  /// Returns the string followed by blanks up to `columns`, at least one.
  fileprivate func padded(to columns: Int) -> String {
    self + String(repeating: " ", count: max(1, columns - utf8.count))
  }
}

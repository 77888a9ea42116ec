package import DedupCore
package import MailMessage

/// The mail that reports the errors that `StormCap` held back, each by its name, so that none is hidden.
package struct StormDigest: Hashable, Sendable {
  /// The largest number of errors of one digest. The rest follows in the next one.
  package static let mostErrors = 1000

  /// One error, at the time when the digest is written.
  package struct Item: Hashable, Sendable {
    /// The id that `dedupctl show` takes.
    package var errorID: String
    package var title: String
    package var place: String
    /// The Subject of the first mail of the error, decoded.
    package var subject: String
    package var record: WindowRecord

    package init(errorID: String, title: String, place: String, subject: String, record: WindowRecord) {
      self.errorID = errorID
      self.title = title
      self.place = place
      self.subject = subject
      self.record = record
    }
  }

  package var site: String
  /// The errors in the order in which they arrived.
  package var items: [Item]
  /// The number of errors that wait for the next digest.
  package var left: Int

  package init(site: String, items: [Item], left: Int = 0) {
    self.site = site
    self.items = items
    self.left = left
  }

  package func message(
    from: EmailAddress, to: [EmailAddress], id: QueueID, at now: Timestamp, _ letterhead: Letterhead
  ) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject,
      date: now.civil(offsetMinutes: letterhead.utcOffsetMinutes(now)), messageID: "\(id)@\(letterhead.hostname)",
      fields: ListFields.of("errors", letterhead.hostname), content: .text(text(letterhead), type: "text/plain")
    ).build()
  }

  var subject: String {
    let site = DisplayText.oneLine(site, limit: 60)
    let first = items.first.map { ": \(DisplayText.oneLine($0.title, limit: 60))" } ?? ""
    return Letterhead.subject("\(DisplayText.count(items.count, "more error")) in \(site)\(first)")
  }

  /// Returns the text of the digest, in lines of at most 74 columns, which quoted-printable leaves whole, ending in LF.
  func text(_ letterhead: Letterhead) -> String {
    var lines = DisplayText.wrap(
      """
      Too many different errors come from \(DisplayText.oneLine(site, limit: 60)) to send a mail about each. This mail \
      stands for \(DisplayText.count(mails, "mail")); from now on each of these errors is held back and counted like any \
      other.
      """, columns: 74)
    lines += [""] + DisplayText.wrap(ErrorCommands.hintWithMails, columns: 74)
    for (index, item) in items.enumerated() { lines += [""] + entry(item, number: index + 1, letterhead) }
    if left > 0 { lines += ["", "\(DisplayText.count(left, "more error")) in the next mail, in a few minutes."] }
    return lines.map { $0 + "\n" }.joined()
  }

  private var mails: Int { items.lazy.map(\.record.held).sumOfCounts() }

  private func entry(_ item: Item, number: Int, _ letterhead: Letterhead) -> [String] {
    let title = DisplayText.wrap("\(number). " + DisplayText.oneLine(item.title), columns: 74, limit: 3)
    let since = "since \(letterhead.minute(item.record.episode.start))"
    var details = ["\(DisplayText.count(item.record.episode.mails, "mail")) \(since)\(Self.news(item.record))"]
    if !item.place.isEmpty { details.append(item.place) }
    if !item.subject.isEmpty { details.append(item.subject) }
    details.append("dedupctl show \(item.errorID)")
    return title + details.map { "    " + DisplayText.cut(DisplayText.oneLine($0), columns: 70) }
  }

  private static func news(_ record: WindowRecord) -> String {
    let quiet = record.episode.quietBefore.map { " after \(DisplayText.duration($0))" } ?? ""
    switch record.episode.beginning {
    case .new: return record.episode.told == 0 ? ", new" : ", still going"
    case .again: return ", again\(quiet)"
    case .regression: return ", back after it was resolved"
    }
  }
}

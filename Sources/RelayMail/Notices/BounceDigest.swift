package import DedupCore
package import MailMessage

/// The mail that tells a sender which of its mails about errors were rejected. One mail reports all of them, 5 min
/// after the first rejection and then at most hourly. It is sent from `<>`.
package struct BounceDigest: Hashable, Sendable {
  /// The time for which a failure waits for others.
  package static let patience = Duration.seconds(300)
  /// The shortest time between two digests to one sender.
  package static let period = Duration.seconds(3600)
  /// The largest number of entries of one digest. The rest is only counted.
  static let mostItems = 100

  /// A group of similar failures since the last digest.
  package struct Item: Hashable, Sendable {
    /// The latest failure of the group.
    package var latest: GatheredBounce
    package var mails: Int
    package var firstAt: Timestamp

    package init(latest: GatheredBounce, mails: Int, firstAt: Timestamp) {
      self.latest = latest
      self.mails = mails
      self.firstAt = firstAt
    }
  }

  package var items: [Item]

  package init(_ items: [Item]) { self.items = items }

  /// Returns the time until a digest is due. Never positive if the clock was set back.
  ///
  /// - Parameters:
  ///   - first: the time of the earliest failure that no digest has reported.
  ///   - told: the time of the last digest to the sender, or nil if there was none.
  package static func wait(first: Timestamp, told: Timestamp?, now: Timestamp) -> Duration {
    let age = now.since(first)
    if age < .zero { return .zero }
    let sinceLast = told.map { now.since($0) } ?? period
    return max(patience - age, sinceLast < .zero ? .zero : period - sinceLast)
  }

  /// Returns the sender and the postmaster, each once.
  package static func addressees(sender: EmailAddress, postmaster: EmailAddress?) -> [EmailAddress] {
    let all = [sender, postmaster].compactMap { $0 }.filter { !$0.isNull }
    return all.count == 2 && all[0] == all[1] ? [all[0]] : all
  }

  package func message(
    to: [EmailAddress], id: QueueID, at now: Timestamp, _ letterhead: Letterhead
  ) -> [UInt8] {
    MessageBuilder(
      fromName: "Mail Delivery System", from: EmailAddress("MAILER-DAEMON@\(letterhead.hostname)"), to: to,
      subject: subject, date: now.civil(offsetMinutes: letterhead.utcOffsetMinutes(now)),
      messageID: "\(id)@\(letterhead.hostname)", autoSubmitted: "auto-replied",
      fields: ListFields.of("errors", letterhead.hostname), content: .text(text(letterhead), type: "text/plain")
    ).build()
  }

  var subject: String { Letterhead.subject("\(DisplayText.count(mails, "mail")) about errors not delivered") }

  private var mails: Int { items.lazy.map(\.mails).sumOfCounts() }

  /// Returns the text of the digest, in lines of at most 74 columns, which quoted-printable leaves whole, ending in LF.
  func text(_ letterhead: Letterhead) -> String {
    var lines = DisplayText.wrap(
      """
      These mails about errors were given up. Their errors are counted all the same, dedupctl list shows them; the next \
      mail of each goes out after a while that grows with each rejection. dedupctl status says how the next hop does.
      """, columns: 74)
    for item in items.prefix(Self.mostItems) { lines += [""] + entry(item, letterhead) }
    let left = items.count - Self.mostItems
    if left > 0 { lines += ["", "\(DisplayText.count(left, "more entry", "more entries"))."] }
    return lines.map { $0 + "\n" }.joined()
  }

  private func entry(_ item: Item, _ letterhead: Letterhead) -> [String] {
    let latest = item.latest
    let details = [
      "\(DisplayText.count(item.mails, "mail")) from <\(latest.sender)> since \(letterhead.minute(item.firstAt))",
      "\(latest.nextHop) said: \(latest.reason)", "The latest: \(latest.subject)",
    ]
    return DisplayText.wrap("To <\(latest.recipient)>, \(latest.status)", columns: 74, limit: 2)
      + details.flatMap { detail in
        DisplayText.wrap(DisplayText.oneLine(detail, limit: GatheredBounce.longestText), columns: 70, limit: 5).map {
          "    " + $0
        }
      }
  }
}

package import MailMessage

/// The daily or weekly mail about what arrived, what was forwarded and what was held back. Text and HTML say the same; either is
/// complete without the other.
package struct Summary: Hashable, Sendable {
  package var subject: String
  /// Lines of at most 78 columns, ending in LF.
  package var text: String
  /// A whole document of less than 90 kB: Gmail cuts what is longer than about 100 kB.
  package var html: String
  /// The host it is about; names sender, list and Message-ID.
  package var hostname: String
  /// Of the clock that the Date field shows.
  package var utcOffsetMinutes: Int

  package init(subject: String, text: String, html: String, hostname: String, utcOffsetMinutes: Int = 0) {
    self.subject = subject
    self.text = text
    self.html = html
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// The mail as it goes into the queue. `List-Id` lets people file it, `Auto-Submitted` and `Precedence` keep
  /// vacation replies away (RFC 3834, RFC 2919).
  package func message(from: EmailAddress, to: [EmailAddress], id: QueueID, date: Timestamp) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject,
      date: date.civil(offsetMinutes: utcOffsetMinutes), messageID: "\(id)@\(hostname)",
      fields: ListFields.of("summary", hostname),
      content: MessageBuilder.alternative(text: text, html: html)
    ).build()
  }
}

/// Makes a summary of the facts of a period: what needs attention first, then the others by how often they arrived. What
/// is not listed is counted, so that the sums always add up.
package struct SummaryBuilder: Hashable, Sendable {
  /// Nobody reads further, and building the text takes time for each.
  package static let mostListed = 200

  /// How many errors are listed one by one, at most; no more than `mostListed`.
  package var top: Int
  /// Of the clock that the reader lives by, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int
  /// The host that the relay runs on.
  package var hostname: String

  package init(top: Int = 20, utcOffsetMinutes: Int = 0, hostname: String) {
    self.top = top
    self.utcOffsetMinutes = utcOffsetMinutes
    self.hostname = hostname
  }

  package func build(_ facts: SummaryFacts) -> Summary {
    let model = SummaryModel(facts, top: top, utcOffsetMinutes: utcOffsetMinutes, hostname: hostname)
    return Summary(
      subject: model.subject, text: SummaryText(model: model).render(), html: SummaryHTML(model: model).render(),
      hostname: hostname, utcOffsetMinutes: utcOffsetMinutes)
  }
}

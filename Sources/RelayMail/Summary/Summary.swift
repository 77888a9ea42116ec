package import DedupCore
package import MailMessage

/// The daily or weekly mail about what arrived, was forwarded and was held back. Text and HTML have the same content,
/// and each is complete without the other.
package struct Summary: Hashable, Sendable {
  package var subject: String
  /// The text part, in lines of at most 78 columns, ending in LF.
  package var text: String
  /// The HTML part, a complete document of less than 90 kB. Gmail cuts a document longer than about 100 kB.
  package var html: String
  /// The name of the host that the summary is about, used in the list name and the Message-ID.
  package var hostname: String
  /// The offset of the clock that the Date field shows, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int

  package init(subject: String, text: String, html: String, hostname: String, utcOffsetMinutes: Int = 0) {
    self.subject = subject
    self.text = text
    self.html = html
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// Returns the mail as it is queued. `List-Id` lets people file it, and `Auto-Submitted` and `Precedence` keep
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

/// Builds a summary from the facts of a period: first the errors that need attention, then the others by number of
/// arrivals. Errors that are not listed are counted, so that the sums always add up.
package struct SummaryBuilder: Hashable, Sendable {
  /// The largest number of errors listed one by one, limited to `SummaryQuery.mostListed`.
  package var top: Int
  /// The offset of the reader's clock, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int
  /// The name of the host that the relay runs on.
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

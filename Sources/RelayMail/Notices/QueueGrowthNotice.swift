package import DedupCore
package import MailMessage

/// The mail that tells the admin that the queue grows.
package struct QueueGrowthNotice: Hashable, Sendable {
  package var standing: QueueGrowth.Status
  /// The reason why the latest mails failed or wait; nil: not known.
  package var reason: String?
  /// The host that the relay runs on.
  package var hostname: String
  /// The offset of the reader's clock, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int

  package init(_ standing: QueueGrowth.Status, reason: String?, hostname: String, utcOffsetMinutes: Int) {
    self.standing = standing
    self.reason = reason
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  package func message(from: EmailAddress, to: [EmailAddress], id: QueueID, date: Timestamp) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject, date: date.civil(offsetMinutes: utcOffsetMinutes),
      messageID: "\(id)@\(hostname)", content: .text(text, type: "text/plain")
    ).build()
  }

  package var subject: String {
    Letterhead.subject("\(DisplayText.count(standing.waiting, "mail")) wait on \(hostname)")
  }

  /// The text of the mail, in lines ending in LF.
  package var text: String {
    let oldest = standing.oldest.map { ", the oldest since \($0.civil(offsetMinutes: utcOffsetMinutes).rfc5322)" } ?? ""
    var lines = DisplayText.wrap(
      "The queue of the relay on \(hostname) grows: \(DisplayText.count(standing.waiting, "mail")) wait\(oldest).",
      columns: 74)
    if let reason {
      lines += [""] + DisplayText.wrap("The latest: \(DisplayText.oneLine(reason))", columns: 74, limit: 4)
    }
    lines += [""]
    lines += DisplayText.wrap(
      "dedupctl status says how the next hop does; dedupctl queue list says when each mail is tried next. This is told "
        + "once.", columns: 74)
    return lines.map { $0 + "\n" }.joined()
  }
}

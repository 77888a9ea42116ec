package import DedupCore
package import MailMessage

/// The mail that tells the admin that the disk of the store is full.
package struct DiskFullNotice: Hashable, Sendable {
  package var since: Timestamp
  /// The directory of the store.
  package var directory: String
  /// The name of the host that the relay runs on.
  package var hostname: String
  /// The offset of the reader's clock, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int

  package init(since: Timestamp, directory: String, hostname: String, utcOffsetMinutes: Int) {
    self.since = since
    self.directory = directory
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  package func message(from: EmailAddress, to: [EmailAddress], id: QueueID, date: Timestamp) -> [UInt8] {
    MessageBuilder(
      fromName: "MailDedup", from: from, to: to, subject: subject, date: date.civil(offsetMinutes: utcOffsetMinutes),
      messageID: "\(id)@\(hostname)", content: .text(text, type: "text/plain")
    ).build()
  }

  package var subject: String { Letterhead.subject("the disk on \(hostname) is full") }

  /// The text of the mail, in lines ending in LF.
  package var text: String {
    """
    \(since.civil(offsetMinutes: utcOffsetMinutes).rfc5322)

    The disk of the relay on \(hostname) has no room for new mail:
        \(DisplayText.oneLine(directory))
    Free some space there. Until then mail is kept in the emergency spool, or
    handed straight to the next hop where that is full as well.

    Error mail is still deduplicated: the first mail of each error goes out, and
    the others are counted in a reserve that was allocated beforehand. When that
    is used up, every mail goes out. The counts are in "dedupctl list" again as
    soon as there is room.

    This is told once.
    """ + "\n"
  }
}

package import DedupCore
package import MailMessage

/// The mail that tells the admin about a replacement.
package struct StoreReplacementNotice: Hashable, Sendable {
  package var replacement: StoreReplacement
  /// The name of the host that the relay runs on.
  package var hostname: String
  /// The offset of the reader's clock, in minutes ahead of UTC.
  package var utcOffsetMinutes: Int

  package init(_ replacement: StoreReplacement, hostname: String, utcOffsetMinutes: Int) {
    self.replacement = replacement
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
    switch replacement.cause {
    case .damaged: Letterhead.subject("the database on \(hostname) was damaged and replaced")
    case .removed: Letterhead.subject("the database on \(hostname) was removed while in use")
    }
  }

  /// The text of the mail, in lines ending in LF.
  package var text: String {
    ([whatHappened, whatBecameOfIt, whatToDo].joined(separator: "\n\n") + "\n")
  }

  private var whatHappened: String {
    let time = replacement.at.civil(offsetMinutes: utcOffsetMinutes).rfc5322
    let what =
      switch replacement.cause {
      case .damaged: "The database of the relay on \(hostname) was found damaged:"
      case .removed: "The database of the relay on \(hostname) was removed or replaced while it was in use:"
      }
    return "\(time)\n\n\(what)\n    \(DisplayText.oneLine(replacement.reason))\n\n"
      + "A fresh one is in use since then. The relay works and takes mail."
  }

  private var whatBecameOfIt: String {
    let lost =
      switch replacement.lost {
      case 0: "None was lost."
      case let lost?: "Up to \(lost) could not be read and will not be delivered."
      case nil: "How many could not be read is not known; those will not be delivered."
      }
    return """
      Mails that waited for delivery: \(replacement.recovered) were taken over. \(lost)
      Errors whose windows and counts go on: \(replacement.errors). Of any other the next mail goes out as if it were
      the first.
      """
  }

  private var whatToDo: String {
    guard let path = replacement.path else { return "Nothing has to be done, but find out who removes files there." }
    guard replacement.cause == .damaged else {
      return """
        The file that stood in its place was not used and was kept:
            \(path)
        Stop the relay before you put another database in its place. "dedupctl status" names the file until you remove
        it, and no message files are cleaned up until then.
        """
    }
    return """
      The damaged file was kept:
          \(path)
      It holds what was lost, as far as it can be read: sqlite3 FILE .recover
      Look after the disk and the memory of the machine, since SQLite does not damage its files by itself. Then remove
      the file with its -wal and -shm. Until then "dedupctl status" names it, and no message files are cleaned up.
      """
  }
}

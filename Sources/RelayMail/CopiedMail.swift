package import DedupCore
import MailMessage

/// A kept error report that an admin sends again: our fields on top, and below them each byte as it arrived except for
/// the Message-ID, since mail programs hide a second mail with the same Message-ID. Signed mail keeps its own.
package enum CopiedMail {
  /// Returns the bytes of the copy.
  ///
  /// - Parameters:
  ///   - id: the queue id of the copy.
  ///   - arrivedAt: the time when the relay accepted the original.
  package static func render(
    _ message: [UInt8], of error: NamedError, id: QueueID, arrivedAt: Timestamp
  ) -> [UInt8] {
    HeaderWriter.text("X-MailDedup-Fingerprint", error.fingerprint)
      + HeaderWriter.text("X-MailDedup-Site", error.site)
      + HeaderWriter.text("X-MailDedup-Reason", "copy")
      + HeaderWriter.text("X-MailDedup-Arrived", arrivedAt.civil().rfc5322)
      + renamed(message, id)
  }

  /// Returns the mail under a new Message-ID, with the original one in a field of ours.
  private static func renamed(_ message: [UInt8], _ id: QueueID) -> [UInt8] {
    guard let original = MailThread.messageID(of: message), !HeaderEdit.isSigned(message) else { return message }
    let own = Array(" <\(id)@copy.maildedup>".utf8)[...]
    var isFirst = true
    let copy = HeaderEdit.rewriting(message) { name, value in
      guard name == "message-id", isFirst else { return value }
      isFirst = false
      return own
    }
    return HeaderWriter.text("X-MailDedup-Copy-Of", "<\(original)>") + copy
  }
}

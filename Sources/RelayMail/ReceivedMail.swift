import MailMessage

/// A kept mail in the form in which it arrived at the first relay. This is the inverse of `ForwardedMail`, used to
/// judge past mail again.
package struct ReceivedMail: Hashable, Sendable {
  /// The message without the fields and tags that MailDedup added to it.
  package var message: [UInt8]
  package var passage: Passage

  package enum Passage: Hashable, Sendable {
    /// The mail has no trace of MailDedup.
    case untouched
    /// The mail was forwarded as a report, the first one after this number of mails held back.
    case forwarded(heldBack: Int)
    /// The mail is a kept report that was sent again (`CopiedMail`). The original arrived earlier.
    case copy
    /// The mail was written by MailDedup: a summary, a digest, a notice or a bounce.
    case ownMail
  }

  package init(_ message: [UInt8]) {
    self.message = message
    passage = .untouched
    let list = HeaderEdit.text(of: "list-id", in: message) ?? ""
    if list.contains(".maildedup.") || HeaderEdit.contains(anyOf: ["x-maildedup-queue-id"], in: message) {
      passage = .ownMail
    } else if HeaderEdit.contains(anyOf: ["x-maildedup-reason"], in: message) {
      let held = HeaderEdit.text(of: "x-maildedup-held-back", in: message).flatMap { Int($0) } ?? 0
      let isCopy = HeaderEdit.text(of: "x-maildedup-reason", in: message) == "copy"
      passage = isCopy ? .copy : .forwarded(heldBack: max(0, held))
      self.message = Self.undone(message)
    }
  }

  /// Removes the fields that `ForwardedMail` puts on top, and the text that it puts before the Subject.
  private static func undone(_ message: [UInt8]) -> [UInt8] {
    let isThreaded = HeaderEdit.text(of: "references", in: message)?.contains(MailThread.rootDomain) ?? false
    return HeaderEdit.rewriting(message) { name, value in
      switch name {
      case _ where name.hasPrefix("x-maildedup-"): nil
      case "in-reply-to", "references": isThreaded ? nil : value
      case "subject": ForwardedMail.withoutTag(value)
      default: value
      }
    }
  }
}

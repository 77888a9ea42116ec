import MailMessage

/// A mail that was kept by somebody, as it came to the first relay: the inverse of `ForwardedMail`, for judging past mail
/// again.
package struct ReceivedMail: Hashable, Sendable {
  /// Without what a MailDedup added to it.
  package var message: [UInt8]
  package var passage: Passage

  package enum Passage: Hashable, Sendable {
    /// No MailDedup touched it, or it left no trace.
    case untouched
    /// Forwarded as a report, the first one after so many that were held back.
    case forwarded(heldBack: Int)
    /// A kept report that was sent once more (`CopiedMail`): the mail came before.
    case copy
    /// A MailDedup wrote it: a summary, a digest, a notice, a bounce.
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

  /// Removes what `ForwardedMail` puts on top, and what it puts before the Subject.
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

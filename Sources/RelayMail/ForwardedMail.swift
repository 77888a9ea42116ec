package import DedupCore
package import MailMessage

/// The bytes sent for a forwarded mail: trace fields on top, then the mail as it arrived.
///
/// - Ordinary mail gets `Received:` and nothing else. Below it, each byte is as it arrived.
/// - A mail forwarded because of a doubt also states the doubt in `X-MailDedup-Reason`.
/// - An error report gets `X-MailDedup-Fingerprint`, `-Site`, `-Reason`, `-Next` (the commands to handle it), `-Count`
///   (the mails seen in this episode, including this one), `-Held-Back` (the mails held back since the previous one)
///   and `-Since` (the start of the episode). From the second episode on it also gets `-History`, and `-Variants` if
///   its mails had several texts or places. `In-Reply-To` and `References` put it into the thread of its error. The
///   Subject of a later mail begins with a `SubjectTag`. The first mail of an error keeps Subject and body byte for
///   byte. The body never changes.
///
/// A mail that is forwarded because it shows another path of an error that is held back also gets
/// `X-MailDedup-Variant`. It shows the number of held mails and does not reset it.
///
/// A mail that bypasses a store whose disk is full shows no count, or only the counts since the disk became full.
///
/// A mail with a signature keeps its Subject, and a mail with DKIM gets no thread fields: a signature may cover their
/// absence (RFC 6376 section 5.4.2).
///
/// `X-MailDedup-` fields that a mail already has are kept: removing them would break the promise above for ordinary
/// mail that merely quotes them, and a chain of two relays is worth seeing. Readers trust the topmost field, which is
/// ours.
package enum ForwardedMail {
  /// The mail to send, as a change to the mail that arrived.
  package struct Rendering: Hashable, Sendable {
    /// The trace fields.
    package var top: [UInt8]
    /// The text inserted into the message below the trace fields. It is only ever inserted into the part that is in
    /// memory.
    package var insertion: HeaderEdit.Insertion?

    package init(top: [UInt8], insertion: HeaderEdit.Insertion? = nil) {
      self.top = top
      self.insertion = insertion
    }

    /// Returns `message` with the changes applied.
    package func applied(to message: Message) -> Message {
      guard let insertion else { return message.prepending(top) }
      var edited = message
      edited.head.insert(contentsOf: insertion.octets, at: insertion.position)
      return edited.prepending(top)
    }
  }

  /// The facts that the store knows beyond the mail.
  package struct Context: Hashable, Sendable {
    /// The thread before this mail, or nil for mail that is not an error report.
    package var thread: MailThread?
    package var subject: SubjectForm
    /// The number of different texts and places among the variants of the error, including this mail's.
    package var variants: VariantSpread

    package init(
      thread: MailThread? = nil, subject: SubjectForm = .count, variants: VariantSpread = VariantSpread()
    ) {
      self.thread = thread
      self.subject = subject
      self.variants = variants
    }
  }

  /// Returns the changes to a mail that is forwarded.
  ///
  /// - Parameters:
  ///   - verdict: a `.forward`. A suppressed mail is not sent, and it is rendered like ordinary mail.
  ///   - occurrence: the error that the mail reports; nil if it is not sent as a report.
  package static func render(
    _ submission: Submission, _ verdict: Verdict, of occurrence: Occurrence? = nil, _ context: Context = Context()
  ) -> Rendering {
    guard case .forward(let reason, let count) = verdict else { return Rendering(top: submission.received()) }
    switch reason {
    case .pass: return Rendering(top: submission.received())
    case .doubt: return Rendering(top: submission.received() + HeaderWriter.text("X-MailDedup-Reason", reason.text))
    case .first, .windowElapsed, .stillGoing, .again, .regression, .lastOneRejected, .clockJumpedBack, .newVariant,
      .silenceEnded, .passingSite, .requested, .rule:
      return Rendering(
        top: submission.received() + fields(occurrence, reason, count, context.variants)
          + threadFields(submission.message, context),
        insertion: insertion(in: submission.message.head, occurrence, reason, count, context))
    }
  }

  private static func fields(
    _ occurrence: Occurrence?, _ reason: ForwardReason, _ count: RunningCount?, _ variants: VariantSpread
  ) -> [UInt8] {
    var fields: [UInt8] = []
    if let occurrence {
      fields += HeaderWriter.text("X-MailDedup-Fingerprint", occurrence.fingerprint)
      fields += HeaderWriter.text("X-MailDedup-Site", occurrence.site.name)
      if reason == .newVariant { fields += HeaderWriter.text("X-MailDedup-Variant", occurrence.variant) }
    }
    fields += HeaderWriter.text("X-MailDedup-Reason", reason.text)
    if let occurrence {
      fields += HeaderWriter.text("X-MailDedup-Next", ErrorCommands.line(FingerprintRow.id(of: occurrence.fingerprint)))
    }
    guard let count else { return fields }
    fields += HeaderWriter.text("X-MailDedup-Count", String(count.total))
    fields += HeaderWriter.text("X-MailDedup-Held-Back", String(count.heldBack))
    fields += HeaderWriter.text("X-MailDedup-Since", count.since.civil().rfc5322)
    if let history = count.history { fields += HeaderWriter.text("X-MailDedup-History", text(of: history)) }
    if let words = variants.words { fields += HeaderWriter.text("X-MailDedup-Variants", words) }
    return fields
  }

  private static func text(of history: RunningCount.History) -> String {
    "episode \(history.episodes), quiet for \(DisplayText.duration(history.quiet)) before, \(history.total) in all "
      + "since \(history.firstSeen.civil().rfc5322)"
  }

  /// Returns the fields that put the mail into the thread of its error. A mail that is already part of a conversation
  /// stays there and gets none.
  private static func threadFields(_ message: Message, _ context: Context) -> [UInt8] {
    guard let thread = context.thread else { return [] }
    let taken = ["references", "in-reply-to", "dkim-signature", "domainkey-signature", "arc-message-signature"]
    return HeaderEdit.contains(anyOf: taken, in: message.head) ? [] : thread.fields
  }

  private static func insertion(
    in head: [UInt8], _ occurrence: Occurrence?, _ reason: ForwardReason, _ count: RunningCount?, _ context: Context
  ) -> HeaderEdit.Insertion? {
    guard let count, let occurrence, isNews(reason, count) else { return nil }
    switch context.subject {
    case .count:
      let tag = SubjectTag(
        word: word(for: reason), count: count.total, errorID: FingerprintRow.id(of: occurrence.fingerprint))
      return HeaderEdit.subjectPrefix(tag.text, in: head)
    case .reply: return HeaderEdit.subjectPrefix(reply, in: head)
    case .unchanged: return nil
    }
  }

  /// Returns true if the Subject has to say more than it did on arrival.
  private static func isNews(_ reason: ForwardReason, _ count: RunningCount) -> Bool {
    switch reason {
    case .again, .regression, .stillGoing, .newVariant, .silenceEnded, .windowElapsed: true
    case .first, .lastOneRejected, .clockJumpedBack, .passingSite, .requested, .rule: count.heldBack > 0
    case .pass, .doubt: false
    }
  }

  private static func word(for reason: ForwardReason) -> SubjectTag.Word? {
    switch reason {
    case .again: .again
    case .regression: .back
    case .stillGoing: .still
    case .newVariant: .also
    case .first, .windowElapsed, .lastOneRejected, .clockJumpedBack, .silenceEnded, .passingSite, .requested, .rule,
      .pass, .doubt:
      nil
    }
  }
}

// The reverse direction.
extension ForwardedMail {
  private static let reply = "Re:"
  /// The beginnings of the tags that older versions put before a Subject. Kept mail still has them.
  private static let earlierWords = [
    "again", "back after it was resolved", "still going", "another path of the same error", "silence ended", "+",
  ]

  /// Returns the Subject of a forwarded report without the text that `render` put before it.
  static func withoutTag(_ subject: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let text = subject.drop(while: \.isBlank)
    if text.starts(with: reply.utf8) { return text.dropFirst(reply.utf8.count).drop(while: \.isBlank) }
    guard let end = SubjectTag.end(in: text) ?? earlierEnd(in: text) else { return subject }
    return text[end...].drop(while: \.isBlank)
  }

  private static func earlierEnd(in text: ArraySlice<UInt8>) -> Int? {
    guard earlierWords.contains(where: { text.starts(with: "[\($0)".utf8) }) else { return nil }
    return text.firstIndex(of: UInt8(ascii: "]")).map { text.index(after: $0) }
  }
}

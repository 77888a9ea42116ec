package import MailMessage

/// The bytes that leave for a mail that is forwarded: trace fields on top, then the mail as it came.
///
/// - Ordinary mail gets `Received:` and nothing else; below it, each byte is as it came.
/// - A mail forwarded for a doubt also says so in `X-MailDedup-Reason`.
/// - An error report gets `X-MailDedup-Fingerprint`, `-Site`, `-Reason`, `-Count` (seen in this episode, this one
///   included), `-Held-Back` (since the mail before this one) and `-Since` (when the episode began); from the second
///   episode on also `-History`, and `-Variants` where its mails were seen with several texts or places. `In-Reply-To` and `References` put it into the thread of its error. A
///   later mail's Subject begins with a `SubjectTag`; the first mail of an error keeps Subject and body byte for byte. The
///   body never changes.
///
/// A mail that goes out because it is another path of an error that is held back also gets `X-MailDedup-Variant`. It
/// says how many are held back and leaves their count as it is.
///
/// A mail that goes past a store whose disk is full says no count, or that of the errors since then.
///
/// A mail with a signature of its own keeps its Subject, and one with DKIM gets no thread fields: a signature may cover
/// that there are none (RFC 6376 section 5.4.2).
///
/// `X-MailDedup-` fields that a mail brings along stay: removing them would break the promise above for ordinary mail
/// that merely quotes them, and a chain of two relays is worth seeing. Readers trust the topmost one, which is ours.
package enum ForwardedMail {
  /// What leaves, as a change of what came.
  package struct Rendering: Hashable, Sendable {
    /// Trace fields.
    package var top: [UInt8]
    /// What is put into the message below them; only ever into what is in memory of it.
    package var insertion: HeaderEdit.Insertion?

    package init(top: [UInt8], insertion: HeaderEdit.Insertion? = nil) {
      self.top = top
      self.insertion = insertion
    }

    /// What leaves of `message`.
    package func applied(to message: Message) -> Message {
      guard let insertion else { return message.prepending(top) }
      var edited = message
      edited.head.insert(contentsOf: insertion.octets, at: insertion.position)
      return edited.prepending(top)
    }
  }

  /// What the store knows beyond the mail.
  package struct Context: Hashable, Sendable {
    /// The thread before this mail; nil for mail that is no error report.
    package var thread: MailThread?
    package var subject: SubjectForm
    /// How the variants of the error differ, this mail's included.
    package var variants: VariantSpread

    package init(
      thread: MailThread? = nil, subject: SubjectForm = .count, variants: VariantSpread = VariantSpread()
    ) {
      self.thread = thread
      self.subject = subject
      self.variants = variants
    }
  }

  /// - Parameter verdict: a `.forward`; for a suppressed mail there is nothing to send, and it is rendered like ordinary
  ///   mail.
  package static func render(
    _ submission: Submission, _ verdict: Verdict, _ context: Context = Context()
  ) -> Rendering {
    guard case .forward(let reason, let count) = verdict else { return Rendering(top: submission.received) }
    switch reason {
    case .pass: return Rendering(top: submission.received)
    case .doubt: return Rendering(top: submission.received + HeaderWriter.text("X-MailDedup-Reason", reason.text))
    case .first, .windowElapsed, .stillGoing, .again, .regression, .lastOneRejected, .clockJumpedBack, .newVariant,
      .silenceEnded, .passingSite, .requested, .rule:
      return Rendering(
        top: submission.received + fields(submission.judged, reason, count, context.variants)
          + threadFields(submission.message, context),
        insertion: insertion(submission, reason, count, context))
    }
  }

  private static func fields(
    _ judged: Judged, _ reason: ForwardReason, _ count: RunningCount?, _ variants: VariantSpread
  ) -> [UInt8] {
    var fields: [UInt8] = []
    if case .report(let occurrence) = judged {
      fields += HeaderWriter.text("X-MailDedup-Fingerprint", occurrence.fingerprint)
      fields += HeaderWriter.text("X-MailDedup-Site", occurrence.site.name)
      if reason == .newVariant { fields += HeaderWriter.text("X-MailDedup-Variant", occurrence.variant) }
    }
    fields += HeaderWriter.text("X-MailDedup-Reason", reason.text)
    if case .report(let occurrence) = judged {
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

  /// A mail that is part of a conversation already stays there.
  private static func threadFields(_ message: Message, _ context: Context) -> [UInt8] {
    guard let thread = context.thread else { return [] }
    let taken = ["references", "in-reply-to", "dkim-signature", "domainkey-signature", "arc-message-signature"]
    return HeaderEdit.contains(anyOf: taken, in: message.head) ? [] : thread.fields
  }

  private static func insertion(
    _ submission: Submission, _ reason: ForwardReason, _ count: RunningCount?, _ context: Context
  ) -> HeaderEdit.Insertion? {
    guard let count, case .report(let occurrence) = submission.judged, isNews(reason, count) else { return nil }
    let head = submission.message.head
    switch context.subject {
    case .count:
      let tag = SubjectTag(
        word: word(for: reason), count: count.total, errorID: FingerprintRow.id(of: occurrence.fingerprint))
      return HeaderEdit.subjectPrefix(tag.text, in: head)
    case .reply: return HeaderEdit.subjectPrefix(reply, in: head)
    case .unchanged: return nil
    }
  }

  /// Whether the Subject has something to say beyond what came.
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

// The way back.
extension ForwardedMail {
  private static let reply = "Re:"
  /// The beginnings of what stood before a Subject until there were tags; kept mail has them.
  private static let earlierWords = [
    "again", "back after it was resolved", "still going", "another path of the same error", "silence ended", "+",
  ]

  /// The Subject of a forwarded report without what `render` put before it.
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

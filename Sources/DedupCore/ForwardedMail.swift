package import MailMessage

/// The bytes that leave for a mail that is forwarded: trace fields on top, then the mail as it came.
///
/// - Ordinary mail gets `Received:` and nothing else; below it, each byte is as it came.
/// - A mail forwarded for a doubt also says so in `X-MailDedup-Reason`.
/// - An error report gets `X-MailDedup-Fingerprint`, `-Site`, `-Reason`, `-Count` (seen in this episode, this one
///   included), `-Held-Back` (since the mail before this one) and `-Since` (when the episode began); from the second
///   episode on also `-History`, and `-Variants` where its mails were seen with several texts or places. `In-Reply-To` and `References` put it into the thread of its error. Only when there is
///   something to say is the Subject extended, so the first mail of an error keeps Subject and body byte for byte. The
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
    /// Of the clock that the Subject shows.
    package var utcOffsetMinutes: Int

    package init(
      thread: MailThread? = nil, subject: SubjectForm = .count, variants: VariantSpread = VariantSpread(),
      utcOffsetMinutes: Int = 0
    ) {
      self.thread = thread
      self.subject = subject
      self.variants = variants
      self.utcOffsetMinutes = utcOffsetMinutes
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
        insertion: insertion(submission.message, reason, count, context))
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
    _ message: Message, _ reason: ForwardReason, _ count: RunningCount?, _ context: Context
  ) -> HeaderEdit.Insertion? {
    guard let count else { return nil }
    let words = words(reason, count, context)
    guard !words.isEmpty else { return nil }
    switch context.subject {
    case .count: return HeaderEdit.subjectPrefix("[\(words.joined(separator: ", "))]", in: message.head)
    case .reply: return HeaderEdit.subjectPrefix(Words.reply, in: message.head)
    case .unchanged: return nil
    }
  }

  /// What the Subject has to say beyond what came.
  private static func words(_ reason: ForwardReason, _ count: RunningCount, _ context: Context) -> [String] {
    var words: [String] = []
    switch reason {
    case .again: words.append(Words.again + (count.history.map { " after \(DisplayText.duration($0.quiet))" } ?? ""))
    case .regression: words.append(Words.regression)
    case .stillGoing: words.append(Words.stillGoing)
    case .newVariant: words.append(Words.newVariant)
    case .silenceEnded: words.append(Words.silenceEnded)
    case .first, .windowElapsed, .lastOneRejected, .clockJumpedBack, .passingSite, .requested, .rule, .pass, .doubt:
      break
    }
    guard count.heldBack > 0 else { return words }
    let since = count.since.civil(offsetMinutes: context.utcOffsetMinutes)
    words += ["\(Words.heldBack)\(count.heldBack)", "\(count.total) since \(since.dateAndClock) \(since.zone)"]
    return words + (context.variants.words.map { [$0] } ?? [])
  }
}

// The way back.
extension ForwardedMail {
  /// How what stands before a Subject begins.
  private enum Words {
    static let again = "again"
    static let regression = "back after it was resolved"
    static let stillGoing = "still going"
    static let newVariant = "another path of the same error"
    static let silenceEnded = "silence ended"
    static let heldBack = "+"
    static let inBrackets = [again, regression, stillGoing, newVariant, silenceEnded, heldBack]
    static let reply = "Re:"
  }

  /// The Subject of a forwarded report without what `render` put before it.
  static func withoutWords(_ subject: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    let text = subject.drop(while: \.isBlank)
    if text.starts(with: Words.reply.utf8) { return text.dropFirst(Words.reply.utf8.count).drop(while: \.isBlank) }
    guard Words.inBrackets.contains(where: { text.starts(with: "[\($0)".utf8) }),
      let end = text.firstIndex(of: UInt8(ascii: "]"))
    else { return subject }
    return text[text.index(after: end)...].drop(while: \.isBlank)
  }
}

package import MailMessage

/// The bytes that leave for a mail that is forwarded: trace fields on top, then the mail as it came.
///
/// - Ordinary mail gets `Received:` and nothing else; below it, each byte is as it came.
/// - A mail forwarded for a doubt also says so in `X-MailDedup-Reason`.
/// - An error report gets `X-MailDedup-Fingerprint`, `-Site`, `-Reason`, `-Count` (seen in all, this one included),
///   `-Held-Back` (since the mail before this one) and `-Since` (first seen). Only when mails were held back is the
///   Subject extended, so the first mail of an error keeps Subject and body byte for byte. The body never changes.
///
/// A mail that goes out because it is another path of an error that is held back also gets `X-MailDedup-Variant`. It
/// says how many are held back and leaves their count as it is.
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

  /// - Parameters:
  ///   - verdict: a `.forward`; for a suppressed mail there is nothing to send, and it is rendered like ordinary mail.
  ///   - utcOffsetMinutes: of the clock that the Subject shows.
  package static func render(_ submission: Submission, _ verdict: Verdict, utcOffsetMinutes: Int = 0) -> Rendering {
    guard case .forward(let reason, let count) = verdict else { return Rendering(top: submission.received) }
    switch reason {
    case .pass: return Rendering(top: submission.received)
    case .doubt: return Rendering(top: submission.received + HeaderWriter.text("X-MailDedup-Reason", reason.text))
    case .first, .windowElapsed, .lastOneRejected, .clockJumpedBack, .newVariant, .rule:
      return Rendering(
        top: submission.received + fields(submission.judged, reason, count),
        insertion: insertion(submission.message, count, utcOffsetMinutes))
    }
  }

  private static func fields(_ judged: Judged, _ reason: ForwardReason, _ count: RunningCount?) -> [UInt8] {
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
    return fields
  }

  private static func insertion(
    _ message: Message, _ count: RunningCount?, _ utcOffsetMinutes: Int
  ) -> HeaderEdit.Insertion? {
    guard let count, count.heldBack > 0 else { return nil }
    let since = count.since.civil(offsetMinutes: utcOffsetMinutes)
    let prefix = "(+\(count.heldBack), \(count.total) in all since \(since.dateAndClock) \(since.zone))"
    return HeaderEdit.subjectPrefix(prefix, in: message.head)
  }
}

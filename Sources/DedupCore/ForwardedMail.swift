import MailMessage

/// The bytes that leave for a mail that is forwarded: the trace header on top, then the mail as it came. Only a mail
/// that brings a running count from an earlier window has its Subject extended, and its body never changes.
package enum ForwardedMail {
  /// - Parameter verdict: a `.forward`; for a suppressed mail there is nothing to send.
  package static func render(_ submission: Submission, _ verdict: Verdict) -> [UInt8] {
    submission.received + submission.message
  }
}

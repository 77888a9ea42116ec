import MailMessage

/// A kept error report that an admin sends once more: our fields on top, below them each byte as it came.
package enum CopiedMail {
  /// - Parameter arrivedAt: when the relay took it.
  package static func render(_ message: [UInt8], of error: NamedError, arrivedAt: Timestamp) -> [UInt8] {
    HeaderWriter.text("X-MailDedup-Fingerprint", error.fingerprint)
      + HeaderWriter.text("X-MailDedup-Site", error.site)
      + HeaderWriter.text("X-MailDedup-Reason", "copy")
      + HeaderWriter.text("X-MailDedup-Arrived", arrivedAt.civil().rfc5322)
      + message
  }
}

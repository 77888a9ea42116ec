import MailMessage

/// What all mails that we write have in common.
package struct Letterhead: Sendable {
  /// The host that the relay runs on; names list and Message-ID.
  package var hostname: String
  /// How far the reader's clock is ahead of UTC at a time, in minutes.
  package var utcOffsetMinutes: @Sendable (Timestamp) -> Int

  package init(hostname: String, utcOffsetMinutes: @escaping @Sendable (Timestamp) -> Int = { _ in 0 }) {
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// What people filter our own mails by; those about one error begin with a `SubjectTag` instead, like its mails.
  static func subject(_ text: String) -> String { "[MailDedup] \(text)" }

  /// `2026-11-22 14:03 (UTC+01:00)`.
  func minute(_ time: Timestamp) -> String {
    let civil = time.civil(offsetMinutes: utcOffsetMinutes(time))
    return "\(civil.dateAndClock) (\(civil.zone))"
  }
}

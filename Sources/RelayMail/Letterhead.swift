package import DedupCore
import MailMessage

/// The common properties of all mails that we write.
package struct Letterhead: Sendable {
  /// The name of the host that the relay runs on, used in the names of lists and in Message-IDs.
  package var hostname: String
  /// The offset of the reader's clock at a given time, in minutes ahead of UTC.
  package var utcOffsetMinutes: @Sendable (Timestamp) -> Int

  package init(hostname: String, utcOffsetMinutes: @escaping @Sendable (Timestamp) -> Int = { _ in 0 }) {
    self.hostname = hostname
    self.utcOffsetMinutes = utcOffsetMinutes
  }

  /// Returns a Subject with the prefix by which people filter our own mails. Mails about one error begin with a
  /// `SubjectTag` instead, like the mails of the error.
  static func subject(_ text: String) -> String { "[MailDedup] \(text)" }

  /// Returns a time with its zone, e.g. `2026-11-22 14:03 (UTC+01:00)`.
  func minute(_ time: Timestamp) -> String {
    let civil = time.civil(offsetMinutes: utcOffsetMinutes(time))
    return "\(civil.dateAndClock) (\(civil.zone))"
  }
}

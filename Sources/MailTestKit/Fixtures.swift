package import DedupCore
import MailMessage

/// 2026-11-22 14:03:05 UTC, a Sunday.
package let noon = Timestamp(seconds: 1_795_356_185)

extension QueueEntry {
  package static func fixture(
    sender: String = "root@shop.example.org", recipients: [String] = ["a@example.org", "b@example.org"],
    queuedAt: Timestamp = noon, attempts: Int = 0, kind: Kind = .report, delayNotified: Bool = false
  ) -> QueueEntry {
    QueueEntry(
      id: QueueID(at: queuedAt, salt: 7), sender: EmailAddress(sender), recipients: recipients.map { EmailAddress($0) },
      body: .unspecified, usesSMTPUTF8: false, size: 12_345, queuedAt: queuedAt, attempts: attempts,
      nextAttempt: queuedAt, lastFailure: nil, kind: kind, delayNotified: delayNotified)
  }
}

extension [UInt8] {
  /// The octets as text with LF, so that goldens and multi-line literals read like text.
  package var text: String { String(decoding: filter { $0 != 0x0D }, as: UTF8.self) }
}

extension SummaryFacts {
  /// 2026-11-21 07:00 UTC, which is 08:00 in Berlin, a Saturday.
  package static let start = Timestamp(seconds: 1_795_244_400)
  package static let day = SummaryPeriod(from: start, to: start.advanced(by: .seconds(86_400)))
  package static let week = SummaryPeriod(from: start, to: start.advanced(by: .seconds(7 * 86_400)))
}

extension SiteCounts {
  /// The counts of a made-up error in `SummaryFacts.day`.
  package static func fixture(
    _ name: String = "shop.settings.production", row: Int64 = 0, isNew: Bool = false, forwarded: Int = 0,
    suppressed: Int = 0, before: Int = 0, earlier: Int = 0, isSilenced: Bool = false,
    episode: SiteCounts.Episode? = nil
  ) -> SiteCounts {
    let start = SummaryFacts.start
    return SiteCounts(
      row: row, site: name, firstSeen: start.advanced(by: .seconds(isNew ? 18_180 : -1_400_000)),
      lastSeen: start.advanced(by: .seconds(forwarded + suppressed == 0 ? -3000 : 80_000)), forwarded: forwarded,
      suppressed: suppressed, before: before, earlier: earlier, isSilenced: isSilenced, episode: episode)
  }
}

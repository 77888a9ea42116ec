import DedupCore
import MailMessage

/// 2026-11-22 14:03:05 UTC, a Sunday.
let noon = Timestamp(seconds: 1_795_356_185)

extension QueueEntry {
  static func fixture(
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
  /// As text with LF, so that goldens and multi-line literals read like text.
  var text: String { String(decoding: filter { $0 != 0x0D }, as: UTF8.self) }
}

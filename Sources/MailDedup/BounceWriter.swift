import DedupCore
import HostSystem
import MailMessage

/// Writes what a sender has to be told about a delivery: that it failed, or that it is late.
struct BounceWriter {
  private let hostname: String
  private let policy: RetryPolicy

  init(hostname: String, policy: RetryPolicy) {
    self.hostname = hostname
    self.policy = policy
  }

  /// A mail to the sender of `entry`.
  struct Notice {
    var mail: OwnMail
    var kind: DeliveryStatusNotification.Kind
  }

  /// Nil when there is nothing to tell, or nobody who may be told.
  func notice(about settlement: Settlement, of entry: QueueEntry, message: [UInt8], at now: Timestamp) -> Notice? {
    if !settlement.failed.isEmpty {
      guard DeliveryStatusNotification.isDue(for: entry) else { return nil }
      return write(.failed, about: settlement.failed, of: entry, message: message, at: now)
    }
    guard !settlement.remaining.isEmpty, policy.isDelayNoticeDue(for: entry, now: now) else { return nil }
    let reason = settlement.lastFailure ?? "no reason is known"
    // 4.4.1 of RFC 3463: no answer from host; close enough for whatever kept a mail waiting for hours.
    let waiting = settlement.remaining.map { Settlement.Failure(recipient: $0, reason: reason, status: "4.4.1") }
    return write(.delayed, about: waiting, of: entry, message: message, at: now)
  }

  private func write(
    _ kind: DeliveryStatusNotification.Kind, about failures: [Settlement.Failure], of entry: QueueEntry,
    message: [UInt8], at now: Timestamp
  ) -> Notice {
    let notification = DeliveryStatusNotification(
      kind: kind, entry: entry, failures: failures, originalHeader: message, hostname: hostname, at: now,
      retryUntil: entry.queuedAt.advanced(by: policy.expire))
    let id = QueueID(at: now, salt: .random(in: 0...UInt32.max))
    let bytes = notification.message(id: id, utcOffsetMinutes: LocalTime.offset(at: now) / 60)
    return Notice(
      mail: OwnMail(id: id, envelope: notification.envelope, message: bytes, kind: .bounce), kind: kind)
  }
}

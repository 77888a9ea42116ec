import DedupCore
import HostSystem
import MailMessage

/// Writes what a sender has to be told about a delivery: that it failed, is late, or went well.
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
    var reports: [DeliveryStatusNotification.Report]

    func tells(of action: DeliveryStatusNotification.Action) -> Bool { reports.contains { $0.action == action } }
  }

  /// Nil when there is nothing to tell, or nobody who may or wants to be told.
  func notice(about settlement: Settlement, of entry: QueueEntry, message: Message, at now: Timestamp) -> Notice? {
    let reports = policy.reports(on: settlement, of: entry, at: now)
    guard !reports.isEmpty else { return nil }
    let notification = DeliveryStatusNotification(
      entry: entry, reports: reports, original: start(of: message), hostname: hostname, at: now,
      retryUntil: entry.queuedAt.advanced(by: policy.expire))
    let id = QueueID(at: now, salt: .random(in: 0...UInt32.max))
    let bytes = notification.message(id: id, utcOffsetMinutes: LocalTime.offset(at: now) / 60)
    return Notice(
      mail: OwnMail(id: id, envelope: notification.envelope, message: bytes, kind: .bounce), reports: reports)
  }

  /// Enough of it for its header, or for a message that is returned whole. One that cannot be read is told about
  /// without.
  private func start(of message: Message) -> [UInt8] {
    (try? message.prefix(DeliveryStatusNotification.originalLimit)) ?? []
  }
}

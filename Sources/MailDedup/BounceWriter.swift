import DedupCore
import DedupStore
import HostSystem
import MailMessage

/// Writes what a sender has to be told about a delivery: that it failed, is late, or went well. When a bounce itself
/// fails, the postmaster is told instead, if there is one.
struct BounceWriter {
  private let hostname: String
  private let policy: RetryPolicy
  let postmaster: EmailAddress?

  init(hostname: String, policy: RetryPolicy, postmaster: EmailAddress? = nil) {
    self.hostname = hostname
    self.policy = policy
    self.postmaster = postmaster
  }

  /// A mail to the sender of `entry`, or to the postmaster.
  struct Notice {
    var mail: OwnMail
    var reports: [DeliveryStatusNotification.Report]

    func tells(of action: DeliveryStatusNotification.Action) -> Bool { reports.contains { $0.action == action } }
  }

  /// Nil when there is nothing to tell, or nobody who may or wants to be told.
  ///
  /// - Parameter age: the time for ages (`SeenTime`); nil: `now`.
  func notice(
    about settlement: Settlement, of entry: QueueEntry, message: Message, at now: Timestamp, age: Timestamp? = nil
  ) -> Notice? {
    let forSender = policy.reports(on: settlement, of: entry, at: age ?? now)
    let forPostmaster = policy.reports(on: settlement, of: entry, to: postmaster)
    let reports = forSender + forPostmaster
    guard !reports.isEmpty else { return nil }
    let notification = DeliveryStatusNotification(
      entry: entry, reports: reports, original: start(of: message), hostname: hostname, at: now,
      retryUntil: entry.queuedAt.advanced(by: policy.expire), remote: settlement.remote,
      postmaster: forPostmaster.isEmpty ? nil : postmaster)
    let id = QueueIDs.next(at: now)
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

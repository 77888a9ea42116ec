import DedupCore
import DedupStore
import HostSystem
import MailMessage
import RelayMail

/// A writer of the notices to senders about a delivery: that it failed, is late, or succeeded. If a bounce itself
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

  /// A mail to the sender of an entry, or to the postmaster.
  struct Notice {
    var mail: OwnMail
    var reports: [DeliveryStatusReport]

    func tells(of action: DeliveryStatusReport.Action) -> Bool { reports.contains { $0.action == action } }
  }

  /// Returns the notice, or nil if there is nothing to tell, if no recipient may be told or wants to be, or if a digest
  /// tells it (`gathered`).
  ///
  /// - Parameter age: The time for computing ages (`SeenTime`); nil means `now`.
  func notice(
    about settlement: Settlement, of entry: QueueEntry, message: Message, at now: Timestamp, age: Timestamp? = nil
  ) -> Notice? {
    let forSender = policy.reports(on: settlement, of: entry, at: age ?? now)
      .filter { !entry.isGathered || $0.action != .failed }
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

  /// Returns the failures that a digest reports to the sender and the postmaster: those of mail about errors, unless
  /// the sender asked for its own notifications (RFC 3461).
  func gathered(
    from settlement: Settlement, of entry: QueueEntry, message: Message, at now: Timestamp
  ) -> [GatheredBounce] {
    guard entry.isGathered else { return [] }
    let failures = policy.reports(on: settlement, of: entry, at: now).filter { $0.action == .failed }
    guard !failures.isEmpty else { return [] }
    let subject = HeaderEdit.text(of: "subject", in: message.head).map { DisplayText.oneLine($0) } ?? ""
    return failures.map { failure in
      GatheredBounce(
        sender: entry.sender, recipient: failure.recipient, status: failure.status, reason: failure.reason ?? "",
        nextHop: settlement.nextHop, subject: subject, at: now, postmaster: postmaster)
    }
  }

  /// Returns enough of the message for its header, or all of it if it is to be returned whole. A message that cannot be
  /// read is reported without it.
  private func start(of message: Message) -> [UInt8] {
    (try? message.prefix(DeliveryStatusNotification.originalLimit)) ?? []
  }
}

extension QueueEntry {
  /// True if the failures of this mail are reported in a digest.
  fileprivate var isGathered: Bool { kind.isAboutErrors && statusRequest == nil }
}

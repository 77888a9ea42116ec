import DedupCore
import DedupStore
import HostSystem
import MailMessage
import RelayMail

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
    var reports: [DeliveryStatusReport]

    func tells(of action: DeliveryStatusReport.Action) -> Bool { reports.contains { $0.action == action } }
  }

  /// Nil when there is nothing to tell, or nobody who may or wants to be told, or a digest tells it (`gathered`).
  ///
  /// - Parameter age: the time for ages (`SeenTime`); nil: `now`.
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

  /// The failures that a digest tells the sender of, and the postmaster: those of mail about errors, unless the sender asked
  /// for notifications of its own (RFC 3461).
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

  /// Enough of it for its header, or for a message that is returned whole. One that cannot be read is told about
  /// without.
  private func start(of message: Message) -> [UInt8] {
    (try? message.prefix(DeliveryStatusNotification.originalLimit)) ?? []
  }
}

extension QueueEntry {
  /// Whether its failures are told in a digest.
  fileprivate var isGathered: Bool { kind.isAboutErrors && statusRequest == nil }
}

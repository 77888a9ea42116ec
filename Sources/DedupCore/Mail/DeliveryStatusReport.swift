package import MailMessage

extension DeliveryStatusNotification {
  /// What became of a mail for a recipient (RFC 3464 section 2.3.3), in the order in which it is told.
  package enum Action: String, Hashable, Sendable, CaseIterable {
    /// Given up.
    case failed
    /// Late, still being tried.
    case delayed
    /// Handed to a host that speaks no DSN, so that nobody tells what becomes of it there.
    case relayed
    /// In a mailbox.
    case delivered
  }

  /// One recipient that a notification is about.
  package struct Report: Hashable, Sendable {
    package var recipient: EmailAddress
    package var action: Action
    /// What the next hop said, or words of our own; nil: there is nothing to say.
    package var reason: String?
    /// The enhanced status code.
    package var status: String

    package init(recipient: EmailAddress, action: Action, reason: String?, status: String) {
      self.recipient = recipient
      self.action = action
      self.reason = reason
      self.status = status
    }
  }
}

extension RetryPolicy {
  package typealias Report = DeliveryStatusNotification.Report

  /// What the sender of `entry` is to be told of `settlement`: all that it asked for (RFC 3461 section 4.1), and nothing
  /// where nobody may be told.
  package func reports(on settlement: Settlement, of entry: QueueEntry, at now: Timestamp) -> [Report] {
    guard DeliveryStatusNotification.isDue(for: entry) else { return [] }
    let failures = settlement.failed.filter { entry.wish(for: $0.recipient).wants(.failure) }.map(Report.init)
    return failures + delays(settlement, of: entry, at: now) + settlement.confirmations
  }

  /// What the postmaster is to be told of `settlement`: that our own bounce `entry` did not reach the sender of a mail.
  package func reports(on settlement: Settlement, of entry: QueueEntry, to postmaster: EmailAddress?) -> [Report] {
    guard let postmaster, DeliveryStatusNotification.isDue(for: entry, to: postmaster) else { return [] }
    return settlement.failed.map(Report.init)
  }

  private func delays(_ settlement: Settlement, of entry: QueueEntry, at now: Timestamp) -> [Report] {
    guard isDelayNoticeDue(for: entry, now: now, isHeldUp: !settlement.wasOffered) else { return [] }
    let reason = settlement.lastFailure ?? "no reason is known"
    // 4.4.1 of RFC 3463: no answer from host; close enough for whatever kept a mail waiting for hours.
    return settlement.remaining.filter { entry.wish(for: $0).wants(.delay) }
      .map { Report(recipient: $0, action: .delayed, reason: reason, status: "4.4.1") }
  }
}

extension DeliveryStatusNotification.Report {
  init(_ failure: Settlement.Failure) {
    self.init(recipient: failure.recipient, action: .failed, reason: failure.reason, status: failure.status)
  }

  /// What is told of a recipient that was reached, to a sender that asked for it; nil: the host behind us tells it, or
  /// it would not be true.
  init?(reaching recipient: EmailAddress, _ handover: Handover, reply: String) {
    switch handover {
    // 2.1.9: relayed to a host that speaks no DSN (RFC 3886 section 3.3.4).
    case .relayed: self.init(recipient: recipient, action: .relayed, reason: reply, status: "2.1.9")
    // The reply names a file of this machine, which is nobody's business.
    case .mailbox: self.init(recipient: recipient, action: .delivered, reason: nil, status: "2.0.0")
    case .dutyPassedOn, .discarded: return nil
    }
  }
}

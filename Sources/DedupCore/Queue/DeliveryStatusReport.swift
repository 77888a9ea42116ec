package import MailMessage

/// The outcome of a mail for one recipient, as a notification to its sender reports it (RFC 3464).
package struct DeliveryStatusReport: Hashable, Sendable {
  package var recipient: EmailAddress
  package var action: Action
  /// The reply of the next hop or words of our own, or nil if there is nothing to say.
  package var reason: String?
  /// The enhanced status code.
  package var status: String

  package init(recipient: EmailAddress, action: Action, reason: String?, status: String) {
    self.recipient = recipient
    self.action = action
    self.reason = reason
    self.status = status
  }

  /// The outcome of a mail for one recipient (RFC 3464 section 2.3.3), in the order in which outcomes are reported.
  package enum Action: String, Hashable, Sendable, CaseIterable {
    /// The mail was given up.
    case failed
    /// The mail is late and still being tried.
    case delayed
    /// The mail was handed to a host that does not support DSN, so its further fate is not reported.
    case relayed
    /// The mail is in a mailbox.
    case delivered
  }

  /// Returns true if the sender of `entry` may be notified. Mail from `<>` and our own bounces are never answered, or
  /// two hosts could answer each other forever (RFC 5321 section 6.1).
  package static func isDue(for entry: QueueEntry) -> Bool { !entry.sender.isNull && entry.kind != .bounce }

  /// Returns true if `postmaster` is told that `entry` failed. That is the case for our own bounces, which report an
  /// undelivered mail and were not delivered either. Bounces to the postmaster are excluded, so there is one such mail
  /// and never a second.
  package static func isDue(for entry: QueueEntry, to postmaster: EmailAddress) -> Bool {
    entry.kind == .bounce && !entry.recipients.contains(postmaster)
  }
}

extension RetryPolicy {
  /// Returns the reports on `settlement` for the sender of `entry`: everything it asked for (RFC 3461 section 4.1), and
  /// nothing if it must not be notified.
  package func reports(on settlement: Settlement, of entry: QueueEntry, at now: Timestamp) -> [DeliveryStatusReport] {
    guard DeliveryStatusReport.isDue(for: entry) else { return [] }
    let failures = settlement.failed.filter { entry.wish(for: $0.recipient).wants(.failure) }
      .map(DeliveryStatusReport.init)
    return failures + delays(settlement, of: entry, at: now) + settlement.confirmations
  }

  /// Returns the reports on `settlement` for the postmaster, which say that our own bounce `entry` did not reach the
  /// sender of a mail.
  package func reports(on settlement: Settlement, of entry: QueueEntry, to postmaster: EmailAddress?)
    -> [DeliveryStatusReport]
  {
    guard let postmaster, DeliveryStatusReport.isDue(for: entry, to: postmaster) else { return [] }
    return settlement.failed.map(DeliveryStatusReport.init)
  }

  private func delays(_ settlement: Settlement, of entry: QueueEntry, at now: Timestamp) -> [DeliveryStatusReport] {
    guard isDelayNoticeDue(for: entry, now: now, isHeldUp: !settlement.wasOffered) else { return [] }
    let reason = settlement.lastFailure ?? "no reason is known"
    // RFC 3463 defines 4.4.1 as no answer from host: close enough for any reason without a status of its own.
    let status = Self.status(ofReply: reason) ?? "4.4.1"
    return settlement.remaining.filter { entry.wish(for: $0).wants(.delay) }
      .map { DeliveryStatusReport(recipient: $0, action: .delayed, reason: reason, status: status) }
  }

  /// Returns the enhanced status code of a temporary refusal, e.g. `4.2.2` of `452 4.2.2 mailbox full` (RFC 2034), or
  /// nil if the text begins with none.
  private static func status(ofReply text: String) -> String? {
    let words = text.split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard words.count >= 2, words[0].count == 3, words[0].first == "4", Int(words[0]) != nil else { return nil }
    let parts = words[1].split(separator: ".", omittingEmptySubsequences: false)
    let areNumbers = parts.allSatisfy { part in
      (1...3).contains(part.utf8.count) && part.utf8.allSatisfy { (0x30...0x39).contains($0) }
    }
    return parts.count == 3 && parts[0] == "4" && areNumbers ? String(words[1]) : nil
  }
}

extension DeliveryStatusReport {
  init(_ failure: Settlement.Failure) {
    self.init(recipient: failure.recipient, action: .failed, reason: failure.reason, status: failure.status)
  }

  /// Creates the report on a recipient that was reached, for a sender that asked for it. Nil if the next host reports
  /// it, or if the report would not be true.
  init?(reaching recipient: EmailAddress, _ handover: Handover, reply: String) {
    switch handover {
    // 2.1.9: relayed to a host that does not support DSN (RFC 3886 section 3.3.4).
    case .relayed: self.init(recipient: recipient, action: .relayed, reason: reply, status: "2.1.9")
    // The reply names a file of this machine, which the sender must not see.
    case .mailbox: self.init(recipient: recipient, action: .delivered, reason: nil, status: "2.0.0")
    case .dutyPassedOn, .discarded: return nil
    }
  }
}

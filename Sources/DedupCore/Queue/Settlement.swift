package import MailMessage

/// What an attempt does to its queue entry; the store carries it out in one durable transaction.
package struct Settlement: Hashable, Sendable {
  package var entry: QueueID
  /// Recipients that still wait, and when they are tried again. Empty: the entry leaves the queue.
  package var remaining: [EmailAddress]
  package var nextAttempt: Timestamp
  package var attempts: Int
  package var lastFailure: String?
  /// Recipients that the next hop took.
  package var delivered: [EmailAddress]
  /// Recipients given up, with the reason that the bounce reports.
  package var failed: [Failure]
  /// Of those delivered, the ones of which the sender asked to hear, as far as it has to hear it from us.
  package var confirmations: [DeliveryStatusNotification.Report] = []
  /// The first mail of a fingerprint, or the digest that named it, arrived nowhere, in no attempt: the next one of it
  /// has to be forwarded.
  package var reopensWindow: Bool
  /// When it was rejected for good, if it `reopensWindow`.
  package var rejectedAt: Timestamp?
  /// The storm cap may have another mail in its place: nobody got it, and its next hop does not reject too many
  /// (`RejectionWatch`).
  package var returnsPlace = false
  /// The limit of the next hop that what remains waits for; nil: it was offered.
  package var pacedBy: String?
  /// What counts against the limits of the next hops.
  package var departures: [Departures] = []
  /// Who was asked, as in the attempt.
  package var nextHop: String
  package var remote: Smarthost?
  /// Whether a next hop was offered the mail; if not, it waits as before.
  package var wasOffered = true

  package struct Failure: Hashable, Sendable {
    package var recipient: EmailAddress
    package var reason: String
    /// The enhanced status code, e.g. `5.1.1`; `4.4.7` when the mail expired.
    package var status: String

    package init(recipient: EmailAddress, reason: String, status: String) {
      self.recipient = recipient
      self.reason = reason
      self.status = status
    }

    /// It was tried for too long, and nobody rejected it.
    var isExpiry: Bool { status == Self.expiry }
    fileprivate static let expiry = "4.4.7"
  }
}

extension Settlement {
  /// Of a mail that an earlier process handed over and did not record any more: whom it left is tried again.
  package init(
    ofRecalled entry: QueueID, delivered: [EmailAddress], attempts: Int, nextAttempt: Timestamp,
    departures: [Departures]
  ) {
    self.init(
      entry: entry, remaining: [], nextAttempt: nextAttempt, attempts: attempts, delivered: delivered, failed: [],
      reopensWindow: false, departures: departures, nextHop: "")
  }
}

extension RetryPolicy {
  /// What `attempt` means for `entry`: who is done, who waits until when, who is given up.
  ///
  /// - Parameters:
  ///   - random: a number from -1 to 1, for the jitter.
  ///   - age: the time for ages (`SeenTime`); nil: that of the attempt.
  package func settle(
    _ entry: QueueEntry, _ attempt: DeliveryAttempt, random: Double, age: Timestamp? = nil
  ) -> Settlement {
    let attempts = attempt.wasOffered ? entry.attempts.saturatingAdding(1) : entry.attempts
    let wasTriedEnough = attempts >= fewestAttempts || (attempt.closedFor ?? .zero) >= Self.wayTried
    let expired = wasTriedEnough && isExpired(queuedAt: entry.queuedAt, now: age ?? attempt.at)
    var wait = wait(after: attempts, random: random)
    if attempt.lostAnswer, attempts == 1 { wait = min(wait, Self.waitForLostAnswer) }
    var settlement = Settlement(
      entry: entry.id, remaining: [],
      nextAttempt: attempt.wasOffered ? attempt.at.advanced(by: wait) : min(entry.nextAttempt, attempt.at),
      attempts: attempts, lastFailure: nil, delivered: [], failed: [], reopensWindow: false,
      nextHop: attempt.nextHop, remote: attempt.remote)
    settlement.wasOffered = attempt.wasOffered
    for (index, recipient) in entry.recipients.enumerated() {
      // A transport that returns too few outcomes must not make a recipient vanish.
      let isKnown = attempt.outcomes.indices.contains(index)
      let outcome = isKnown ? attempt.outcomes[index] : .deferred(reason: "\(attempt.nextHop) reported no outcome")
      settlement.take(recipient, outcome, expired: expired, isConfirmed: entry.wish(for: recipient).wants(.success))
    }
    let wasSeen = entry.hasDelivered || !settlement.delivered.isEmpty
    settlement.reopensWindow = entry.kind.opensWindows && !wasSeen && settlement.remaining.isEmpty
    if settlement.reopensWindow { settlement.rejectedAt = attempt.at }
    return settlement
  }
}

extension Settlement {
  /// - Parameter isConfirmed: the sender asked to be told when the recipient is reached.
  fileprivate mutating func take(
    _ recipient: EmailAddress, _ outcome: DeliveryOutcome, expired: Bool, isConfirmed: Bool
  ) {
    switch outcome {
    case .delivered(let reply, let handover):
      delivered.append(recipient)
      guard isConfirmed else { return }
      if let report = DeliveryStatusNotification.Report(reaching: recipient, handover, reply: reply) {
        confirmations.append(report)
      }
    case .rejected(let reason, let status):
      lastFailure = reason
      failed.append(Failure(recipient: recipient, reason: reason, status: status ?? "5.0.0"))
    case .deferred(let reason) where expired:
      lastFailure = reason
      failed.append(
        Failure(recipient: recipient, reason: "not delivered in time; last: \(reason)", status: Failure.expiry))
    case .deferred(let reason):
      lastFailure = reason
      remaining.append(recipient)
    }
  }
}

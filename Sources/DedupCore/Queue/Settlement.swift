package import MailMessage

/// The effect of a delivery attempt on its queue entry. The store applies it in one durable transaction.
package struct Settlement: Hashable, Sendable {
  package var entry: QueueID
  /// The recipients that still wait, according to the attempt, and are tried again at `nextAttempt`. The store goes by
  /// the recipients that the entry still has: the entry leaves the queue once each has a final outcome.
  package var remaining: [EmailAddress]
  package var nextAttempt: Timestamp
  package var attempts: Int
  package var lastFailure: String?
  /// The recipients that the next hop accepted.
  package var delivered: [EmailAddress]
  /// The recipients given up, with the reason that the bounce reports.
  package var failed: [Failure]
  /// The reports on delivered recipients that the sender asked for, as far as it is our duty to send them.
  var confirmations: [DeliveryStatusReport] = []
  /// True if the first mail of a fingerprint, or the digest that named it, was delivered to no one in any attempt. The
  /// next mail of the fingerprint must then be forwarded.
  package var reopensWindow: Bool
  /// The time of the final rejection, if it `reopensWindow`.
  package var rejectedAt: Timestamp?
  /// True if the storm cap may admit another mail in place of this one: no one received it, and its next hop does not
  /// reject too many (`RejectionWatch`).
  package var returnsPlace = false
  /// The limit of the next hop that the remaining recipients wait for, or nil if the mail was offered.
  package var pacedBy: String?
  /// The departures that count against the limits of the next hops.
  package var departures: [Departures] = []
  /// The next hop that was asked, as in the attempt.
  package var nextHop: String
  package var remote: Smarthost?
  /// True if the mail was offered to a next hop. If not, it waits as before.
  package var wasOffered = true

  package struct Failure: Hashable, Sendable {
    package var recipient: EmailAddress
    package var reason: String
    /// The enhanced status code, e.g. `5.1.1`, or `4.4.7` if the mail expired.
    package var status: String

    package init(recipient: EmailAddress, reason: String, status: String) {
      self.recipient = recipient
      self.reason = reason
      self.status = status
    }

    /// True if the mail was tried for too long without being rejected.
    var isExpiry: Bool { status == Self.expiry }
    fileprivate static let expiry = "4.4.7"
  }
}

extension Settlement {
  /// Creates the settlement of a mail that an earlier process handed over without recording the outcome: its open
  /// recipients are tried again.
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
  /// Returns the effect of `attempt` on `entry`: the recipients that are done, those that wait and until when, and
  /// those that are given up.
  ///
  /// - Parameters:
  ///   - random: a number from -1 to 1, for the jitter.
  ///   - age: the current time for computing ages (`SeenTime`), or nil for the time of the attempt.
  package func settle(
    _ entry: QueueEntry, _ attempt: DeliveryAttempt, random: Double, age: Timestamp? = nil
  ) -> Settlement {
    let attempts = attempt.wasOffered ? entry.attempts.saturatingAdding(1) : entry.attempts
    // Attempts in quick succession prove less.
    let enough = attempt.isRateLimited ? fewestAttempts.saturatingAdding(fewestAttempts) : fewestAttempts
    let wasTriedEnough = attempts >= enough || (attempt.closedFor ?? .zero) >= Self.wayTried
    let expired = wasTriedEnough && isExpired(queuedAt: entry.queuedAt, now: age ?? attempt.at)
    var wait = wait(after: attempts, random: random, isRateLimited: attempt.isRateLimited)
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
  /// Records the outcome for one recipient.
  ///
  /// - Parameter isConfirmed: true if the sender asked to be told when the recipient is reached.
  fileprivate mutating func take(
    _ recipient: EmailAddress, _ outcome: DeliveryOutcome, expired: Bool, isConfirmed: Bool
  ) {
    switch outcome {
    case .delivered(let reply, let handover):
      delivered.append(recipient)
      guard isConfirmed else { return }
      if let report = DeliveryStatusReport(reaching: recipient, handover, reply: reply) {
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

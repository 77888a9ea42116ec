package import MailMessage

/// Where queued mail goes.
package struct Smarthost: Hashable, Sendable, Codable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  package var description: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// What one attempt meant for one recipient.
package enum DeliveryOutcome: Hashable, Sendable {
  /// The next hop took responsibility; `reply` is what it said.
  case delivered(reply: String, handover: Handover = .relayed)
  /// It may work later: 4xx, a timeout, DNS, a refused connection, a 5xx greeting.
  case deferred(reason: String)
  /// It never will: 5xx to MAIL, RCPT or DATA.
  case rejected(reason: String, status: String?)
}

/// Who tells the sender that a recipient was reached, if it asked for that (RFC 3461 section 5.2).
package enum Handover: Hashable, Sendable {
  /// The next hop speaks DSN and knows what the sender asked for: it tells.
  case dutyPassedOn
  /// The next hop speaks no DSN: nobody behind us tells, so we say that the mail was relayed.
  case relayed
  /// It stands in a mailbox: we say that it was delivered.
  case mailbox
  /// It was thrown away: nobody says that it arrived.
  case discarded
}

/// One try to deliver one queued mail to all its open recipients.
package struct DeliveryAttempt: Hashable, Sendable {
  package var entry: QueueID
  package var at: Timestamp
  /// Exactly one outcome for each recipient of the entry, in the order of the entry.
  package var outcomes: [DeliveryOutcome]
  /// The next hop, e.g. `smtp.example.org:587` or `maildir var/maildir`.
  package var nextHop: String

  package init(entry: QueueID, at: Timestamp, outcomes: [DeliveryOutcome], nextHop: String) {
    self.entry = entry
    self.at = at
    self.outcomes = outcomes
    self.nextHop = nextHop
  }
}

/// Carries one message to the next hop. Implementations never throw: each failure is an outcome.
package protocol Transport: Sendable {
  /// Named in logs and delivery status notifications.
  var nextHop: String { get }
  /// One outcome for each recipient of the envelope, in order.
  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> [DeliveryOutcome]
}

/// Takes every mail and keeps none; for load tests.
package struct DiscardTransport: Transport {
  package init() {}

  package var nextHop: String { "discard" }

  package func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> [DeliveryOutcome] {
    envelope.recipients.map { _ in .delivered(reply: "discarded", handover: .discarded) }
  }
}

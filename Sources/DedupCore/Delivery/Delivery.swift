package import MailMessage

/// Where queued mail goes.
package struct Smarthost: Hashable, Sendable, Codable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// What `description` says of one; nil for any other text.
  package init?(_ text: String) {
    guard let colon = text.lastIndex(of: ":"), let port = Int(text[text.index(after: colon)...]),
      (1...65535).contains(port)
    else { return nil }
    var host = text[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
    guard !host.isEmpty else { return nil }
    self.init(host: String(host), port: port)
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
  /// The next hop that was asked, e.g. `smtp.example.org:587` or `maildir var/maildir`.
  package var nextHop: String
  /// The same where it is a mail server, which others may be told of.
  package var remote: Smarthost?
  /// Whether a next hop was offered the mail; only then it was tried.
  package var wasOffered = true
  /// How long the way has been closed, all the time; nil: it is not.
  package var closedFor: Duration?
  /// The connection was lost when all was said but the last answer.
  package var lostAnswer = false

  package init(
    entry: QueueID, at: Timestamp, outcomes: [DeliveryOutcome], nextHop: String, remote: Smarthost? = nil
  ) {
    self.entry = entry
    self.at = at
    self.outcomes = outcomes
    self.nextHop = nextHop
    self.remote = remote
  }

  package init(entry: QueueID, at: Timestamp, _ result: DeliveryResult) {
    self.init(entry: entry, at: at, outcomes: result.outcomes, nextHop: result.nextHop, remote: result.remote)
    (wasOffered, closedFor, lostAnswer) = (result.wasOffered, result.closedFor, result.lostAnswer)
  }
}

/// What a transport made of one message.
package struct DeliveryResult: Hashable, Sendable {
  /// One for each recipient of the envelope, in order.
  package var outcomes: [DeliveryOutcome]
  /// Who took it, or whose fault the outcomes report; of several hosts the one that was asked.
  package var nextHop: String
  /// The same where it is a mail server.
  package var remote: Smarthost?
  /// Whether it was offered to a next hop. If not, nothing is known of the mail, and it is no attempt.
  package var wasOffered = true
  /// What was deferred failed with the next hop and not for itself: it is due again as soon as that works.
  package var awaitsNextHop = false
  /// The next hop wants less of us.
  package var isThrottled = false
  /// How long to wait before it is handed over again, if it was not offered; nil: until the way is open.
  package var pause: Duration?
  /// The connection was lost when all was said but the last answer, so the first retry need not wait long.
  package var lostAnswer = false
  /// How long the way has been closed, all the time; nil: it is not.
  package var closedFor: Duration?

  package init(_ outcomes: [DeliveryOutcome], nextHop: String) {
    self.outcomes = outcomes
    self.nextHop = nextHop
  }

  package init(_ outcomes: [DeliveryOutcome], remote: Smarthost) {
    self.outcomes = outcomes
    self.remote = remote
    nextHop = remote.description
  }
}

/// Carries one message to the next hop. Implementations never throw: each failure is an outcome.
package protocol Transport: Sendable {
  /// All that it may go to, for people.
  var nextHop: String { get }
  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult
  /// Another one takes its place: what it still has to carry it carries, and keeps nothing open behind that.
  func retire() async
  /// Tries the way without a mail; one answer for each host.
  func probe(_ question: ProbeQuestion) async -> [Probe]
  /// What failed lately is asked again with the next mail.
  func forgetFailures() async
  /// Whether mail may go now. It changes with each delivery that ends, with `lookAgain` and `forgetFailures`, and with
  /// time where it says so.
  var admission: Admission { get }
  /// Looks whether hosts that failed work again, without a mail.
  func lookAgain() async
  /// What is known of each host; empty where there is none.
  func hostReports() async -> [HostReport]
}

extension Transport {
  package func retire() async {}
  package func forgetFailures() async {}
  package var admission: Admission { .open }
  package func lookAgain() async {}
  package func hostReports() async -> [HostReport] { [] }
}

/// What a next hop is asked without a mail, beside a connection.
package struct ProbeQuestion: Hashable, Sendable {
  /// Named in MAIL; nil: the null sender, which every server has to take (RFC 5321 section 4.5.5).
  package var sender: EmailAddress?
  /// Named in RCPT; nil: nobody is.
  package var recipient: EmailAddress?

  package init(sender: EmailAddress? = nil, recipient: EmailAddress? = nil) {
    self.sender = sender
    self.recipient = recipient
  }
}

/// What came of trying a next hop without a mail.
package struct Probe: Hashable, Sendable {
  /// As in an attempt.
  package var nextHop: String
  /// What worked, in order, e.g. `connected`, `TLS, certificate verified`.
  package var steps: [String]
  /// What did not; nil: everything worked.
  package var failure: String?
  package var took: Duration

  package init(nextHop: String, steps: [String], failure: String?, took: Duration) {
    self.nextHop = nextHop
    self.steps = steps
    self.failure = failure
    self.took = took
  }
}

/// Takes every mail and keeps none; for load tests.
package struct DiscardTransport: Transport {
  package init() {}

  package var nextHop: String { "discard" }

  package func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult {
    let outcome = DeliveryOutcome.delivered(reply: "discarded", handover: .discarded)
    return DeliveryResult(envelope.recipients.map { _ in outcome }, nextHop: nextHop)
  }

  package func probe(_ question: ProbeQuestion) async -> [Probe] {
    [Probe(nextHop: nextHop, steps: ["all mail is thrown away"], failure: nil, took: .zero)]
  }
}

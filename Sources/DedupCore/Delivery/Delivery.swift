package import MailMessage

/// A mail server that queued mail is delivered to.
package struct Smarthost: Hashable, Sendable, Codable, CustomStringConvertible {
  package var host: String
  package var port: Int

  package init(host: String, port: Int) {
    self.host = host
    self.port = port
  }

  /// Reads what `description` returns; nil for any other text.
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

/// The outcome of one attempt for one recipient.
package enum DeliveryOutcome: Hashable, Sendable {
  /// The next hop took responsibility; `reply` is its reply.
  case delivered(reply: String, handover: Handover = .relayed)
  /// A later attempt may succeed: 4xx, a timeout, DNS, a refused connection, a 5xx greeting.
  case deferred(reason: String)
  /// No attempt will succeed: 5xx to MAIL, RCPT or DATA.
  case rejected(reason: String, status: String?)
}

/// The duty to tell the sender that a recipient was reached, if the sender asked for that (RFC 3461 section 5.2).
package enum Handover: Hashable, Sendable {
  /// The next hop supports DSN and knows what the sender asked for: it reports the delivery.
  case dutyPassedOn
  /// The next hop does not support DSN: no later server reports, so we report that the mail was relayed.
  case relayed
  /// The mail is in a mailbox: we report that it was delivered.
  case mailbox
  /// The mail was thrown away: no report says that it arrived.
  case discarded
}

/// One attempt to deliver one queued mail to all its open recipients.
package struct DeliveryAttempt: Hashable, Sendable {
  package var entry: QueueID
  package var at: Timestamp
  /// The outcomes, exactly one for each recipient of the entry, in the order of the entry.
  package var outcomes: [DeliveryOutcome]
  /// The next hop that was asked, e.g. `smtp.example.org:587` or `maildir var/maildir`.
  package var nextHop: String
  /// The next hop if it is a mail server that may be named to others; else nil.
  package var remote: Smarthost?
  /// True if the mail was offered to a next hop; only then it was tried.
  package var wasOffered = true
  /// The time for which the next hop has been closed without a break; nil: it is not closed.
  package var closedFor: Duration?
  /// True if the connection was lost when only the last reply was missing.
  package var lostAnswer = false
  /// True if the next hop refused it only because it takes less at a time.
  package var isRateLimited = false

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
    isRateLimited = result.isRateLimited
  }
}

/// The result of a transport for one message.
package struct DeliveryResult: Hashable, Sendable {
  /// The outcomes, one for each recipient of the envelope, in order.
  package var outcomes: [DeliveryOutcome]
  /// The next hop that took the mail, or to which the outcomes are due; of several hosts the one that was asked.
  package var nextHop: String
  /// The next hop if it is a mail server; else nil.
  package var remote: Smarthost?
  /// True if the mail was offered to a next hop. If not, nothing is known of the mail, and this is no attempt.
  package var wasOffered = true
  /// True if a deferral is due to the next hop and not to the mail: it is due again as soon as the next hop works.
  package var awaitsNextHop = false
  /// True if the next hop wants less mail from us.
  package var isThrottled = false
  /// True if a recipient was deferred only because the next hop takes less at a time: it is tried again soon.
  package var isRateLimited = false
  /// The sender or the domains whose mail the next hop takes less of at a time, if it deferred this one for that; empty:
  /// any mail.
  package var slowed: MailScope?
  /// The wait before a mail that was not offered is handed over again; nil: until the next hop is open.
  package var pause: Duration?
  /// True if the connection was lost when only the last reply was missing, so that the first retry need not wait long.
  package var lostAnswer = false
  /// The time for which the next hop has been closed without a break; nil: it is not closed.
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

/// Carries messages to the next hop. Implementations never throw: each failure is an outcome.
package protocol Transport: Sendable {
  /// The names of all hosts or places that mail may go to, for display.
  var nextHop: String { get }
  func deliver(_ envelope: Envelope, message: Message, id: QueueID) async -> DeliveryResult
  /// Retires this transport, because another takes its place: the mail that it still has to deliver is delivered, and
  /// nothing is kept open after that.
  func retire() async
  /// Tests the next hop without a mail; returns one answer for each host.
  func probe(_ question: ProbeQuestion) async -> [Probe]
  /// Forgets recent failures, so that these hosts are asked again with the next mail.
  func forgetFailures() async
  /// The current admission: whether mail may go now, and how much. It changes with each delivery that ends, with
  /// `lookAgain` and `forgetFailures`, and with time if it says so.
  var admission: Admission { get }
  /// Checks without a mail whether hosts that failed work again.
  func lookAgain() async
  /// Returns what is known of each host; empty if the transport has no hosts.
  func hostReports() async -> [HostReport]
}

extension Transport {
  package func retire() async {}
  package func forgetFailures() async {}
  package var admission: Admission { .open }
  package func lookAgain() async {}
  package func hostReports() async -> [HostReport] { [] }
}

/// The addresses that a next hop is asked about, without a mail, besides the connection.
package struct ProbeQuestion: Hashable, Sendable {
  /// The sender in MAIL; nil: the null sender, which every server has to accept (RFC 5321 section 4.5.5).
  package var sender: EmailAddress?
  /// The recipient in RCPT; nil: no RCPT is sent.
  package var recipient: EmailAddress?

  package init(sender: EmailAddress? = nil, recipient: EmailAddress? = nil) {
    self.sender = sender
    self.recipient = recipient
  }
}

/// The result of testing a next hop without a mail.
package struct Probe: Hashable, Sendable {
  /// The next hop, as in an attempt.
  package var nextHop: String
  /// The steps that worked, in order, e.g. `connected`, `TLS, certificate verified`.
  package var steps: [String]
  /// The step that failed and why; nil: everything worked.
  package var failure: String?
  package var took: Duration

  package init(nextHop: String, steps: [String], failure: String?, took: Duration) {
    self.nextHop = nextHop
    self.steps = steps
    self.failure = failure
    self.took = took
  }
}

/// Accepts every mail and keeps none; for load tests.
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

package import DedupCore
package import Foundation
import MailMessage

// The queue in the JSON of the control API; see `ControlJSON` for its rules.

/// A mail that waits for delivery.
package struct QueuedMail: Codable, Sendable, Equatable {
  package var id: String
  package var kind: String
  /// The state of the mail: `waiting`, `deferred`, `held`, `set-aside`, or `delivering` while it is being tried.
  package var state: String
  package var sender: String
  package var recipients: [String]
  package var size: Int
  package var queuedAt: Date
  package var attempts: Int
  package var nextAttempt: Date
  package var lastFailure: String?
  /// The host to which an admin rerouted the mail. Absent if it goes the way of all mail.
  package var reroutedTo: String?
  /// The limit of the next hop that the mail waits for, until `next_attempt`. Absent if there is none.
  package var pacedBy: String?
}

/// A mail that waits for delivery, with its content.
package struct QueuedMailDetail: Codable, Sendable, Equatable {
  package var mail: QueuedMail
  package var body: String
  package var usesSmtputf8: Bool
  package var delayNotified: Bool
  /// The status notifications that the sender asks for (RFC 3461): `RET=`, `ENVID=`, and `NOTIFY=` and `ORCPT=` of
  /// recipients.
  package var statusRequests: [String]
  /// The beginning of the message, or all of it, with octets that are not UTF-8 replaced. Absent if it is damaged.
  package var message: String?
}

/// A request to change waiting mails.
package struct QueueChangeRequest: Codable, Sendable, Equatable {
  /// The ids of the mails, or beginnings of ids. Has to be absent if `all` is true, and only then.
  package var ids: [String]?
  package var all: Bool
  /// The host of a reroute, as `host:port`. Absent to go back to the way of all mail.
  package var to: String?

  package init(ids: [String]?, all: Bool, to: String? = nil) {
    self.ids = ids
    self.all = all
    self.to = to
  }
}

/// The result of a change of waiting mails.
package struct QueueChangeReport: Codable, Sendable, Equatable {
  /// The ids of the changed mails, the oldest first.
  package var ids: [String]
  /// The ids in `ids` of mails that are being tried at the moment. That attempt is still completed.
  package var delivering: [String]
  /// The ids of the request that no mail in the queue has any more. Absent if there are none.
  package var missing: [String]?

  package init(ids: [String], delivering: [String], missing: [String]? = nil) {
    self.ids = ids
    self.delivering = delivering
    self.missing = missing
  }
}

/// The result of trying a next hop without sending a mail.
package struct UpstreamProbe: Codable, Sendable, Equatable {
  package var nextHop: String
  package var works: Bool
  /// The steps that worked, in order.
  package var steps: [String]
  /// The failure. Absent if everything worked.
  package var failure: String?
  package var milliseconds: Int
  /// The route of the configuration. Absent for `[delivery]`, and for a host that the request names.
  package var route: String?

  package init(_ probe: Probe) {
    nextHop = probe.nextHop
    works = probe.failure == nil
    steps = probe.steps
    failure = probe.failure
    milliseconds = probe.took.milliseconds
  }
}

/// A smarthost and what is known about it.
package struct SmarthostReport: Codable, Sendable, Equatable {
  package var host: String
  /// The reason why the smarthost fails. Absent while it works, as far as is known.
  package var failure: String?
  /// The kind of the failure: `unreachable`, `refusing`, `throttling`, `login` or `needs-admin`. Absent with `failure`,
  /// as are the next three.
  package var failureKind: String?
  package var failsSince: Date?
  /// The senders and domains whose mail alone is affected. Absent if all mail is.
  package var failsFor: [String]?
  /// The latest time at which it is tried again.
  package var nextLook: Date?
  /// The number of open connections.
  package var connections: Int
  /// The limits that the smarthost turned out to have: connections at once, mails on a connection, recipients in a
  /// transaction. Absent where it is not known to take less than we use.
  package var mostConnections: Int?
  package var mostMailsPerConnection: Int?
  package var mostRecipients: Int?

  /// Makes the report in JSON.
  ///
  /// - Parameter now: the time at which `report` was made.
  package init(_ report: HostReport, at now: Date) {
    host = report.smarthost.description
    failure = report.failure?.reason
    failureKind = report.failure?.kind.rawValue
    failsSince = report.failsFor.map { now.addingTimeInterval(-Double($0.milliseconds) / 1000) }
    failsFor = report.failure?.scope?.names
    nextLook = report.nextLook.map { now.addingTimeInterval(Double($0.milliseconds) / 1000) }
    connections = report.connections
    let limits = report.limits
    mostConnections = limits.connections.isLearned ? limits.connections.value : nil
    mostMailsPerConnection = limits.mailsPerConnection.isLearned ? limits.mailsPerConnection.value : nil
    mostRecipients = limits.recipientsPerTransaction.isLearned ? limits.recipientsPerTransaction.value : nil
  }
}

extension MailScope {
  fileprivate var names: [String] { senders.map { "from <\($0)>" }.sorted() + domains.map { "to \($0)" }.sorted() }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}

extension QueuedMail {
  /// Makes the JSON of an entry of the queue.
  ///
  /// - Parameter isBeingTried: true if the mail is being tried, which only the running daemon knows.
  package init(_ entry: QueueEntry, isBeingTried: Bool = false) {
    self.init(
      id: entry.id.description, kind: entry.kind.rawValue,
      state: isBeingTried ? "delivering" : entry.state.rawValue, sender: entry.sender.text,
      recipients: entry.recipients.map(\.text), size: entry.size, queuedAt: Date(entry.queuedAt),
      attempts: entry.attempts, nextAttempt: Date(max(entry.nextAttempt, entry.queuedAt)),
      lastFailure: entry.lastFailure,
      reroutedTo: entry.reroutedTo?.description, pacedBy: entry.pacedBy)
  }
}

extension QueuedMailDetail {
  package init(_ found: QueuedMessage, isBeingTried: Bool = false) {
    let (entry, request) = (found.entry, found.entry.statusRequest)
    var wishes = [request?.returns.map { "RET=\($0.rawValue)" }, request?.envelopeID.map { "ENVID=\($0.encoded)" }]
    for recipient in entry.recipients {
      let wish = entry.wish(for: recipient)
      wishes += [wish.notify?.parameter, wish.original?.parameter].map { part in
        part.map { "<\(recipient)> \($0)" }
      }
    }
    self.init(
      mail: QueuedMail(entry, isBeingTried: isBeingTried), body: entry.body.rawValue,
      usesSmtputf8: entry.usesSMTPUTF8, delayNotified: entry.delayNotified,
      statusRequests: wishes.compactMap { $0 }, message: found.message.map { String(decoding: $0, as: UTF8.self) })
  }
}

extension QueuedMail: Described {
  static let schema = Schema(
    "QueuedMail",
    [
      "id": "string", "kind": "string", "state": "string", "sender": "string", "recipients": "string[]",
      "size": "integer", "queued_at": "time", "attempts": "integer", "next_attempt": "time",
      "last_failure?": "string", "rerouted_to?": "string", "paced_by?": "string",
    ])
}

extension QueuedMailDetail: Described {
  static let schema = Schema(
    "QueuedMailDetail",
    [
      "mail": "QueuedMail", "body": "string", "uses_smtputf8": "boolean", "delay_notified": "boolean",
      "status_requests": "string[]", "message?": "string",
    ], parts: [QueuedMail.self])
}

extension QueueChangeRequest: Described {
  static let schema = Schema(
    "QueueChangeRequest",
    [
      "ids?": "string[]", "all": "boolean", "to?": "string",
    ])
}

extension QueueChangeReport: Described {
  static let schema = Schema(
    "QueueChangeReport",
    [
      "ids": "string[]", "delivering": "string[]", "missing?": "string[]",
    ])
}

extension UpstreamProbe: Described {
  static let schema = Schema(
    "UpstreamProbe",
    [
      "next_hop": "string", "works": "boolean", "steps": "string[]", "failure?": "string",
      "milliseconds": "integer", "route?": "string",
    ])
}

extension SmarthostReport: Described {
  static let schema = Schema(
    "Smarthost",
    [
      "host": "string", "failure?": "string", "failure_kind?": "string", "fails_since?": "time",
      "fails_for?": "string[]",
      "next_look?": "time", "connections": "integer", "most_connections?": "integer",
      "most_mails_per_connection?": "integer", "most_recipients?": "integer",
    ])
}

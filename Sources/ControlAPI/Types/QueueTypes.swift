package import DedupCore
package import Foundation
import MailMessage

// The queue in the JSON of the control API; see ControlTypes.swift for its rules.

/// One mail that waits for delivery.
package struct QueuedMail: Codable, Sendable, Equatable {
  package var id: String
  package var kind: String
  /// `waiting`, `deferred`, `held`, `set-aside`; `delivering` while it is being tried.
  package var state: String
  package var sender: String
  package var recipients: [String]
  package var size: Int
  package var queuedAt: Date
  package var attempts: Int
  package var nextAttempt: Date
  package var lastFailure: String?
  /// Where an admin sends it; absent: the way of all mail.
  package var reroutedTo: String?
  /// The limit of the next hop that it waits for, until `next_attempt`; absent: none.
  package var pacedBy: String?
}

/// One mail that waits, with what is in it.
package struct QueuedMailDetail: Codable, Sendable, Equatable {
  package var mail: QueuedMail
  package var body: String
  package var usesSmtputf8: Bool
  package var delayNotified: Bool
  /// What the sender wants to be told (RFC 3461): `RET=`, `ENVID=`, and `NOTIFY=` and `ORCPT=` of recipients.
  package var statusRequests: [String]
  /// The beginning of the message, or all of it (octets that are not UTF-8 replaced); absent when it is damaged.
  package var message: String?
}

/// What to do with mails that wait.
package struct QueueChangeRequest: Codable, Sendable, Equatable {
  /// Ids or beginnings of ids; has to be absent when `all` is true, and only then.
  package var ids: [String]?
  package var all: Bool
  /// `host:port`, of a reroute; absent: back to the way of all mail.
  package var to: String?

  package init(ids: [String]?, all: Bool, to: String? = nil) {
    self.ids = ids
    self.all = all
    self.to = to
  }
}

/// What was done with mails that wait.
package struct QueueChangeReport: Codable, Sendable, Equatable {
  /// The oldest first.
  package var ids: [String]
  /// Of these, the ones that are being tried at the moment: the attempt is made to its end.
  package var delivering: [String]

  package init(ids: [String], delivering: [String]) {
    self.ids = ids
    self.delivering = delivering
  }
}

/// What came of trying a next hop without a mail.
package struct UpstreamProbe: Codable, Sendable, Equatable {
  package var nextHop: String
  package var works: Bool
  /// What worked, in order.
  package var steps: [String]
  /// What did not; absent when everything worked.
  package var failure: String?
  package var milliseconds: Int
  /// The route of the configuration; absent: `[delivery]`, or a host that was asked for.
  package var route: String?

  package init(_ probe: Probe) {
    nextHop = probe.nextHop
    works = probe.failure == nil
    steps = probe.steps
    failure = probe.failure
    milliseconds = probe.took.milliseconds
  }
}

/// A smarthost and what is known of it.
package struct SmarthostReport: Codable, Sendable, Equatable {
  package var host: String
  /// Why it fails; absent while it works, as far as is known.
  package var failure: String?
  /// `unreachable`, `refusing`, `throttling`, `login` or `needs-admin`; absent with `failure`, and so are the next two.
  package var failureKind: String?
  package var failsSince: Date?
  /// When it is tried again at the latest.
  package var nextLook: Date?
  /// Connections that are open.
  package var connections: Int
  /// What it turned out to take: connections at once, mails on one, recipients in a transaction. Absent where it never
  /// refused as many as we use.
  package var mostConnections: Int?
  package var mostMailsPerConnection: Int?
  package var mostRecipients: Int?

  /// - Parameter now: when `report` was made.
  package init(_ report: HostReport, at now: Date) {
    host = report.smarthost.description
    failure = report.failure?.reason
    failureKind = report.failure?.kind.rawValue
    failsSince = report.failsFor.map { now.addingTimeInterval(-Double($0.milliseconds) / 1000) }
    nextLook = report.nextLook.map { now.addingTimeInterval(Double($0.milliseconds) / 1000) }
    connections = report.connections
    let limits = report.limits
    mostConnections = limits.connections.isLearned ? limits.connections.value : nil
    mostMailsPerConnection = limits.mailsPerConnection.isLearned ? limits.mailsPerConnection.value : nil
    mostRecipients = limits.recipientsPerTransaction.isLearned ? limits.recipientsPerTransaction.value : nil
  }
}

extension Duration {
  fileprivate var milliseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1000 + Int(attoseconds / 1_000_000_000_000_000)
  }
}

extension QueuedMail {
  /// - Parameter isBeingTried: which nobody but the running daemon knows.
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
      "ids": "string[]", "delivering": "string[]",
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
      "next_look?": "time", "connections": "integer", "most_connections?": "integer",
      "most_mails_per_connection?": "integer", "most_recipients?": "integer",
    ])
}

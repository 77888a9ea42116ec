package import DedupCore
import Foundation

/// The questions about the queue and the next hops, and the orders that change queued mails.
package protocol QueueControl: Sendable {
  /// Returns the waiting mails that match a filter, the oldest first.
  func queue(_ filter: QueueFilter) async throws -> [QueuedMail]
  /// Returns the mails whose ids begin with `id`, at most 20.
  ///
  /// - Parameter octets: the maximum number of octets of each message.
  func queued(id: String, octets: Int) async throws -> [QueuedMailDetail]
  /// Changes waiting mails.
  ///
  /// - Throws: `ControlProblem` if an id is ambiguous or matches no mail, or if the request is not clear.
  func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport
  /// Tries a host, or every next hop of the configuration, without sending a mail.
  func probe(_ request: ProbeRequest) async throws -> [UpstreamProbe]
}

/// The orders for waiting mails.
package enum QueueVerb: String, Sendable, CaseIterable {
  case hold, release, flush, delete, reroute
}

/// A request to try a next hop without sending a mail.
package struct ProbeRequest: Sendable, Equatable {
  /// The host to try, as `host:port`, or nil for the next hops of the configuration.
  package var host: String?
  /// The sender that MAIL names, or nil for the null sender. RSET ends the transaction.
  package var sender: String?
  /// The recipient that RCPT names, or nil for none.
  package var recipient: String?

  package init(to host: String? = nil, sender: String? = nil, recipient: String? = nil) {
    (self.host, self.sender, self.recipient) = (host, sender, recipient)
  }
}

extension QueueControl {
  /// Returns the waiting mails, the oldest first, at most `limit`.
  package func queue(limit: Int) async throws -> [QueuedMail] { try await queue(QueueFilter(limit: limit)) }
}

extension Operations {
  static let listQueue = Operation(.get, "/v1/queue", "The mails that wait, the oldest first.", .queueFilter) {
    try await $0.queue($1)
  }
  static let showMail = Operation(
    .get, "/v1/queue/{id}", "Mails whose ids begin so, with what is in them.",
    .values(["octets": "integer"]) { (mail: (id: String, octets: Int)) in
      WrittenRequest(id: mail.id, query: ["octets": "\(mail.octets)"])
    } read: {
      ($0.id, $0.integer("octets") ?? 0)
    }
  ) { try await $0.queued(id: $1.id, octets: $1.octets) }

  static func change(_ verb: QueueVerb) -> Operation<QueueChangeRequest, QueueChangeReport> {
    Operation(.post, "/v1/queue/\(verb.rawValue)", "\(verb.rawValue.capitalized) mails.", .json) {
      try await $0.change(verb, $1)
    }
  }

  static let probe = Operation(
    .post, "/v1/upstream", "Try the next hop without a mail.",
    .values(["to": "string", "sender": "string", "recipient": "string"]) { probe in
      WrittenRequest(query: ["to": probe.host, "sender": probe.sender, "recipient": probe.recipient])
    } read: {
      ProbeRequest(to: $0.text("to"), sender: $0.text("sender"), recipient: $0.text("recipient"))
    }
  ) { try await $0.probe($1) }

  static var queue: [any AnyOperation] { [listQueue, showMail, probe] + QueueVerb.allCases.map { change($0) } }
}

extension RequestForm where Request == QueueFilter {
  /// The form of the filter of `dedupctl queue list`.
  static var queueFilter: Self {
    .values([
      "kind": "string", "state": "string", "sender": "string", "recipient": "string", "limit": "integer",
    ]) { filter in
      WrittenRequest(query: [
        "kind": filter.kind?.rawValue, "state": filter.state?.rawValue, "sender": filter.sender,
        "recipient": filter.recipient, "limit": "\(filter.limit)",
      ])
    } read: { values in
      QueueFilter(
        kind: try values.choice("kind", "kind of a mail in the queue"),
        state: try values.choice("state", "state of a mail in the queue"), sender: values.text("sender"),
        recipient: values.text("recipient"), limit: values.integer("limit") ?? 100)
    }
  }
}

extension ControlClient {
  package func queue(_ filter: QueueFilter) async throws -> [QueuedMail] { try await ask(Operations.listQueue, filter) }

  package func queued(id: String, octets: Int) async throws -> [QueuedMailDetail] {
    // Anything but the digits of an id matches nothing and must not become part of a path.
    QueueID.range(of: id) == nil ? [] : try await ask(Operations.showMail, (id, octets))
  }

  package func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    try await ask(Operations.change(verb), request)
  }

  package func probe(_ request: ProbeRequest) async throws -> [UpstreamProbe] {
    try await ask(Operations.probe, request)
  }
}

extension StoredState {
  package func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    throw Self.readOnly
  }

  package func probe(_ request: ProbeRequest) async throws -> [UpstreamProbe] {
    throw ControlProblem("the daemon is down; only a running daemon can try its next hop")
  }
}

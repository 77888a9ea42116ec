package import DedupCore
import Foundation

/// What the control API offers about the queue and the way out of it.
package protocol QueueControl: Sendable {
  /// The oldest first.
  func queue(_ filter: QueueFilter) async throws -> [QueuedMail]
  /// The mails whose ids begin with `id`.
  ///
  /// - Parameter octets: of the message at most.
  func queued(id: String, octets: Int) async throws -> [QueuedMailDetail]
  /// - Throws: `ControlProblem` where an id names several mails, or the request is not clear.
  func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport
  /// Tries the next hop without a mail.
  ///
  /// - Parameters:
  ///   - to: `host:port`; nil: where the configuration sends mail.
  ///   - sender: is named in MAIL, and taken back; nil: the null sender.
  ///   - recipient: is named in RCPT as well; nil: nobody.
  func probe(to: String?, sender: String?, recipient: String?) async throws -> [UpstreamProbe]
}

/// What can be done with mails that wait.
package enum QueueVerb: String, Sendable, CaseIterable {
  case hold, release, flush, delete, reroute
}

extension QueueControl {
  /// All of it, the oldest first.
  package func queue(limit: Int) async throws -> [QueuedMail] { try await queue(QueueFilter(limit: limit)) }
}

extension StoredState {
  package func queue(_ filter: QueueFilter) async throws -> [QueuedMail] {
    try await reader.queue(filter).map { QueuedMail($0) }
  }

  package func queued(id: String, octets: Int) async throws -> [QueuedMailDetail] {
    var found: [QueuedMailDetail] = []
    for id in try await ids(from: id) {
      if let mail = try await reader.queued(id, octets: octets) { found.append(QueuedMailDetail(mail)) }
    }
    return found
  }

  /// The ids that begin with `prefix`, at most 20: no admin means more of them.
  private func ids(from prefix: String) async throws -> [QueueID] {
    guard let range = QueueID.range(of: prefix) else { return [] }
    return try await reader.queueIDs(in: range, limit: 20)
  }

  /// Whom a request means.
  ///
  /// - Throws: `ControlProblem` where it is not clear.
  package func selection(_ request: QueueChangeRequest) async throws -> QueueSelection {
    guard request.all == (request.ids == nil) else {
      throw ControlProblem("either \"ids\" or \"all\" says which mails", .malformed)
    }
    var ids: [QueueID] = []
    for prefix in request.ids ?? [] {
      let found = try await self.ids(from: prefix)
      guard let id = found.first else {
        throw ControlProblem("no mail in the queue has an id that starts with \(prefix)", .nothingMatched)
      }
      guard found.count == 1 else {
        let names = found.prefix(5).map(\.description).joined(separator: ", ")
        throw ControlProblem("\(prefix) is the beginning of several: \(names)", .ambiguous)
      }
      ids.append(id)
    }
    return request.ids == nil ? .all : .ids(ids)
  }

  package func change(_ verb: QueueVerb, _ request: QueueChangeRequest) async throws -> QueueChangeReport {
    throw Self.readOnly
  }

  package func probe(to: String?, sender: String?, recipient: String?) async throws -> [UpstreamProbe] {
    throw ControlProblem("the daemon is down; only a running daemon can try its next hop")
  }
}

package import DedupCore

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

  /// Returns the ids that begin with `prefix`, at most 20: no admin means more than that.
  private func ids(from prefix: String) async throws -> [QueueID] {
    guard let range = QueueID.range(of: prefix) else { return [] }
    return try await reader.queueIDs(in: range, limit: 20)
  }

  /// Returns the mails that a request selects.
  ///
  /// - Throws: `ControlProblem` if an id is ambiguous or matches no mail, or if the request is not clear.
  package func selection(_ request: QueueChangeRequest) async throws -> QueueSelection {
    guard request.all == (request.ids == nil) else {
      throw ControlProblem("either \"ids\" or \"all\" says which mails", .malformed)
    }
    var ids: [QueueID] = []
    for prefix in request.ids ?? [] {
      let found = try await self.ids(from: prefix)
      guard let id = found.first else {
        throw ControlProblem(
          "no mail in the queue has an id that starts with \(prefix); see: dedupctl queue list", .nothingMatched)
      }
      guard found.count == 1 else {
        let names = found.prefix(5).map(\.description).joined(separator: ", ")
        throw ControlProblem("\(prefix) matches several mails (\(names)); type more of the id", .ambiguous)
      }
      ids.append(id)
    }
    return request.ids == nil ? .all : .ids(ids)
  }
}

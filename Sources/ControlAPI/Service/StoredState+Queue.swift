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

  /// Returns the mails that a request selects, and its ids that no mail has: a mail may leave the queue between the
  /// list and the command, and the others are not to wait for that.
  ///
  /// - Throws: `ControlProblem` if an id is ambiguous, if no id matches a mail, or if the request is not clear.
  package func selection(
    _ request: QueueChangeRequest
  ) async throws -> (mails: QueueSelection, missing: [String]) {
    guard request.all == (request.ids == nil) else {
      throw ControlProblem("either \"ids\" or \"all\" says which mails", .malformed)
    }
    guard let prefixes = request.ids else { return (.all, []) }
    var (ids, missing): ([QueueID], [String]) = ([], [])
    for prefix in prefixes {
      let found = try await self.ids(from: prefix)
      guard let id = found.first else {
        missing.append(prefix)
        continue
      }
      guard found.count == 1 else {
        let names = found.prefix(5).map(\.description).joined(separator: ", ")
        throw ControlProblem("\(prefix) matches several mails (\(names)); type more of the id", .ambiguous)
      }
      ids.append(id)
    }
    if ids.isEmpty, let prefix = missing.first {
      throw ControlProblem(
        "no mail in the queue has an id that starts with \(prefix); see: dedupctl queue list", .nothingMatched)
    }
    return (.ids(ids), missing)
  }
}

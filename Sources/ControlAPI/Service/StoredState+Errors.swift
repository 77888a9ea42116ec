package import DedupCore

extension StoredState {
  package func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry] {
    try await reader.fingerprints(query, now: now()).map(ErrorEntry.init)
  }

  package func error(id: String) async throws -> [ErrorDetail] {
    try await reader.fingerprint(idPrefix: id, now: now()).map(ErrorDetail.init)
  }

  package func export(after: Int, limit: Int) async throws -> ExportPage {
    let limit = min(1000, max(1, limit))
    let query = FingerprintQuery(includesUnsuppressed: true, sort: .row, after: Int64(after), limit: limit)
    let rows = try await reader.fingerprints(query, now: now())
    return ExportPage(errors: rows.map(ErrorEntry.init), next: rows.count < limit ? nil : rows.last.map { Int($0.row) })
  }

  package func groupings() async throws -> [GroupingEntry] {
    try await reader.groupings().map(GroupingEntry.init)
  }

  package func statistics(days: Int) async throws -> StatisticsReport {
    let since = now().advanced(by: .seconds(-86_400 * min(400, max(1, days))))
    return StatisticsReport(
      try await reader.statistics(since: since), totals: try await reader.totals(),
      queue: try await reader.queueStatus())
  }
}

package import DedupCore

/// What the control API offers about errors.
package protocol ErrorControl: Sendable {
  func errors(_ query: FingerprintQuery) async throws -> [ErrorEntry]
  /// Every error whose id starts with `id`, one for each site.
  func error(id: String) async throws -> [ErrorDetail]
  /// Every error once, in pages.
  ///
  /// - Parameter after: `next` of the page before; 0 for the first.
  func export(after: Int, limit: Int) async throws -> ExportPage
  /// The errors that are merged or split now, by `dedupctl merge` and `dedupctl split`.
  func groupings() async throws -> [GroupingEntry]
  /// - Parameter days: that its quarters cover.
  func statistics(days: Int) async throws -> StatisticsReport
  /// Lets the next mail of errors out; empty when nothing is selected.
  func passNext(_ selector: ErrorSelector) async throws -> [ErrorName]
  /// Queues kept mails of errors; empty when nothing is selected.
  func sendCopies(_ request: CopyRequest) async throws -> [CopyReport]
}

extension ErrorControl {
  /// The latest seen first.
  /// - Parameter all: also the errors of which nothing was held back yet.
  package func errors(all: Bool, limit: Int) async throws -> [ErrorEntry] {
    try await errors(FingerprintQuery(includesUnsuppressed: all, limit: limit))
  }
}

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

  package func passNext(_ selector: ErrorSelector) async throws -> [ErrorName] { throw Self.readOnly }

  package func sendCopies(_ request: CopyRequest) async throws -> [CopyReport] { throw Self.readOnly }
}

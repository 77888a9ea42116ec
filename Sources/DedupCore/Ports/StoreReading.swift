/// What can be asked of a store, whether the daemon has it open or `dedupctl` opened it read-only.
package protocol StoreReading: Sendable {
  func totals() async throws -> Totals
  func queueStatus() async throws -> QueueStatus
  /// The oldest first.
  func queue(_ filter: QueueFilter) async throws -> [QueueEntry]
  /// The ids of the queue within `range`, the lowest first.
  func queueIDs(in range: ClosedRange<QueueID>, limit: Int) async throws -> [QueueID]
  /// One mail of the queue with the first `octets` of its message.
  func queued(_ id: QueueID, octets: Int) async throws -> QueuedMessage?
  func fingerprints(_ query: FingerprintQuery, now: Timestamp) async throws -> [FingerprintRow]
  /// Every fingerprint whose digest starts with `idPrefix`, one for each site.
  func fingerprint(idPrefix: String, now: Timestamp) async throws -> [FingerprintDetail]
  /// The errors that are merged or split now, by `dedupctl merge` and `dedupctl split`.
  func groupings() async throws -> [ErrorGrouping]
  /// Everything that happened in a period. What only the running daemon knows (`health`) is not in it.
  func summaryFacts(_ query: SummaryQuery) async throws -> SummaryFacts
  /// Every site of which error mail came from `from` (included) to `to` (not included), by its row.
  func siteAudiences(from: Timestamp, to: Timestamp) async throws -> [SiteAudience]
  /// Silences, the newest first; those that ended included if `all`.
  func silences(all: Bool) async throws -> [SilenceRow]
  /// - Parameter since: where its quarters begin.
  func statistics(since: Timestamp) async throws -> StoreStatistics
}

extension StoreReading {
  /// All of the queue, the oldest first.
  package func queue(limit: Int) async throws -> [QueueEntry] { try await queue(QueueFilter(limit: limit)) }

  /// The latest seen first.
  /// - Parameter all: also fingerprints of which nothing was held back yet.
  package func fingerprints(all: Bool, limit: Int, now: Timestamp) async throws -> [FingerprintRow] {
    try await fingerprints(FingerprintQuery(includesUnsuppressed: all, limit: limit), now: now)
  }
}

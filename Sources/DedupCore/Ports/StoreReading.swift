/// The queries that a store answers, whether the daemon has it open or `dedupctl` opened it read-only.
package protocol StoreReading: Sendable {
  func totals() async throws -> Totals
  func queueStatus() async throws -> QueueStatus
  /// Returns the mails of the queue that match `filter`, the oldest first.
  func queue(_ filter: QueueFilter) async throws -> [QueueEntry]
  /// Returns the ids of the queue within `range`, the lowest first.
  func queueIDs(in range: ClosedRange<QueueID>, limit: Int) async throws -> [QueueID]
  /// Returns one mail of the queue with the first `octets` octets of its message.
  func queued(_ id: QueueID, octets: Int) async throws -> QueuedMessage?
  func fingerprints(_ query: FingerprintQuery, now: Timestamp) async throws -> [FingerprintRow]
  /// Returns every fingerprint whose digest starts with `idPrefix`, one for each site.
  func fingerprint(idPrefix: String, now: Timestamp) async throws -> [FingerprintDetail]
  /// Returns the errors that are currently merged or split by `dedupctl merge` and `dedupctl split`.
  func groupings() async throws -> [ErrorGrouping]
  /// Returns the events of a period. `health` is not filled in, since only the running daemon knows it.
  func summaryFacts(_ query: SummaryQuery) async throws -> SummaryFacts
  /// Returns every site whose error mail arrived between `from` (inclusive) and `to` (exclusive), by its row.
  func siteAudiences(from: Timestamp, to: Timestamp) async throws -> [SiteAudience]
  /// Returns the silences, the newest first. Silences that have ended are included if `all` is true.
  func silences(all: Bool) async throws -> [SilenceRow]
  /// Returns sums over everything that the store knows.
  ///
  /// - Parameter since: the time from which quarters of an hour are returned.
  func statistics(since: Timestamp) async throws -> StoreStatistics
}

extension StoreReading {
  /// Returns the mails of the queue, the oldest first, at most `limit`.
  package func queue(limit: Int) async throws -> [QueueEntry] { try await queue(QueueFilter(limit: limit)) }

  /// Returns fingerprints, the most recently seen first.
  ///
  /// - Parameter all: true to include fingerprints of which no mail was held back yet.
  package func fingerprints(all: Bool, limit: Int, now: Timestamp) async throws -> [FingerprintRow] {
    try await fingerprints(FingerprintQuery(includesUnsuppressed: all, limit: limit), now: now)
  }
}

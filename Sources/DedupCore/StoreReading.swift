/// What can be asked of a store, whether the daemon has it open or `dedupctl` opened it read-only.
package protocol StoreReading: Sendable {
  func totals() async throws -> Totals
  func queueStatus() async throws -> QueueStatus
  /// The oldest first.
  func queue(limit: Int) async throws -> [QueueEntry]
  /// Newest arrival first.
  /// - Parameter all: also fingerprints of which nothing was held back yet.
  func fingerprints(all: Bool, limit: Int, now: Timestamp) async throws -> [FingerprintRow]
  /// Every fingerprint whose digest starts with `idPrefix`, one for each site.
  func fingerprint(idPrefix: String, now: Timestamp) async throws -> [FingerprintDetail]
  /// Everything that happened from `from` (included) to `to` (not included).
  func summaryFacts(from: Timestamp, to: Timestamp) async throws -> SummaryFacts
  /// Silences, the newest first; those that ended included if `all`.
  func silences(all: Bool) async throws -> [SilenceRow]
}

package import DedupCore

/// The reading half of the control API over a store. The daemon builds on it; `dedupctl` uses it alone when the
/// daemon is down.
package struct StoredState: ControlService {
  private let reader: any StoreReading
  private let now: @Sendable () -> Timestamp
  private let summary: @Sendable (SummaryFacts) -> SummaryPreview

  /// - Parameter summary: renders the facts of a period, with the clock and the zone of the machine.
  package init(
    reader: any StoreReading, now: @escaping @Sendable () -> Timestamp,
    summary: @escaping @Sendable (SummaryFacts) -> SummaryPreview
  ) {
    self.reader = reader
    self.now = now
    self.summary = summary
  }

  package func status() async throws -> StatusReport { try await status(daemon: nil) }

  package func status(daemon: DaemonStatus?) async throws -> StatusReport {
    StatusReport(
      version: MailDedupVersion.text, daemon: daemon, totals: try await reader.totals(),
      queue: try await reader.queueStatus())
  }

  package func errors(all: Bool, limit: Int) async throws -> [ErrorEntry] {
    try await reader.fingerprints(all: all, limit: limit, now: now()).map(ErrorEntry.init)
  }

  package func error(id: String) async throws -> [ErrorDetail] {
    try await reader.fingerprint(idPrefix: id, now: now()).map(ErrorDetail.init)
  }

  package func queue(limit: Int) async throws -> [QueuedMail] {
    try await reader.queue(limit: limit).map(QueuedMail.init)
  }

  package func previewSummary() async throws -> SummaryPreview {
    let now = now()
    return summary(try await reader.summaryFacts(from: now.advanced(by: .seconds(-86_400)), to: now))
  }

  package func sendSummary() async throws -> SummarySent {
    throw ControlProblem("the daemon is down; only a running daemon can send the summary")
  }
}

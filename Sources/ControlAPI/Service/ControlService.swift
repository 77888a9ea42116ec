/// What the control API offers; the daemon implements it over its live parts.
package protocol ControlService: QueueControl, ErrorControl {
  /// In the text format of Prometheus.
  func metrics() async throws -> String
  /// Why the relay should get no mail at the moment, a line each; none: it should.
  func obstacles() async -> [String]
  func status() async throws -> StatusReport
  func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview
  /// Queues that summary now; without a site, one for each of those that the configuration has.
  func sendSummary(_ request: SummaryRequest) async throws -> SummarySent
  /// Removes mails that are kept of errors, or says how many those are.
  func purge(_ request: PurgeRequest) async throws -> PurgeReport
  /// Reads the configuration again; what is wrong with it is in the answer.
  func reload() async throws -> ReloadReport

  /// The newest first; those that ended, or whose time is up, included if `all`.
  func silences(all: Bool) async throws -> [SilenceEntry]
  /// One for each error that is selected; empty when nothing is.
  func silence(_ request: SilenceRequest) async throws -> [SilenceEntry]
  /// Ends a silence; empty when none of that id holds.
  ///
  /// - Parameter author: who says so; nil: nobody said who.
  func endSilence(_ id: Int, author: String?) async throws -> [SilenceEntry]
  /// Marks errors as resolved; empty when nothing is selected.
  func resolve(_ selector: ErrorSelector) async throws -> [ErrorName]
  /// Makes errors one, in each site that has them; empty when there is nothing to merge.
  func merge(_ ids: [String], into target: ErrorSelector) async throws -> [MergeReport]
  /// Undoes a merge, or makes each variant an error of its own; empty when nothing is selected.
  func split(_ selector: ErrorSelector) async throws -> [SplitReport]
}

/// The paths of version 1.
package enum ControlPath {
  package static let alive = "/healthz"
  package static let ready = "/readyz"
  package static let metrics = "/metrics"
  package static let description = "/v1/openapi.json"
  package static let status = "/v1/status"
  package static let errors = "/v1/errors"
  package static let export = "/v1/export"
  package static let groupings = "/v1/groupings"
  package static let statistics = "/v1/statistics"
  package static let pass = "/v1/pass"
  package static let copies = "/v1/copies"
  package static let queue = "/v1/queue"
  package static let upstream = "/v1/upstream"
  package static let summary = "/v1/summary"
  package static let purge = "/v1/purge"
  package static let reload = "/v1/reload"
  package static let silences = "/v1/silences"
  package static let resolve = "/v1/resolve"
  package static let merge = "/v1/merge"
  package static let split = "/v1/split"
}

/// What the control API offers; the daemon implements it over its live parts.
package protocol ControlService: Sendable {
  func status() async throws -> StatusReport
  /// Newest arrival first.
  /// - Parameter all: also the errors of which nothing was held back yet.
  func errors(all: Bool, limit: Int) async throws -> [ErrorEntry]
  /// Every error whose id starts with `id`, one for each site.
  func error(id: String) async throws -> [ErrorDetail]
  /// The oldest first.
  func queue(limit: Int) async throws -> [QueuedMail]
  /// The summary of the last 24 hours.
  func previewSummary() async throws -> SummaryPreview
  /// Queues that summary now.
  func sendSummary() async throws -> SummarySent
  /// Reads the configuration again; what is wrong with it is in the answer.
  func reload() async throws -> ReloadReport
}

/// The paths of version 1.
package enum ControlPath {
  package static let status = "/v1/status"
  package static let errors = "/v1/errors"
  package static let queue = "/v1/queue"
  package static let summary = "/v1/summary"
  package static let reload = "/v1/reload"
}

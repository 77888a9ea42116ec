/// The questions and orders of the control API. The daemon answers them from its running parts, `StoredState` from the
/// store of a daemon that is down, and `ControlClient` by asking a daemon.
package protocol ControlService: ErrorControl, SilenceControl, QueueControl {
  /// Returns the metrics in the text format of Prometheus.
  func metrics() async throws -> String
  /// Returns the reasons why the relay should get no mail at the moment, one line each. Empty if it should get mail.
  func obstacles() async -> [String]
  /// Returns the state of the relay.
  func status() async throws -> StatusReport
  /// Returns a summary without sending it.
  func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview
  /// Queues a summary now: for a site, if the request names one, else the mails that the configuration asks for.
  func sendSummary(_ request: SummaryRequest) async throws -> SummarySent
  /// Reads the configuration again. The report lists its mistakes.
  func reload() async throws -> ReloadReport
  /// Returns the fleet as the relay sees it.
  func fleet(_ request: FleetRequest) async throws -> FleetReport
}

extension Operations {
  static let status = Operation(.get, "/v1/status", "How the relay is.", .nothing) { service, _ in
    try await service.status()
  }
  static let previewSummary = Operation(.get, "/v1/summary", "A summary that is not sent.", .summary) {
    try await $0.previewSummary($1)
  }
  static let sendSummary = Operation(.post, "/v1/summary", "Queue a summary now.", .summary) {
    try await $0.sendSummary($1)
  }
  static let reload = Operation(.post, "/v1/reload", "Read the configuration again.", .nothing) { service, _ in
    try await service.reload()
  }

  static let fleet = Operation(.get, "/v1/fleet", "The relays that send one mail of each error together.", .fleet) {
    try await $0.fleet($1)
  }

  static var daemon: [any AnyOperation] { [status, previewSummary, sendSummary, reload, fleet] }
}

extension RequestForm where Request == FleetRequest {
  /// The form of a question about the fleet: the number of errors, and the id of one, as query parameters.
  static var fleet: Self {
    .values(["limit": "integer", "error": "string"]) { request in
      WrittenRequest(query: ["limit": "\(request.limit)", "error": request.error])
    } read: {
      FleetRequest(limit: $0.integer("limit") ?? 0, error: $0.text("error"))
    }
  }
}

extension RequestForm where Request == SummaryRequest {
  /// The form of a request for a summary: the days and the site as query parameters.
  static var summary: Self {
    .values(["days": "integer", "site": "string"]) { request in
      WrittenRequest(query: ["days": "\(request.days)", "site": request.site])
    } read: {
      SummaryRequest(days: $0.integer("days") ?? 1, site: $0.text("site"))
    }
  }
}

extension ControlClient: ControlService {
  package func status() async throws -> StatusReport { try await ask(Operations.status, ()) }

  package func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview {
    try await ask(Operations.previewSummary, request)
  }

  package func sendSummary(_ request: SummaryRequest) async throws -> SummarySent {
    try await ask(Operations.sendSummary, request)
  }

  package func reload() async throws -> ReloadReport { try await ask(Operations.reload, ()) }

  package func fleet(_ request: FleetRequest) async throws -> FleetReport { try await ask(Operations.fleet, request) }

  package func metrics() async throws -> String {
    try await text(of: MonitoringPath.metrics)
  }

  package func obstacles() async -> [String] {
    do {
      _ = try await text(of: MonitoringPath.ready)
      return []
    } catch {
      return ["\(error)"]
    }
  }
}

extension StoredState {
  package func sendSummary(_ request: SummaryRequest) async throws -> SummarySent {
    throw ControlProblem("the daemon is down; only a running daemon can send the summary")
  }

  package func reload() async throws -> ReloadReport {
    throw ControlProblem("the daemon is down; it reads its configuration when it starts")
  }

  package func fleet(_ request: FleetRequest) async throws -> FleetReport {
    throw ControlProblem("the daemon is down; only a running daemon knows its fleet")
  }

  package func metrics() async throws -> String { throw Self.readOnly }
}

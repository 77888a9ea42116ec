package import DedupCore
package import RelayMail

/// The reading half of the control API, answered from a store. The daemon builds on it; `dedupctl` uses it alone when
/// the daemon is down.
package struct StoredState: ControlService {
  let reader: any StoreReading
  let now: @Sendable () -> Timestamp
  private let builder: @Sendable (Timestamp) -> SummaryBuilder

  /// Makes the reading half over a store.
  ///
  /// - Parameters:
  ///   - now: the clock of the machine.
  ///   - builder: returns the builder of a summary at a point in time, in the time zone of the machine.
  package init(
    reader: any StoreReading, now: @escaping @Sendable () -> Timestamp,
    builder: @escaping @Sendable (Timestamp) -> SummaryBuilder
  ) {
    self.reader = reader
    self.now = now
    self.builder = builder
  }

  package func status() async throws -> StatusReport { try await status(daemon: nil) }

  package func obstacles() async -> [String] { ["the daemon is down"] }

  /// Returns the status.
  ///
  /// - Parameter uncounted: the mails that the running daemon answered for and the store has not counted yet.
  package func status(daemon: DaemonStatus?, uncounted: Totals = Totals()) async throws -> StatusReport {
    var totals = try await reader.totals()
    totals.passed = totals.passed.saturatingAdding(uncounted.passed)
    totals.doubtful = totals.doubtful.saturatingAdding(uncounted.doubtful)
    return StatusReport(
      version: MailDedupVersion.text, daemon: daemon, totals: totals, queue: try await reader.queueStatus())
  }

  package func previewSummary(_ request: SummaryRequest) async throws -> SummaryPreview {
    try await previewSummary(request, health: nil)
  }

  /// Returns a summary without sending it.
  ///
  /// - Parameter health: the facts that only the running daemon knows, or nil if it is down.
  package func previewSummary(_ request: SummaryRequest, health: RelayHealth?) async throws -> SummaryPreview {
    let now = now()
    let period = request.period(until: now)
    let sites = try await sites(named: request.site, until: now)
    var facts = try await reader.summaryFacts(SummaryQuery(period, sites: sites.map { Set($0.map(\.row)) }))
    (facts.site, facts.health) = (request.site, health)
    let summary = builder(now).build(facts)
    return SummaryPreview(subject: summary.subject, text: summary.text, html: summary.html)
  }

  /// Returns the sites of that name, at least one, or nil if no name is given.
  ///
  /// - Throws: a `ControlProblem` that lists the known sites if none has that name.
  package func sites(named name: String?, until now: Timestamp) async throws -> [SiteAudience]? {
    guard let name else { return nil }
    let known = try await reader.siteAudiences(from: now.advanced(by: .seconds(-400 * 86_400)), to: now)
    let sites = known.filter { $0.name == name }
    guard sites.isEmpty else { return sites }
    let names = Set(known.map(\.name)).sorted().prefix(20).map { DisplayText.oneLine($0) }.joined(separator: ", ")
    throw ControlProblem(
      "no error mail of the site \"\(DisplayText.oneLine(name))\" is known; "
        + (names.isEmpty ? "none of any site is" : "there are: \(names)"), .nothingMatched)
  }

  package func silences(all: Bool) async throws -> [SilenceEntry] {
    let now = now()
    return try await reader.silences(all: all).filter { all || !$0.silence.isOver(now: now) }
      .map { SilenceEntry($0, now: now) }
  }

  static let readOnly = ControlProblem("the daemon is down; only a running daemon changes its store")
}

package import DedupCore
import EventLog
import Logging
package import MailMessage

// Everything here asks a reader connection and never blocks the writer. `StoreReader` documents what each method
// returns.
extension SQLiteStore: StoreReading {
  /// Returns the mail to try now; see `StoreReader.due`. At the first call, or if `now` is more than a minute before
  /// the time of the last call, everything that was scheduled in what is now the future is made due first: a clock that
  /// jumped back could take days to catch up.
  package func due(
    _ filter: DueFilter = .all, now: Timestamp, limit: Int, octets: Int, excluding: Set<QueueID>
  ) async throws(StoreFailure) -> DueMail {
    await watchClock(now)
    var excluding = excluding
    while true {
      let found = try await reader.due(filter, now: now, limit: limit, octets: octets, excluding: excluding)
      for id in found.damaged {
        try await setAside(id, reason: "its envelope is not the one that was stored: a checksum differs")
      }
      if found.damaged.isEmpty || !found.mail.entries.isEmpty { return found.mail }
      excluding.formUnion(found.damaged)
    }
  }

  /// Returns the message to deliver for an entry. Returns nil if there is no such entry, or if its message is damaged
  /// or has been unreadable for longer than `StoreLimits.readPatience`. In the latter cases the entry has been set
  /// aside, so that `due` does not return it again, and the log says so.
  package func message(of id: QueueID) async throws(StoreFailure) -> Message? {
    switch try await reader.load(id) {
    case .gone: return nil
    case .intact(let message): return message
    case .damaged(let reason):
      try await setAside(id, reason: reason)
      return nil
    case .unreadable(let failure):
      guard readPatience.isOver(id) else { throw failure }
      try await setAside(id, reason: failure.description)
      return nil
    }
  }

  private func setAside(_ id: QueueID, reason: String) async throws(StoreFailure) {
    try await commit { try QueueTable.setAside(id, reason: reason, $0.db) }
    logger.event(.error, .queuedMailDamaged, [.id: "\(id)", .reason: reason])
  }

  package func queue(_ filter: QueueFilter) async throws(StoreFailure) -> [QueueEntry] {
    try await reader.queue(filter)
  }

  package func queueIDs(in range: ClosedRange<QueueID>, limit: Int) async throws(StoreFailure) -> [QueueID] {
    try await reader.queueIDs(in: range, limit: limit)
  }

  package func queued(_ id: QueueID, octets: Int) async throws(StoreFailure) -> QueuedMessage? {
    try await reader.queued(id, octets: octets)
  }

  package func queueStatus() async throws(StoreFailure) -> QueueStatus { try await reader.queueStatus() }

  package func totals() async throws(StoreFailure) -> Totals { try await reader.totals() }

  package func fingerprints(_ query: FingerprintQuery, now: Timestamp) async throws(StoreFailure) -> [FingerprintRow] {
    try await reader.fingerprints(query, now: now)
  }

  package func groupings() async throws(StoreFailure) -> [ErrorGrouping] { try await reader.groupings() }

  package func statistics(since: Timestamp) async throws(StoreFailure) -> StoreStatistics {
    try await reader.statistics(since: since)
  }

  /// The part of the statistics that is cheap enough to ask for every few seconds.
  package func counts() async throws(StoreFailure) -> StoreStatistics {
    try await reader.read(StatisticsQueries.counts)
  }

  /// Returns the details of errors; see `StoreReader.fingerprint`. An explanation that is not stored yet is made from
  /// the first sample.
  package func fingerprint(idPrefix: String, now: Timestamp) async throws(StoreFailure) -> [FingerprintDetail] {
    // An older sample is better than no answer.
    try? await writeLatestSamples()
    return try await reader.fingerprint(idPrefix: idPrefix, now: now).map { detail in
      var detail = detail
      if detail.explanation.isEmpty, let message = detail.firstSample.octets {
        detail.explanation = explainer.text(Unexplained(message: message, packages: []))
      }
      return detail
    }
  }

  package func summaryFacts(_ query: SummaryQuery) async throws(StoreFailure) -> SummaryFacts {
    try await reader.summaryFacts(query)
  }

  package func siteAudiences(from: Timestamp, to: Timestamp) async throws(StoreFailure) -> [SiteAudience] {
    try await reader.siteAudiences(from: from, to: to)
  }

  /// The replacements of the database that have not been reported yet, oldest first, including those of earlier runs.
  package func untoldReplacements() async throws(StoreFailure) -> [StoreReplacement] {
    try await reader.read { try Replacer.untold($0) }
  }

  package func setting(_ key: String) async throws(StoreFailure) -> String? { try await reader.setting(key) }

  /// Reschedules the queue if the clock jumped back. A failure is no reason to stop delivering: delivery is what
  /// empties a full disk.
  private func watchClock(_ now: Timestamp) async {
    let before = noteClock(now)
    guard before?.isJump(to: now) ?? true else { return }
    do { try await commit { try QueueTable.reschedule(now: now, $0.db) } } catch {
      forgetClock()
      logger.event(.error, .queueNotRescheduled, [.error: "\(error)"])
    }
  }
}

extension Timestamp {
  /// True if a clock that showed this time and now shows `now` jumped back by more than a minute.
  func isJump(to now: Timestamp) -> Bool { since(now) > .seconds(60) }
}

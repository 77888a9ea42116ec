package import DedupCore
import Logging
package import MailMessage

// Everything here asks a reader connection and never holds up the writer. `StoreReader` says what each answers.
extension SQLiteStore: StoreReading {
  /// Mail to try now; see `StoreReader.due`. When `now` is more than a minute before what the last call said, or at the
  /// first call, everything that was scheduled in what is the future now is made due first: until a clock that jumped
  /// back catches up could take days (R13).
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

  /// What to deliver for an entry. Nil when there is no such entry, or when its message is damaged, or cannot be read
  /// for longer than `StoreLimits.readPatience`: then the entry has been set aside, so that `due` does not return it
  /// again, and the log says so.
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
    logger.error("a queued mail is damaged and was set aside", metadata: ["id": "\(id)", "reason": "\(reason)"])
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

  /// The part of the statistics that may be asked for every few seconds.
  package func counts() async throws(StoreFailure) -> StoreStatistics {
    try await reader.read(StatisticsQueries.counts)
  }

  /// See `StoreReader.fingerprint`. An explanation that is not stored yet is made from the first sample.
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

  /// Replacements of the database that nobody was told of yet, oldest first; also those of earlier runs.
  package func untoldReplacements() async throws(StoreFailure) -> [StoreReplacement] {
    try await reader.read { try Replacer.untold($0) }
  }

  package func setting(_ key: String) async throws(StoreFailure) -> String? { try await reader.setting(key) }

  /// A failure is no reason to stop delivering: a full disk is emptied by that.
  private func watchClock(_ now: Timestamp) async {
    let before = tell(now)
    guard before?.isJump(to: now) ?? true else { return }
    do { try await commit { try QueueTable.reschedule(now: now, $0.db) } } catch {
      forgetClock()
      logger.error("the queue was not adapted to the clock", metadata: ["error": "\(error)"])
    }
  }
}

extension Timestamp {
  /// Whether a clock that showed this and shows `now` jumped back.
  func isJump(to now: Timestamp) -> Bool { since(now) > .seconds(60) }
}

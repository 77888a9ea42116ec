package import DedupCore
import GRDB
import Glibc
import MailMessage
import Synchronization

/// Answers queries on a store without changing it. Each answer is one consistent snapshot, and a query never blocks the
/// writer.
///
/// `SQLiteStore` answers through one of these. On its own it serves `dedupctl` while the daemon is down: it takes no
/// lock, so the daemon may start or stop meanwhile.
///
/// Every method throws a `StoreFailure`: `.corrupt` if the database is damaged where it was read, `.closed` after the
/// store was closed, `.other` if the calling task was cancelled.
package final class StoreReader: StoreReading, Sendable {
  /// The database to query, and its generation.
  private let database: @Sendable () throws(StoreFailure) -> (any DatabaseReader, Int)
  private let failed: @Sendable (StoreFailure, Int) -> Void
  private let bodies: BodyFiles
  private let gate = ReadGate()
  private let policy: Mutex<WindowPolicy>

  /// Opens the store in `directory` for reading only. Throws if there is none, if it may not be read, if it is damaged,
  /// or if another version wrote it.
  ///
  /// - Parameter policy: the policy that tells which windows are open.
  package convenience init(readingDirectory directory: String, policy: WindowPolicy = WindowPolicy())
    throws(StoreFailure)
  {
    let files = StoreFiles(directory: directory)
    let database: any DatabaseReader
    do {
      _ = try FileIdentity(path: files.database)
      database = try Connection.openForReading(files, StoreLimits())
    } catch let fault as FileFault where fault.code == ENOENT {
      throw StoreFailure(.other, "there is no store in \(directory): no relay has used this directory yet")
    } catch {
      throw Faults.failure(error).about(files.database)
    }
    self.init({ (database, 0) }, BodyFiles(folder: files.bodies), policy)
  }

  /// Creates a reader on `database`.
  ///
  /// - Parameter failed: called with the failure of a query and the generation of the database that it was put to.
  init(
    _ database: @escaping @Sendable () throws(StoreFailure) -> (any DatabaseReader, Int), _ bodies: BodyFiles,
    _ policy: WindowPolicy,
    failed: @escaping @Sendable (StoreFailure, Int) -> Void = { _, _ in }
  ) {
    self.database = database
    self.failed = failed
    self.bodies = bodies
    self.policy = Mutex(policy)
  }

  func setPolicy(_ policy: WindowPolicy) { self.policy.withLock { $0 = policy } }

  /// Waits for running queries and refuses new ones.
  func close() { gate.close() }

  func read<T: Sendable>(_ query: @escaping @Sendable (Database) throws -> T) async throws(StoreFailure) -> T {
    try gate.enter()
    defer { gate.leave() }
    var generation = CurrentDatabase.none
    do {
      let (database, current) = try database()
      generation = current
      return try await database.read(query)
    } catch {
      let failure = Faults.failure(error)
      failed(failure, generation)
      throw failure
    }
  }
}

// The queue.
extension StoreReader {
  /// Returns the entries to try now, whose `nextAttempt` is not after `now`: ordinary mail first, oldest first. When
  /// fresh mail (no attempt yet) and retries compete for places, each gets half of them; so do the oldest and the
  /// newest if there is more fresh mail than places. All of it is one query, since the delivery side asks once for
  /// every few mails.
  ///
  /// - Parameters:
  ///   - octets: the limit on the messages that come with the entries.
  ///   - excluding: entries that are being handled already.
  /// - Returns: the mail, and the entries whose recipients are no longer known for certain.
  func due(
    _ filter: DueFilter = .all, now: Timestamp, limit: Int, octets: Int, excluding: Set<QueueID>
  ) async throws(StoreFailure) -> (mail: DueMail, damaged: [QueueID]) {
    try await read { [bodies] db in
      let found = try QueueQueries.due(filter, now: now, limit: limit, excluding: excluding, db)
      let others = excluding.union(found.entries.map(\.id)).union(found.damaged)
      let mail = DueMail(
        entries: found.entries, messages: try Self.messages(of: found.entries, octets: octets, bodies, db),
        next: try QueueQueries.nextDue(filter, excluding: others, db))
      return (mail, found.damaged)
    }
  }

  /// Returns the entries in the queue, oldest first, including damaged ones: their `lastFailure` begins with
  /// `set aside`.
  package func queue(_ filter: QueueFilter) async throws(StoreFailure) -> [QueueEntry] {
    try await read { try QueueQueries.all(filter, $0) }
  }

  package func queueIDs(in range: ClosedRange<QueueID>, limit: Int) async throws(StoreFailure) -> [QueueID] {
    try await read { try QueueQueries.ids(in: range, limit: limit, $0) }
  }

  package func queued(_ id: QueueID, octets: Int) async throws(StoreFailure) -> QueuedMessage? {
    try await read { [bodies] in
      guard let entry = try QueueQueries.shown(id, $0) else { return nil }
      guard octets > 0 else { return QueuedMessage(entry: entry, message: nil) }
      // The message is shown, not sent: a damaged one is left out.
      let found = try StoredMessage.load(id, bodies, $0, evenAside: true)
      guard case .intact(let message) = found else { return QueuedMessage(entry: entry, message: nil) }
      return QueuedMessage(entry: entry, message: try? message.prefix(octets))
    }
  }

  /// Returns the state of the queue. Damaged entries that were set aside do not count.
  package func queueStatus() async throws(StoreFailure) -> QueueStatus { try await read(QueueQueries.status) }

  /// Returns the messages of those of `entries` that are small, intact and not held, up to `octets` in all.
  private static func messages(
    of entries: [QueueEntry], octets: Int, _ bodies: BodyFiles, _ db: Database
  ) throws -> [QueueID: Message] {
    var messages: [QueueID: Message] = [:]
    var room = octets
    for entry in entries where entry.size <= room {
      guard case .intact(let message) = try StoredMessage.load(entry.id, bodies, db) else { continue }
      messages[entry.id] = message
      room -= entry.size
    }
    return messages
  }

  func load(_ id: QueueID) async throws(StoreFailure) -> StoredMessage.Loaded {
    try await read { [bodies] in try StoredMessage.load(id, bodies, $0) }
  }
}

// Errors and counts.
extension StoreReader {
  /// Returns the counts of all mail that was ever acknowledged.
  package func totals() async throws(StoreFailure) -> Totals {
    try await read { try TallyTable.totals(.min..<(.max), $0) }
  }

  /// Returns the fingerprints of which mail was held back, unless `query` says otherwise.
  package func fingerprints(_ query: FingerprintQuery, now: Timestamp) async throws(StoreFailure) -> [FingerprintRow] {
    let policy = policy.withLock { $0 }
    return try await read { try FingerprintQueries.rows(query, policy, now: now, $0) }
  }

  package func groupings() async throws(StoreFailure) -> [ErrorGrouping] { try await read(GroupingQueries.all) }

  package func statistics(since: Timestamp) async throws(StoreFailure) -> StoreStatistics {
    try await read { try StatisticsQueries.all(since: since, $0) }
  }

  /// Returns the fingerprints, at most 20, whose digest or full name (`version:digest`) begins with `idPrefix`. The
  /// same error in two sites is two fingerprints. An empty prefix matches nothing.
  package func fingerprint(idPrefix: String, now: Timestamp) async throws(StoreFailure) -> [FingerprintDetail] {
    let policy = policy.withLock { $0 }
    return try await read { try FingerprintQueries.details(idPrefix, policy, now: now, $0) }
  }

  /// Returns what happened in a period, widened to whole quarters of an hour and cut to its last 400 days. Periods that
  /// meet on a quarter neither overlap nor leave a gap. Only the errors that are listed are held with their texts.
  package func summaryFacts(_ query: SummaryQuery) async throws(StoreFailure) -> SummaryFacts {
    try await read { try SummaryQueries(query, $0).facts() }
  }

  package func siteAudiences(from: Timestamp, to: Timestamp) async throws(StoreFailure) -> [SiteAudience] {
    try await read { try SiteQueries.audiences(from.quarter..<max(from.quarter, to.quarterRoundedUp), $0) }
  }

  /// Returns a small fact stored by `SQLiteStore.setSetting`; nil if there is none.
  package func setting(_ key: String) async throws(StoreFailure) -> String? {
    try await read { try SettingTable.value(key, $0) }
  }
}

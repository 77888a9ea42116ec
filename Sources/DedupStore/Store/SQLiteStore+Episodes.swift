package import DedupCore
import GRDB

// Messages that become due without a mail coming in, and what the admin says about errors.
extension SQLiteStore {
  /// Queues the digests, including those of bounces, and the all-clears that are due at `now`, each in the transaction
  /// that records it. If none is due, the database is not written.
  ///
  /// - Returns: the time until the next one may be due; nil if none is foreseen.
  package func sendWhatIsDue(now: Timestamp) async throws(StoreFailure) -> Duration? {
    let period = writer.noticeMode.digestEvery
    let next = try await reader.read { db in
      try [
        DigestTable.next(now: now, every: period, db), DoubtTable.next(now: now, every: period, db),
        GatheredBounces.next(now: now, db),
        AllClears.next(db)?.since(now),
      ].compactMap { $0 }.min()
    }
    guard let next, next <= .zero else { return next }
    return try await commit { batch in
      try batch.allClear(now: now)
      try batch.sendGatheredBounces(now: now)
      return try batch.digest(now: now)
    }
  }

  /// Creates a silence and returns it with its ID.
  ///
  /// - Parameter isShared: true if it holds in the whole fleet.
  package func silence(_ silence: Silence, isShared: Bool = false) async throws(StoreFailure) -> Silence {
    try await commit { batch in
      let made = try SilenceTable.insert(silence, batch.db)
      return isShared ? try batch.share(made, at: silence.createdAt) ?? made : made
    }
  }

  /// Ends a silence. Returns nil if no silence has that ID, or if it ended before.
  ///
  /// - Parameter author: the person who ends it; nil if not given.
  package func endSilence(
    _ id: Int64, by author: String? = nil, at now: Timestamp
  ) async throws(StoreFailure) -> Silence? {
    try await commit { batch in
      guard var silence = try SilenceTable.find(id, batch.db), !silence.isOver(now: now) else { return nil }
      silence.ended = Silence.Ended(at: now, cause: .expired, author: author)
      try SilenceTable.write(silence, batch.db)
      try FleetRecords.note(silence, at: now, batch.db)
      return silence
    }
  }

  /// Marks errors as resolved: the next mail of each is sent as a regression. Silences that last until the error is
  /// resolved end.
  ///
  /// - Parameter isShared: true if that holds in the whole fleet.
  package func resolve(
    _ errors: [Int64], at now: Timestamp, isShared: Bool = false
  ) async throws(StoreFailure) {
    try await commit { batch in
      for id in errors {
        guard var known = try ErrorRow.find(id, batch.db) else { continue }
        known.record.resolve(at: now)
        try RecordColumns.write(known.record, to: id, batch.db)
        if isShared {
          try batch.ask(id, { (FleetRecord.resolve($0.name), .resolve(.init(error: $0))) }, at: now)
        }
      }
      for var silence in try SilenceTable.open(batch.db) where silence.end == .whenResolved {
        guard case .error(let id) = silence.scope, errors.contains(id) else { continue }
        silence.ended = Silence.Ended(at: now, cause: .resolved)
        try SilenceTable.write(silence, batch.db)
        try FleetRecords.note(silence, at: now, batch.db)
      }
    }
  }

  /// Lets the next mail of each error pass, whatever would hold it back.
  ///
  /// - Parameter shared: the time, if one mail of the whole fleet is to pass; nil: one of this relay.
  package func passNext(_ errors: [Int64], sharedAt shared: Timestamp? = nil) async throws(StoreFailure) {
    try await commit { batch in
      for id in errors {
        guard var known = try ErrorRow.find(id, batch.db) else { continue }
        known.record.passesNext = true
        try RecordColumns.write(known.record, to: id, batch.db)
        if let shared {
          try batch.ask(id, { (FleetRecord.pass($0.name), .pass(.init(error: $0))) }, at: shared)
        }
      }
    }
  }

  /// Merges `errors` into `target`, an error of the same site. From now on their mails count as mails of `target`,
  /// whatever later versions of the recogniser call them. Their counts so far are added to it. Errors of another site,
  /// and `target` itself, are left out.
  ///
  /// - Returns: the errors that were merged.
  package func merge(_ errors: [Int64], into target: Int64) async throws(StoreFailure) -> [Int64] {
    try await commit { batch in try errors.filter { try Merging.merge($0, into: target, batch.db) } }
  }

  /// Undoes `merge` for an error that was merged into another; an error that others were merged into releases them. Any
  /// other error is split if it has more than one variant: from now on each variant is an error of its own.
  package func split(_ error: Int64) async throws(StoreFailure) -> SplitResult? {
    try await commit { try Merging.split(error, $0.db) }
  }
}

extension StoreReader {
  /// Returns the silences, the newest first, at most a thousand; with `all`, those that ended as well.
  package func silences(all: Bool) async throws(StoreFailure) -> [SilenceRow] {
    try await read { db in
      let silences = all ? try SilenceTable.all(limit: 1000, db) : try SilenceTable.open(db).reversed()
      return try silences.map { silence in
        guard case .error(let row) = silence.scope else { return SilenceRow(silence: silence, error: nil) }
        return SilenceRow(silence: silence, error: try FingerprintQueries.named(row, db))
      }
    }
  }

  /// Returns the error with the given row; nil if there is none.
  package func error(row: Int64) async throws(StoreFailure) -> NamedError? {
    try await read { try FingerprintQueries.named(row, $0) }
  }

  /// Returns the errors that `idPrefix` names, as in `fingerprint(idPrefix:)`; only those of `site` if it is given.
  package func errors(idPrefix: String, site: String?) async throws(StoreFailure) -> [NamedError] {
    try await read { try FingerprintQueries.named(idPrefix, site: site, $0) }
  }
}

extension SQLiteStore {
  package func silences(all: Bool) async throws(StoreFailure) -> [SilenceRow] { try await reader.silences(all: all) }

  /// Returns the errors that `idPrefix` names; see `StoreReader.errors`.
  package func errors(idPrefix: String, site: String?) async throws(StoreFailure) -> [NamedError] {
    try await reader.errors(idPrefix: idPrefix, site: site)
  }

  /// Returns the error with the given row; see `StoreReader.error`.
  package func error(row: Int64) async throws(StoreFailure) -> NamedError? { try await reader.error(row: row) }
}

/// The result of `SQLiteStore.split`.
package enum SplitResult: Hashable, Sendable {
  /// The given number of merged errors are errors of their own again.
  case released(Int)
  /// Each variant is an error of its own from now on.
  case byVariant
  /// The error was split before.
  case alreadySplit
  /// All mails of the error are alike: there is nothing to split, and nothing was done.
  case singleVariant
}

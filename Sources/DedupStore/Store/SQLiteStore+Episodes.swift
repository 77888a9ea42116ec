package import DedupCore
import GRDB

// What becomes due without a mail, and what the admin says about errors.
extension SQLiteStore {
  /// Queues the digests, those of bounces included, and the all-clears that are due at `now`, each in the transaction that says so. When none is, the
  /// database is not written.
  ///
  /// - Returns: how long until the next one may be due; nil: none is foreseen.
  package func tellWhatIsDue(now: Timestamp) async throws(StoreFailure) -> Duration? {
    let period = writer.telling.digestEvery
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
      try batch.tellGatheredBounces(now: now)
      return try batch.digest(now: now)
    }
  }

  /// Makes a silence; its id is in the answer.
  package func silence(_ silence: Silence) async throws(StoreFailure) -> Silence {
    try await commit { try SilenceTable.insert(silence, $0.db) }
  }

  /// Ends a silence. Nil when there is none of that id, or it ended before.
  ///
  /// - Parameter author: who says so; nil: nobody said who.
  package func endSilence(
    _ id: Int64, by author: String? = nil, at now: Timestamp
  ) async throws(StoreFailure) -> Silence? {
    try await commit { batch in
      guard var silence = try SilenceTable.find(id, batch.db), !silence.isOver(now: now) else { return nil }
      silence.ended = Silence.Ended(at: now, cause: .expired, author: author)
      try SilenceTable.write(silence, batch.db)
      return silence
    }
  }

  /// Marks errors as resolved: the next mail of each goes out as a regression. Silences that wait for that end.
  package func resolve(_ errors: [Int64], at now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      for id in errors {
        guard var known = try ErrorRow.find(id, batch.db) else { continue }
        known.record.resolve(at: now)
        try RecordColumns.write(known.record, to: id, batch.db)
      }
      for var silence in try SilenceTable.open(batch.db) where silence.end == .whenResolved {
        guard case .error(let id) = silence.scope, errors.contains(id) else { continue }
        silence.ended = Silence.Ended(at: now, cause: .resolved)
        try SilenceTable.write(silence, batch.db)
      }
    }
  }

  /// Lets the next mail of each error out, whatever holds it back.
  package func passNext(_ errors: [Int64]) async throws(StoreFailure) {
    try await commit { batch in
      for id in errors {
        guard var known = try ErrorRow.find(id, batch.db) else { continue }
        known.record.passesNext = true
        try RecordColumns.write(known.record, to: id, batch.db)
      }
    }
  }

  /// Makes `errors` one with `target`, an error of the same site: from now on their mails count as its own, whatever
  /// later versions of the recogniser call them. Their counts so far are added to it. Those of another site, and
  /// `target` itself, are left out.
  ///
  /// - Returns: those that were merged.
  package func merge(_ errors: [Int64], into target: Int64) async throws(StoreFailure) -> [Int64] {
    try await commit { batch in try errors.filter { try Merging.merge($0, into: target, batch.db) } }
  }

  /// Undoes `merge` for an error that was merged into another; one that others were merged into lets them go. Any other
  /// is split, if it has more than one variant: from now on each of them is an error of its own.
  package func split(_ error: Int64) async throws(StoreFailure) -> SplitResult? {
    try await commit { try Merging.split(error, $0.db) }
  }
}

extension StoreReader {
  /// Silences, the newest first; those that ended included if `all`. A thousand at most.
  package func silences(all: Bool) async throws(StoreFailure) -> [SilenceRow] {
    try await read { db in
      let silences = all ? try SilenceTable.all(limit: 1000, db) : try SilenceTable.open(db).reversed()
      return try silences.map { silence in
        guard case .error(let row) = silence.scope else { return SilenceRow(silence: silence, error: nil) }
        return SilenceRow(silence: silence, error: try FingerprintQueries.named(row, db))
      }
    }
  }

  /// The error of a row.
  package func error(row: Int64) async throws(StoreFailure) -> NamedError? {
    try await read { try FingerprintQueries.named(row, $0) }
  }

  /// The errors that `idPrefix` names, as in `fingerprint(idPrefix:)`, in one site if it is given.
  package func errors(idPrefix: String, site: String?) async throws(StoreFailure) -> [NamedError] {
    try await read { try FingerprintQueries.named(idPrefix, site: site, $0) }
  }
}

extension SQLiteStore {
  package func silences(all: Bool) async throws(StoreFailure) -> [SilenceRow] { try await reader.silences(all: all) }

  /// See `StoreReader.errors`.
  package func errors(idPrefix: String, site: String?) async throws(StoreFailure) -> [NamedError] {
    try await reader.errors(idPrefix: idPrefix, site: site)
  }

  /// See `StoreReader.error`.
  package func error(row: Int64) async throws(StoreFailure) -> NamedError? { try await reader.error(row: row) }
}

/// What `SQLiteStore.split` did.
package enum SplitResult: Hashable, Sendable {
  /// So many errors that were merged stand on their own again.
  case released(Int)
  /// Each variant is an error of its own from now on.
  case byVariant
  /// It was split before.
  case alreadySplit
  /// All of its mails are alike: there is nothing to split, and nothing was done.
  case singleVariant
}

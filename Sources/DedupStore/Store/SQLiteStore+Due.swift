package import DedupCore

extension SQLiteStore {
  /// Makes these due at once that wait for a later attempt, and wakes whoever delivers.
  package func makeDue(_ ids: some Collection<QueueID> & Sendable, now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      for id in ids { try QueueTable.makeDue(id, now: now, batch.db) }
      batch.effects.added.addOther()
    }
  }

  /// Makes everything that waits for a later attempt due at once, and wakes whoever delivers. Attempts and ages stay.
  package func makeDue(now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      try QueueTable.makeDue(now: now, batch.db)
      batch.effects.added.addOther()
    }
  }
}

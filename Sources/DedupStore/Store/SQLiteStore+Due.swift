package import DedupCore

extension SQLiteStore {
  /// Makes the given entries due at once if they wait for a later attempt, and wakes the delivery side.
  package func makeDue(_ ids: some Collection<QueueID> & Sendable, now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      for id in ids { try QueueTable.makeDue(id, now: now, batch.db) }
      batch.effects.added.addOther()
    }
  }

  /// Makes everything that waits for a later attempt due at once, and wakes the delivery side. Attempts and ages stay
  /// the same.
  package func makeDue(now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      try QueueTable.makeDue(now: now, batch.db)
      batch.effects.added.addOther()
    }
  }
}

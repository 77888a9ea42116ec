package import DedupCore

extension SQLiteStore {
  /// Makes everything that waits for a later attempt due at once, and wakes whoever delivers. Attempts and ages stay.
  package func makeDue(now: Timestamp) async throws(StoreFailure) {
    try await commit { batch in
      try QueueTable.makeDue(now: now, batch.db)
      batch.effects.added.addOther()
    }
  }
}

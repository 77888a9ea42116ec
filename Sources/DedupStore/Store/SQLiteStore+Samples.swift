package import DedupCore
import Dispatch
import GRDB

// The mails that are kept for people to look at.
extension SQLiteStore {
  /// Returns the number and size of the samples that `purgeSamples` would remove.
  package func samples(_ selection: SampleSelection, now: Timestamp) async throws(StoreFailure) -> SampleCount {
    try await writeLatestSamples()
    return try await reader.read { try SampleRemoval.find(selection, now: now, $0).count }
  }

  /// Removes samples for good: when this returns, their octets are in no file of the store any more. Databases that
  /// were set aside are left alone; `setAside` lists them. The queue, counts and titles of errors stay.
  ///
  /// - Returns: the number and size of the removed samples.
  package func purgeSamples(_ selection: SampleSelection, now: Timestamp) async throws(StoreFailure) -> SampleCount {
    // A sample that is written later would reappear.
    try await writeLatestSamples()
    let found = try await reader.read { try SampleRemoval.find(selection, now: now, $0) }
    for start in stride(from: 0, to: found.rows.count, by: SampleRemoval.rowsAStep) {
      let step = found.rows[start..<min(found.rows.count, start + SampleRemoval.rowsAStep)]
      try await commit { try SampleRemoval.remove(step, $0.db) }
    }
    while try await wipe(Wiping.step) {}
    try await wipe(Wiping.emptyLog)
    return found.count
  }

  /// Writes the samples that `LatestSamples` holds back, so that a caller that asks for samples sees the latest.
  func writeLatestSamples() async throws(StoreFailure) {
    guard writer.holdsSamples else { return }
    try await commit { try $0.writeLatestSamples() }
  }

  /// Runs `work` between transactions, off the callers' threads, since it takes as long as the disk does.
  private func wipe<Output: Sendable>(
    _ work: @escaping @Sendable (Database) throws -> Output
  ) async throws(StoreFailure) -> Output {
    let result: Result<Output, StoreFailure> = await withCheckedContinuation { done in
      wiping.async { [writer] in
        done.resume(returning: Result { try writer.outsideTransaction(work) }.mapError(Faults.failure))
      }
    }
    return try result.get()
  }
}

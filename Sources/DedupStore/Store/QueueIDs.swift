package import DedupCore
import Synchronization

/// The source of all queue IDs of this process: for mail that arrives, and for each kind of mail of our own.
///
/// The 20 bits beside the milliseconds count up from one ID to the next. So two IDs of one process can only collide
/// after a million others, within the same millisecond of a clock that was set back. If an ID was used by another
/// process, or by this one in that case, the store detects it when it writes the entry and takes the next free ID
/// (`QueueTable.insert`).
package enum QueueIDs {
  private static let count = Atomic<UInt32>(.random(in: 0 ... .max))

  /// Returns an ID that this process has not given out.
  package static func next(at now: Timestamp) -> QueueID {
    QueueID(at: now, salt: count.wrappingAdd(1, ordering: .relaxed).newValue)
  }
}

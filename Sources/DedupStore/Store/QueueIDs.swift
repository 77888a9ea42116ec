package import DedupCore
import Synchronization

/// Where all queue ids of this process come from: mail that arrives, and each kind of mail of our own.
///
/// The 20 bits beside the milliseconds count on from one id to the next. So two ids of one process can only meet after a
/// million others, within the same millisecond of a clock that was set back. What another process used, or this one in
/// that case, the store finds when it writes the entry, and then takes the next free id (`QueueTable.insert`).
package enum QueueIDs {
  private static let count = Atomic<UInt32>(.random(in: 0 ... .max))

  /// An id that this process has not given out.
  package static func next(at now: Timestamp) -> QueueID {
    QueueID(at: now, salt: count.wrappingAdd(1, ordering: .relaxed).newValue)
  }
}

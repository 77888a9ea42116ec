import Glibc

/// What a thread of ours may take from others.
package enum ThreadPriority {
  /// SCHED_BATCH: C sees it with _GNU_SOURCE only, and Swift not at all.
  private static let batch: CInt = 3

  /// Has the calling thread take its turn instead of interrupting whoever runs when it wakes up (sched(7)). It gets as
  /// much of the processor as before. Where the system does not allow it, all stays as it is.
  package static func waitForTurn() {
    var none = sched_param()
    _ = sched_setscheduler(0, batch, &none)
  }
}

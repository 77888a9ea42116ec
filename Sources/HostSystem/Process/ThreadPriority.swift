import Glibc

/// The scheduling priority of a thread of ours against others.
package enum ThreadPriority {
  /// The value of SCHED_BATCH: C sees it with _GNU_SOURCE only, and Swift not at all.
  private static let batch: CInt = 3

  /// Makes the calling thread wait for its turn instead of interrupting the running thread when it wakes up (sched(7)).
  /// It gets as much of the processor as before. If the system does not allow it, nothing changes.
  package static func waitForTurn() {
    var none = sched_param()
    _ = sched_setscheduler(0, batch, &none)
  }
}

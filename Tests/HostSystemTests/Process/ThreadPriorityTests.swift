import Foundation
import Testing

@testable import HostSystem

import Glibc

@Suite struct ThreadPriorityTests {
  @Test("a thread that waits for its turn has the policy for that (SCHED_BATCH, 3 in sched.h); others keep theirs")
  func waitForTurn() async {
    let before = sched_getscheduler(getpid())
    let policy = await withCheckedContinuation { done in
      let thread = Thread {
        ThreadPriority.waitForTurn()
        done.resume(returning: sched_getscheduler(0))
      }
      thread.start()
    }
    #expect(policy == 3)
    #expect(sched_getscheduler(getpid()) == before)
  }
}

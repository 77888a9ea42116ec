import Foundation
import Testing

@testable import HostSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#endif

@Suite struct ThreadPriorityTests {
  @Test("a thread that waits for its turn has the policy for that (SCHED_BATCH is 3 in sched.h), and no other one has")
  func waitForTurn() async {
    let policy = await withCheckedContinuation { done in
      let thread = Thread {
        ThreadPriority.waitForTurn()
        done.resume(returning: sched_getscheduler(0))
      }
      thread.start()
    }
    #expect(policy == 3)
    #expect(sched_getscheduler(getpid()) == 0)
  }
}

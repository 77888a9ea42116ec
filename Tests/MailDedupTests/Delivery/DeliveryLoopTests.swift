import NIOCore
import Testing

@testable import MailDedup

import Glibc

@Suite struct DeliveryLoopTests {
  @Test("deliveries run on the loop's thread, which does not interrupt others (SCHED_BATCH, 3 in sched.h)")
  func policy() async throws {
    let loop = DeliveryLoop()
    let policy = await withTaskExecutorPreference(loop) { sched_getscheduler(0) }
    #expect(policy == 3)
    try await loop.group.shutdownGracefully()
  }
}

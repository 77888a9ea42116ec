import HostSystem
import NIOCore
import NIOPosix

/// The thread on which mail is delivered. The connections to the next hop and the tasks that use them share one event
/// loop, so that a mail on its way out changes threads only to be recorded. Nothing on it may block.
///
/// No client waits for it, so it does not interrupt the threads on which web requests hand over their mail.
final class DeliveryLoop: TaskExecutor {
  let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
  private let loop: any EventLoop

  init() {
    loop = group.next()
    loop.execute { ThreadPriority.waitForTurn() }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    loop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
  }
}

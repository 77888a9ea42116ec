import DedupConfig
import DedupCore
import Logging
import NIOCore

/// Where queued mail goes, and what follows when it does not get there.
struct Route: Sendable {
  var transport: any Transport
  var retry: RetryPolicy
  var bounces: BounceWriter
  /// Deliveries under way at once.
  var concurrency: Int
  /// How often mail was sent another way since the start.
  var turns = 0

  init(transport: any Transport, retry: RetryPolicy, bounces: BounceWriter, concurrency: Int) {
    self.transport = transport
    self.retry = retry
    self.bounces = bounces
    self.concurrency = concurrency
  }
}

extension Route {
  /// - Throws: `StartFailure` when the certificates to trust cannot be read.
  init(
    _ delivery: Configuration.Delivery, hostname: String, group: any EventLoopGroup, logger: Logger
  ) throws(StartFailure) {
    self.init(
      transport: try NextHop.transport(delivery, hostname: hostname, group: group, logger: logger),
      retry: delivery.retry,
      bounces: BounceWriter(hostname: hostname, policy: delivery.retry, postmaster: delivery.postmaster),
      concurrency: delivery.connections)
  }
}

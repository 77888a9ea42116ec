import DedupConfig
import DedupCore
import HostSystem
import Logging
import MailMessage
import NIOCore

/// Where queued mail goes, and what follows when it does not get there.
struct Route: Sendable {
  var transport: any Transport
  var retry: RetryPolicy
  var bounces: BounceWriter
  /// What of it leaves encrypted.
  var encryption = ErrorMailEncryption.off
  /// Deliveries under way at once.
  var concurrency: Int
  /// How often mail was sent another way since the start.
  var turns = 0

  init(
    transport: any Transport, retry: RetryPolicy, bounces: BounceWriter, encryption: ErrorMailEncryption = .off,
    concurrency: Int
  ) {
    self.transport = transport
    self.retry = retry
    self.bounces = bounces
    self.encryption = encryption
    self.concurrency = concurrency
  }
}

extension Route {
  /// - Throws: `StartFailure` when the certificates to trust cannot be read, or those of the admins cannot be used.
  init(
    _ configuration: Configuration, largeMessages: any LargeMessages, hostname: String, group: any EventLoopGroup,
    logger: Logger
  ) throws(StartFailure) {
    let delivery = configuration.delivery
    self.init(
      transport: try NextHop.transport(delivery, hostname: hostname, group: group, logger: logger),
      retry: delivery.retry,
      bounces: BounceWriter(hostname: hostname, policy: delivery.retry, postmaster: delivery.postmaster),
      encryption: try ErrorMailEncryption(
        configuration.encryption, largeMessages: largeMessages, now: WallClock.now()),
      concurrency: delivery.connections)
  }
}

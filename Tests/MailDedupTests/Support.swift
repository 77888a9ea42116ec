import DedupCore
import MailMessage

@testable import MailDedup

extension Destinations {
  /// Three at once.
  init(_ transport: any Transport, _ policy: RetryPolicy = RetryPolicy(), postmaster: EmailAddress? = nil) {
    self.init(
      transport: transport, retry: policy,
      bounces: BounceWriter(hostname: "relay.example", policy: policy, postmaster: postmaster), concurrency: 3)
  }
}

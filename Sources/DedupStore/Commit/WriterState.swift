import DedupCore

/// The state that the thread that commits shares with other threads. It is one value, so that a transaction takes all
/// of it at once.
struct WriterState {
  /// The policy for windows, from the next batch on. A reload sets it.
  var policy: WindowPolicy
  /// The way in which errors are reported, from the next batch on. The limits of the next hops set it.
  var noticeMode = NoticeMode.oneByOne
  /// The number of recipients that may still be told of errors one by one before errors wait for digests; nil: any.
  var noticeRoom: Int?
  /// The time for which samples and history are kept, from the next idle moment on. A reload sets it.
  var retention: Retention
  /// The packages of all envelopes, as far as they are durable. The thread that commits sets them; whoever judges reads
  /// them.
  var packages = SitePackages()
  /// True if samples wait to be written, which only the thread that commits has (`DatabaseMemory`).
  var holdsSamples = false
  /// The number of transactions begun so far.
  var transactions = 0

  init(policy: WindowPolicy, retention: Retention) {
    self.policy = policy
    self.retention = retention
  }
}

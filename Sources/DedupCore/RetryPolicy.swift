/// When a deferred mail is tried again, and when we give up.
///
/// Attempt 1 fails: 30 s; then 1, 2, 5, 10, 20 and 30 min; from the 8th on 1 h each; every wait ±20 %.
/// RFC 5321 section 4.5.4.1 asks for at least 4 to 5 days before giving up.
package struct RetryPolicy: Hashable, Sendable {
  /// Wait after the first, second, … failed attempt; the last one repeats.
  package var waits: [Duration] = [30, 60, 120, 300, 600, 1200, 1800, 3600].map { .seconds($0) }
  /// Age at which a mail that still is not delivered comes back to its sender.
  package var expire: Duration = .seconds(5 * 86_400)
  /// Share of the wait by which it is shortened or lengthened at random, so that a backlog does not come in one burst.
  package var jitter = 0.2

  package init() {}

  /// - Parameters:
  ///   - attempts: failed attempts so far, at least 1.
  ///   - random: a number from -1 to 1.
  package func wait(after attempts: Int, random: Double) -> Duration {
    guard let last = waits.last else { return .seconds(3600) }
    let base = waits.indices.contains(attempts - 1) ? waits[max(0, attempts - 1)] : last
    return base * (1 + jitter * min(1, max(-1, random)))
  }

  /// Whether a mail queued at `queuedAt` has waited too long.
  package func isExpired(queuedAt: Timestamp, now: Timestamp) -> Bool { now.since(queuedAt) >= expire }
}

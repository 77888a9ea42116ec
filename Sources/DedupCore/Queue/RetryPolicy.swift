/// When a deferred mail is tried again, and when we give up.
///
/// Attempt 1 fails: 30 s; then 1, 2, 5, 10, 20 and 30 min; from the 8th on 1 h each; every wait ±20 %.
/// RFC 5321 section 4.5.4.1 asks for at least 4 to 5 days before giving up.
package struct RetryPolicy: Hashable, Sendable {
  /// Wait after the first, second, … failed attempt; the last one repeats.
  package var waits: [Duration] = [30, 60, 120, 300, 600, 1200, 1800, 3600].map { .seconds($0) }
  /// Age at which a mail that still is not delivered comes back to its sender.
  package var expire: Duration = .seconds(5 * 86_400)
  /// Age at which the sender is told that a mail is late but still being tried.
  package var delayNotice: Duration = .seconds(4 * 3600)
  /// Attempts without which no mail is given up, whatever its age: a clock set forward, or a relay that was switched
  /// off for a week, must not bounce mail that was hardly tried. 8 attempts take a little over an hour.
  package var fewestAttempts = 8
  /// The first wait after a connection that was lost before the last answer: such a mail may have been taken or not, and
  /// waiting longer does not tell.
  package static let waitForLostAnswer = Duration.seconds(2)
  /// How long the way has to have been closed, looked at all the time, to count as much as these.
  package static let wayTried = Duration.seconds(3600)
  /// Share of the wait by which it is shortened or lengthened at random, so that a backlog does not come in one burst.
  package var jitter = 0.2

  package init() {}

  /// - Parameters:
  ///   - attempts: failed attempts so far, at least 1.
  ///   - random: a number from -1 to 1.
  package func wait(after attempts: Int, random: Double) -> Duration {
    guard let last = waits.last else { return .seconds(3600) }
    let index = max(1, attempts) - 1
    let factor = 1 + jitter * min(1, max(-1, random))
    let base = waits.indices.contains(index) ? waits[index] : last
    // Not a number fails both comparisons; a duration times that would trap.
    return factor >= 0 && factor <= 10 ? base * factor : base
  }

  /// Whether a mail queued at `queuedAt` has waited too long.
  package func isExpired(queuedAt: Timestamp, now: Timestamp) -> Bool { now.since(queuedAt) >= expire }

  /// Whether a mail that is tried next at `nextAttempt` is to be tried now. A time further away than any wait of ours
  /// comes from a clock that was set back since; waiting for it could stall the queue for days.
  package func isDue(nextAttempt: Timestamp, now: Timestamp) -> Bool {
    nextAttempt <= now || nextAttempt.since(now) > longestWait
  }

  /// Whether the sender of `entry`, which was just deferred again, is to be told that it is late.
  ///
  /// - Parameter isHeldUp: it was not, since the way is closed.
  package func isDelayNoticeDue(for entry: QueueEntry, now: Timestamp, isHeldUp: Bool = false) -> Bool {
    !entry.delayNotified && (entry.attempts > 0 || isHeldUp) && now.since(entry.queuedAt) >= delayNotice
      && !isExpired(queuedAt: entry.queuedAt, now: now) && DeliveryStatusNotification.isDue(for: entry)
  }

  private var longestWait: Duration { (waits.max() ?? .seconds(3600)) * 2 }
}

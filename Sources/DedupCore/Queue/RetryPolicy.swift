/// The policy for when a deferred mail is tried again and when it is given up.
///
/// The wait is 30 s after the first failed attempt, then 1, 2, 5, 10, 20 and 30 min, and 1 h each from the 8th
/// on. Every wait varies by ±20 %. RFC 5321 section 4.5.4.1 asks for at least 4 to 5 days before giving up.
package struct RetryPolicy: Hashable, Sendable {
  /// The waits after the first, second, … failed attempt. The last one repeats.
  package var waits: [Duration] = [30, 60, 120, 300, 600, 1200, 1800, 3600].map { .seconds($0) }
  /// The age at which an undelivered mail is returned to its sender.
  package var expire: Duration = .seconds(5 * 86_400)
  /// The age at which the sender is told that a mail is late but still being tried.
  package var delayNotice: Duration = .seconds(4 * 3600)
  /// The number of attempts before which no mail is given up, whatever its age: a clock set forward, or a relay that
  /// was switched off for a week, must not bounce mail that was hardly tried. 8 attempts take a little over an hour.
  package var fewestAttempts = 8
  /// The first wait after a connection that was lost before the last reply. The next hop may or may not have accepted
  /// such a mail, and waiting longer does not settle the question.
  static let waitForLostAnswer = Duration.seconds(2)
  /// The first two waits after refusals for the rate; each further two are twice as long, up to that of any other mail.
  static let waitForRate = Duration.seconds(2)
  /// The time for which the route must have been closed, while checked continuously, to count as much as
  /// `fewestAttempts`.
  static let wayTried = Duration.seconds(3600)
  /// The share of a wait by which it is randomly shortened or lengthened, so that a backlog does not arrive in one
  /// burst.
  package var jitter = 0.2

  package init() {}

  /// Returns the wait before the next attempt.
  ///
  /// - Parameters:
  ///   - attempts: the number of failed attempts so far, at least 1.
  ///   - random: a number from -1 to 1.
  ///   - isRateLimited: true if the next hop refused it only because it takes less at a time. A rate is over within
  ///     seconds, and a next hop that is left idle meanwhile drains a backlog in several times the time.
  package func wait(after attempts: Int, random: Double, isRateLimited: Bool = false) -> Duration {
    guard let last = waits.last else { return .seconds(3600) }
    let index = max(1, attempts) - 1
    let factor = 1 + jitter * min(1, max(-1, random))
    var base = waits.indices.contains(index) ? waits[index] : last
    if isRateLimited { base = min(base, Self.waitForRate * (1 << min(index / 2, 20))) }
    // NaN fails both comparisons. Multiplying a duration by it would trap.
    return factor >= 0 && factor <= 10 ? base * factor : base
  }

  /// Returns true if a mail queued at `queuedAt` has waited too long.
  package func isExpired(queuedAt: Timestamp, now: Timestamp) -> Bool { now.since(queuedAt) >= expire }

  /// Returns true if a mail whose next attempt is at `nextAttempt` is to be tried now. A time further away than any
  /// wait of ours comes from a clock that was set back since. Waiting for it could stall the queue for days.
  package func isDue(nextAttempt: Timestamp, now: Timestamp) -> Bool {
    nextAttempt <= now || nextAttempt.since(now) > longestWait
  }

  /// Returns true if the sender of `entry`, which was just deferred again, is to be told that it is late.
  ///
  /// - Parameter isHeldUp: true if the mail was not tried because the route is closed.
  package func isDelayNoticeDue(for entry: QueueEntry, now: Timestamp, isHeldUp: Bool = false) -> Bool {
    !entry.delayNotified && (entry.attempts > 0 || isHeldUp) && now.since(entry.queuedAt) >= delayNotice
      && !isExpired(queuedAt: entry.queuedAt, now: now) && DeliveryStatusReport.isDue(for: entry)
  }

  private var longestWait: Duration { (waits.max() ?? .seconds(3600)) * 2 }
}

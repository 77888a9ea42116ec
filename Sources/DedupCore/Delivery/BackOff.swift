/// The time for which a host that just failed is not asked again, so that a dead host costs one connection now and then
/// and not one for each waiting mail.
///
/// Failure 1: 30 s; then 1, 2 and 4 min; from the fifth on 5 min. Failures during the wait (of mails that were already
/// under way) do not count.
package struct BackOff: Hashable, Sendable {
  /// The wait after the first failure.
  package var shortest: Duration
  package var longest: Duration

  package init(shortest: Duration = .seconds(30), longest: Duration = .seconds(300)) {
    self.shortest = shortest
    self.longest = longest
  }

  /// Creates the back-off that suits `retry`: when a mail is due again, its host must not still be left alone.
  package init(for retry: RetryPolicy) {
    let first = retry.waits.first ?? .seconds(30)
    let last = retry.waits.max() ?? .seconds(300)
    let least = 1 - min(1, max(0, retry.jitter))
    self.init(shortest: min(.seconds(30), first * least), longest: min(.seconds(300), last * least))
  }

  /// - Parameter failures: the number of failures in a row, at least 1.
  package func wait(after failures: Int) -> Duration {
    // 2^20 times is beyond any sensible `longest`, and fits into a Duration.
    let doublings = min(max(0, failures - 1), 20)
    return max(min(shortest * (1 << doublings), longest), shortest)
  }
}

/// How long a host that just failed is not asked again, so that a dead one costs one connection now and then and not one
/// for each mail that waits.
///
/// Failure 1: 30 s; then 1, 2 and 4 min; from the fifth on 5 min. Failures while it is left alone (of mails that were on
/// their way already) do not count.
package struct BackOff: Hashable, Sendable {
  /// After the first failure.
  package var shortest: Duration
  package var longest: Duration

  package init(shortest: Duration = .seconds(30), longest: Duration = .seconds(300)) {
    self.shortest = shortest
    self.longest = longest
  }

  /// The one that suits `retry`: a mail that waited for its turn shall not find the host still left alone.
  package init(for retry: RetryPolicy) {
    let first = retry.waits.first ?? .seconds(30)
    let last = retry.waits.max() ?? .seconds(300)
    let least = 1 - min(1, max(0, retry.jitter))
    self.init(shortest: min(.seconds(30), first * least), longest: min(.seconds(300), last * least))
  }

  /// - Parameter failures: in a row, at least 1.
  package func wait(after failures: Int) -> Duration {
    // 2^20 times is beyond any longest that makes sense, and stays within a Duration.
    let doublings = min(max(0, failures - 1), 20)
    return max(min(shortest * (1 << doublings), longest), shortest)
  }
}

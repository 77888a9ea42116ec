/// Final rejections, in a row, of the mails that told of one error.
///
/// The next mail of the error goes out at growing distances, so that a next hop which rejects everything is not sent
/// one mail for each error report. Distance 1: after 1 mail or 1 min, whichever comes first; then 2, 5, 10, 30, 100,
/// 300 and 1,000 of either, and never longer than the window would have been. 1,000 reports that are all rejected are
/// 8 mails.
package struct Rejection: Hashable, Sendable, Codable {
  /// In a row, at least 1.
  package var count: Int
  /// When the latest one was recorded.
  package var at: Timestamp
  /// Mails of the error seen in all by then.
  package var total: Int

  package init(count: Int, at: Timestamp, total: Int) {
    self.count = count
    self.at = at
    self.total = total
  }

  /// Mails, or minutes, after the first, second, … rejection in a row; the last one repeats.
  static let distances = [1, 2, 5, 10, 30, 100, 300, 1000]

  /// Whether a mail of the error may go out again.
  ///
  /// - Parameters:
  ///   - total: mails of the error seen in all, the one at hand included.
  ///   - window: how long the error would be held back after a mail that arrived.
  package func allowsNext(total seen: Int, window: Duration, now: Timestamp) -> Bool {
    let distance = Self.distances[min(max(count, 1), Self.distances.count) - 1]
    if seen.saturatingAdding(-total) >= distance { return true }
    let elapsed = now.since(at)
    // A clock that was set back must not hide the error until it catches up.
    return elapsed >= min(.seconds(60 * distance), window) || elapsed < .zero - WindowPolicy.tolerance
  }
}

/// The consecutive final rejections of mails that reported one error.
///
/// The next mail of the error is forwarded at growing distances, so that a next hop which rejects everything does not
/// get one mail for each error report. The first distance is 1 mail or 1 min, whichever comes first. The next ones are
/// 2, 5, 10, 30, 100, 300 and 1,000 of either, and none is longer than the window would have been. If 1,000 reports are
/// all rejected, 8 mails are sent.
package struct Rejection: Hashable, Sendable, Codable {
  /// The number of consecutive rejections, at least 1.
  package var count: Int
  /// The time when the latest rejection was recorded.
  package var at: Timestamp
  /// The number of mails of the error ever seen when the latest rejection was recorded.
  package var total: Int

  package init(count: Int, at: Timestamp, total: Int) {
    self.count = count
    self.at = at
    self.total = total
  }

  /// The distances in mails or minutes after the first, second, … consecutive rejection. The last one repeats.
  static let distances = [1, 2, 5, 10, 30, 100, 300, 1000]

  /// Returns true if a mail of the error may be forwarded again.
  ///
  /// - Parameters:
  ///   - total: the number of mails of the error ever seen, including the current one.
  ///   - window: the time for which the error would be held back after a mail that was not rejected.
  package func allowsNext(total seen: Int, window: Duration, now: Timestamp) -> Bool {
    let distance = Self.distances[min(max(count, 1), Self.distances.count) - 1]
    if seen.saturatingAdding(-total) >= distance { return true }
    let elapsed = now.since(at)
    // A clock that was set back must not hide the error until it catches up.
    return elapsed >= min(.seconds(60 * distance), window) || elapsed < .zero - WindowPolicy.tolerance
  }
}

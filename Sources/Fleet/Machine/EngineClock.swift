/// The engine's clock beside the relay's own, which never jumps. A clock that was set back would make every window of
/// the fleet longer by as much, so answers under it hold nothing back.
package struct EngineClock: Sendable {
  package enum Course: Hashable, Sendable {
    case steady
    /// The clock was set back by at least as much since it was first read.
    case setBack(by: Duration)
  }

  /// The time that the engine's clock may lose at once: the rounding to milliseconds, and a small correction.
  private static let tolerance = Duration.seconds(1)
  /// The share by which either clock may be slow. Undisciplined quartz is within a tenth of that, slewing within a half.
  private static let drift = 0.001
  /// The least that the engine's time can be ahead of our own, and when that was known; nil before the first answer.
  private var least: (offset: Duration, at: Duration)?

  package init() {}

  /// Reads the time of an answer, which the engine wrote between `sentAt` and `now`.
  package mutating func read(_ engineTime: Int64, sentAt: Duration, now: Duration) -> Course {
    let time = Duration.milliseconds(engineTime)
    // The true offset lies between these two.
    let (low, high) = (time - now, time - sentAt)
    guard let least else {
      self.least = (low, now)
      return .steady
    }
    let known = least.offset - max(.zero, now - least.at) * Self.drift
    if known - high > Self.tolerance { return .setBack(by: known - high) }
    self.least = (max(known, low), now)
    return .steady
  }
}

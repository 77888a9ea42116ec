/// The time used for ages, such as how long a mail has waited or how long data has been kept. It follows the wall
/// clock, but a jump ahead counts only once it has lasted: a clock that is days ahead for some seconds must neither
/// bounce waiting mail nor erase kept data. A jump back is followed at once, since it makes nothing older.
package struct SeenTime: Hashable, Sendable {
  /// The lead of the wall clock over the time seen to pass that is still accepted. Clocks are corrected by seconds.
  package static let tolerance = Duration.seconds(60)
  /// The time for which a jump has to last before it counts.
  package static let patience = Duration.seconds(3600)
  /// The longest downtime of a relay for which its clock is believed at the start.
  static let longestDown = Duration.seconds(2 * 86_400)

  package private(set) var time: Timestamp
  /// The time for which the wall clock has been ahead, or nil if it is not.
  private var aheadFor: Duration?

  /// Creates the time at the start of a relay.
  ///
  /// - Parameter remembered: the time when the relay last ran, or nil if it is not known.
  package init(remembered: Timestamp?, wall: Timestamp) {
    guard let remembered, wall.since(remembered) > Self.longestDown else {
      time = wall
      return
    }
    time = remembered
    aheadFor = .zero
  }

  /// Updates the time from the wall clock.
  ///
  /// - Parameter elapsed: the time since the last update, by a clock that never jumps.
  package mutating func look(wall: Timestamp, elapsed: Duration) {
    let expected = time.advanced(by: max(.zero, elapsed))
    guard wall.since(expected) > Self.tolerance else {
      (time, aheadFor) = (wall, nil)
      return
    }
    let ahead = (aheadFor ?? .zero) + max(.zero, elapsed)
    (time, aheadFor) = ahead >= Self.patience ? (wall, nil) : (expected, ahead)
  }
}

/// The time for ages: how long a mail waits, how long something is kept. It goes where the wall clock goes, but a jump
/// ahead counts only once it has lasted: a clock that is days ahead for some seconds must neither bounce what waits nor
/// erase what is kept. A jump back is followed at once; nothing gets older by it.
package struct SeenTime: Hashable, Sendable {
  /// How far the wall clock may get ahead of what was seen to pass: clocks are corrected by seconds.
  package static let tolerance = Duration.seconds(60)
  /// How long a jump has to last.
  package static let patience = Duration.seconds(3600)
  /// How long a relay may have been down for its clock to be believed at the start.
  package static let longestDown = Duration.seconds(2 * 86_400)

  package private(set) var time: Timestamp
  /// How long the wall clock has been ahead; nil: it is not.
  private var aheadFor: Duration?

  /// - Parameter remembered: what it was when the relay ran last; nil: not known.
  package init(remembered: Timestamp?, wall: Timestamp) {
    guard let remembered, wall.since(remembered) > Self.longestDown else {
      time = wall
      return
    }
    time = remembered
    aheadFor = .zero
  }

  /// One more look at the clock.
  ///
  /// - Parameter elapsed: since the last one, by a clock that never jumps.
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

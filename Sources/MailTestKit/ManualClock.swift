package import DedupCore
import Synchronization

/// A clock that stands still until the test moves it: a wall clock, and beside it the time since the clock was made.
///
/// Code that takes a clock gets a closure: `now: { clock.now }` for a point in time, `clock: { clock.elapsed }` for a
/// monotonic reading.
package final class ManualClock: Sendable {
  private let time: Mutex<(now: Timestamp, elapsed: Duration)>

  package init(_ start: Timestamp = Timestamp(seconds: 0)) { time = Mutex((start, .zero)) }

  /// The time of the wall clock.
  package var now: Timestamp { time.withLock { $0.now } }

  /// The time that has passed since the clock was made; setting the wall clock does not change it.
  package var elapsed: Duration { time.withLock { $0.elapsed } }

  /// Lets time pass, for both readings.
  package func advance(by duration: Duration) {
    time.withLock { $0 = ($0.now.advanced(by: duration), $0.elapsed + duration) }
  }

  /// Sets the wall clock, forwards or back, without time passing.
  package func set(to now: Timestamp) { time.withLock { $0.now = now } }
}

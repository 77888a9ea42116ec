import DedupCore

/// A circuit breaker: after a failure the engine is left alone for a while, and then one mail tries, so that an engine
/// that hangs costs one mail the patience now and then, and not each.
struct Breaker: Hashable, Sendable {
  private static let backOff = BackOff(shortest: .seconds(1), longest: .seconds(15))
  private var failures = 0
  /// The time until which nothing is asked; nil while all is well.
  private var restsUntil: Duration?
  private var isTried = false

  init() {}

  /// Returns true if the engine may be asked now; after a failure only the first caller may.
  mutating func admits(at now: Duration) -> Bool {
    guard let until = restsUntil else { return true }
    guard now >= until, !isTried else { return false }
    isTried = true
    return true
  }

  mutating func failed(at now: Duration) {
    // Failures of what was under way at the first one do not count.
    guard restsUntil == nil || isTried else { return }
    failures = min(failures + 1, 20)
    (restsUntil, isTried) = (now + Self.backOff.wait(after: failures), false)
  }

  mutating func succeeded() { self = Breaker() }

  /// True if the engine is left alone, or only one mail tries it.
  var isOpen: Bool { restsUntil != nil }
}

/// How many mails of each error came within the last minute, from counts that are looked at now and then.
///
/// Until a minute has been looked at, those that came before the first look do not count: so a view does not show two
/// seconds times thirty, and none where none came.
struct ArrivalRate {
  private struct Look {
    let at: Double
    let totals: [String: Int]
  }

  private static let minute = 60.0
  /// The oldest is the latest that is a minute old, if there is one.
  private var looks: [Look] = []

  /// - Parameter now: seconds on a clock that does not jump.
  mutating func look(at now: Double, _ totals: [String: Int]) {
    looks.append(Look(at: now, totals: totals))
    while looks.count > 2, now - looks[1].at >= Self.minute { looks.removeFirst() }
  }

  /// Mails within the minute before the latest look; nil: there was none before that one.
  ///
  /// - Parameter most: there cannot be more of them; for errors that the first look did not have.
  func perMinute(_ name: String, most: Int) -> Double? {
    guard let first = looks.first, let last = looks.last, last.at > first.at, let total = last.totals[name] else {
      return nil
    }
    let came = Double(min(most, max(0, total - (first.totals[name] ?? 0))))
    let looked = last.at - first.at
    return looked <= Self.minute ? came : came * Self.minute / looked
  }
}

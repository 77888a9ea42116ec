/// The number of mails of each error within the last minute, from counts that are read now and then.
///
/// During the first minute, only the mails since the first look count. So a view neither extrapolates two seconds times
/// thirty, nor shows mails where none came.
struct ArrivalRate {
  private struct Look {
    let at: Double
    let totals: [String: Int]
  }

  private static let minute = 60.0
  /// The looks, oldest first. The first one is the latest that is at least a minute old, if there is one.
  private var looks: [Look] = []

  /// Takes the total counts of mails by error.
  ///
  /// - Parameter now: Seconds on a clock that does not jump.
  mutating func look(at now: Double, _ totals: [String: Int]) {
    looks.append(Look(at: now, totals: totals))
    while looks.count > 2, now - looks[1].at >= Self.minute { looks.removeFirst() }
  }

  /// Returns the number of mails within the minute before the latest look, or nil if there was no earlier look.
  ///
  /// - Parameter most: An upper bound, for errors that the first look did not have.
  func perMinute(_ name: String, most: Int) -> Double? {
    guard let first = looks.first, let last = looks.last, last.at > first.at, let total = last.totals[name] else {
      return nil
    }
    let came = Double(min(most, max(0, total - (first.totals[name] ?? 0))))
    let looked = last.at - first.at
    return looked <= Self.minute ? came : came * Self.minute / looked
  }
}
